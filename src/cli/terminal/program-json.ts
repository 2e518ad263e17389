/** Programs for `--json`. */
import type { Json, JsonObject } from '../../core/json.ts';
import { costOf } from '../../engine/program/cost.ts';
import { attributeForms } from '../../engine/program/instructions.ts';
import { numberText } from '../../engine/program/print.ts';
import type { Instruction, Program, Value } from '../../engine/program/program.ts';

/** The most elements of a constant in a document. */
const ELEMENTS = 64;

/**
 * A program as data. Values are numbered in the order of their creation, parameters first. An instruction refers to its
 * operands by these numbers.
 */
export function programToJson(
  program: Program,
  targetOf: (instruction: Instruction) => string | undefined,
): JsonObject {
  const numbers = new Map<Value, number>();
  const make = (value: Value): JsonObject => {
    const number = numbers.size;
    numbers.set(value, number);
    return { number, dtype: value.type.dtype, shape: [...value.type.shape] };
  };
  const numberOf = (value: Value): number => numbers.get(value) ?? -1;
  const parameters = program.parameters.map(({ kind, name, value }) => ({ kind, name, ...make(value) }));
  const instructions = program.instructions.map((instruction) => {
    const { op, operands, results } = instruction;
    const target = targetOf(instruction);
    return {
      op,
      operands: operands.map(numberOf),
      attributes: attributesToJson(instruction, targetOf),
      results: results.map(make),
      cost: { ...costOf(instruction) },
      ...(target === undefined ? {} : { target }),
    };
  });
  return {
    parameters,
    instructions,
    results: program.results.map(numberOf),
    updates: program.updates.map(({ variable, value }) => ({
      variable: numberOf(variable),
      value: numberOf(value),
    })),
  };
}

function attributesToJson(
  { op, attributes }: Instruction,
  targetOf: (instruction: Instruction) => string | undefined,
): JsonObject {
  const values: Readonly<Record<string, unknown>> = { ...attributes };
  const entries = [...attributeForms(op)].map(([name, { kind }]): readonly [string, Json] => {
    const value = values[name];
    if (kind === 'program') return [name, programToJson(value as Program, targetOf)];
    if (kind === 'elements') return [name, elementsToJson(value as Float32Array)];
    return [name, plain(value)];
  });
  return Object.fromEntries(entries);
}

/** All elements of a constant, or the first ones of a large constant. */
function elementsToJson(elements: Float32Array | Int32Array | Uint8Array): readonly Json[] {
  return Array.from(elements.subarray(0, ELEMENTS), plain);
}

/** JSON has neither NaN nor infinities: they are texts. */
function plain(value: unknown): Json {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'number') return typeof value === 'boolean' ? value : String(value);
  return Number.isFinite(value) ? value : numberText(value, 'float32');
}
