/**
 * Computes repeated instructions once: equal instructions with equal operands get one number, and the results of the second
 * are replaced by those of the first (value numbering: J. Cocke, J. T. Schwartz, "Programming Languages and Their Compilers",
 * 1970; G. A. Kildall, "A unified approach to global program optimization", POPL 1973). A step has many of them: each gradient
 * of tfjs recomputes what it needs from the forward pass.
 */
import { attributeForms } from '../instructions.ts';
import type { Instruction, OpName, Program, Value } from '../program.ts';
import { printProgram } from '../print.ts';
import type { AttributeKind, Elements } from '../types.ts';
import type { Pass } from './pass.ts';
import { rewrite } from './rewrite.ts';

export const commonSubexpressions: Pass = { name: 'common-subexpressions', run: once };

/** The order of their operands does not matter. `max` and `min` are not among them: of 0 and -0 they return the first. */
const COMMUTATIVE: ReadonlySet<OpName> = new Set(['add', 'mul', 'eq', 'ne', 'and', 'or']);

function once(program: Program): Program {
  const numbers = new Map<Value, number>();
  const known = new Map<string, readonly Value[]>();
  const numberOf = (value: Value): number => {
    const number = numbers.get(value) ?? numbers.size;
    numbers.set(value, number);
    return number;
  };
  return rewrite(program, (instruction, { builder, valueOf }) => {
    const { op, attributes } = instruction;
    const operands = instruction.operands.map(valueOf);
    const operandNumbers = operands.map(numberOf);
    if (COMMUTATIVE.has(op)) operandNumbers.sort((a, b) => a - b);
    const key = [op, operandNumbers.join(' '), ...attributeTexts(instruction)].join('|');
    const results = known.get(key) ?? builder.addAll(op, operands, attributes);
    known.set(key, results);
    return results;
  });
}

/** Equal for equal attributes, in any order. */
function attributeTexts({ op, attributes }: Instruction): readonly string[] {
  const values: Readonly<Record<string, unknown>> = { ...attributes };
  return [...attributeForms(op)].map(([name, { kind }]) => attributeText(kind, values[name]));
}

function attributeText(kind: AttributeKind, value: unknown): string {
  if (kind === 'program') return printProgram(value as Program);
  // As bytes, which distinguish 0 from -0.
  if (kind === 'elements') return bytesText(value as Elements);
  if (kind === 'number') return bytesText(Float32Array.of(value as number));
  return JSON.stringify(value);
}

function bytesText({ buffer, byteOffset, byteLength }: Elements): string {
  return Buffer.from(buffer, byteOffset, byteLength).toString('base64');
}
