/**
 * Programs as text, a line for each instruction:
 *
 *     input x: float32[32, 784]
 *     variable dense/kernel: float32[784, 512]
 *     %0: float32[32, 512] = matmul x, dense/kernel
 *     %1: float32[512] = reduce_sum %0 {axes: [0]}
 *     %2: float32[512] = mul %1, 0.5
 *     return %2
 *     update dense/kernel = %7
 *
 * Each value has its name, its type, and the instruction that makes it. Attributes appear in braces, except those with their
 * default value and those that the type of the result shows, such as the shape of `reshape`. Two equal numbers are written as
 * one: `strides: 2` is `[2, 2]`. Scalar constants are written where they are used: `0.5` is float32, `3:int32` an integer,
 * `true` a bool. A body is written between parentheses, indented; its values are `a`, `b`, …, parameters first.
 */
import { bodyName } from './body-names.ts';
import { attributeForms } from './instructions.ts';
import { GRADIENT_FACTORS, type Instruction, type Program, type Value } from './program.ts';
import { typeText, type AttributeKind, type DType, type Elements, type Type } from './types.ts';
import type { Pair } from './windows.ts';

/** How a text is shortened for people. A shortened text cannot be parsed. */
export interface PrintOptions {
  /** The most elements of a constant that are written; for larger ones, the text has only their number. */
  readonly elements?: number;
  /** Whether a body that differs from an earlier one only in its shapes is replaced by a reference to it. */
  readonly bodiesOnce?: boolean;
}

/** The types of values, written after their names. */
const TYPES = /(: \w+)\[[\d, ]*\]/g;

export interface ProgramLine {
  readonly text: string;
  /** The instruction of the program, or of a body, that begins on this line. */
  readonly instruction?: Instruction;
  /** For a parameter of a body: the operand that it stands for. */
  readonly operand?: string;
}

export function printProgram(program: Program, options: PrintOptions = {}): string {
  return `${programLines(program, options)
    .map(({ text }) => text)
    .join('\n')}\n`;
}

export function programLines(program: Program, options: PrintOptions = {}): readonly ProgramLine[] {
  return linesOf(program, options, numbers());
}

/** @param fresh names for values */
function linesOf(
  program: Program,
  options: PrintOptions,
  fresh: Iterator<string, never>,
): readonly ProgramLine[] {
  const names = namesOf(program, fresh);
  const nameOf = (value: Value): string => {
    const name = names.get(value);
    if (name === undefined) throw new TypeError('a value is read that nothing makes');
    return name;
  };
  const lines: ProgramLine[] = program.parameters.map(({ kind, name, value }) => ({
    text: `${kind} ${name}: ${typeText(value.type)}`,
  }));
  const bodies = new Map<string, string>();
  for (const instruction of program.instructions) {
    if (isScalar(instruction)) continue;
    const { op, operands, results } = instruction;
    const made = results.map((value) => `${nameOf(value)}: ${typeText(value.type)}`).join(', ');
    const [attributes, body] = attributesText(instruction, options);
    const parts = [op, operands.map(nameOf).join(', '), attributes].filter((part) => part !== '');
    const text = `${made} = ${parts.join(' ')}`;
    if (body === undefined) {
      lines.push({ text, instruction });
      continue;
    }
    const form = body.map((line) => line.text.replaceAll(TYPES, '$1')).join('\n');
    const earlier = bodies.get(form);
    if (options.bodiesOnce === true && earlier !== undefined) {
      lines.push({ text: `${text} (as in ${earlier})`, instruction });
      continue;
    }
    bodies.set(form, results[0] === undefined ? '' : nameOf(results[0]));
    lines.push(
      { text: `${text} (`, instruction },
      ...body.map((line, at) => ({ ...line, text: `  ${line.text}`, ...operandAt(instruction, at, nameOf) })),
      { text: ')' },
    );
  }
  if (program.results.length > 0) lines.push({ text: `return ${program.results.map(nameOf).join(', ')}` });
  return [
    ...lines,
    ...program.updates.map(({ variable, value }) => ({
      text: `update ${nameOf(variable)} = ${nameOf(value)}`,
    })),
  ];
}

/** The operand that the parameter on a line of a body stands for. */
function operandAt(
  instruction: Instruction,
  line: number,
  nameOf: (value: Value) => string,
): Pick<ProgramLine, 'operand'> {
  if (instruction.op !== 'fused' && instruction.op !== 'fused_update') return {};
  const { operands, attributes } = instruction;
  if (line >= attributes.body.parameters.length) return {};
  // A computed gradient takes one or two operands, and is the first parameter.
  const factors = 'gradient' in attributes ? GRADIENT_FACTORS[attributes.gradient] : 0;
  const given = operands.slice(0, factors).map(nameOf).join(', ');
  if (factors > 0 && line === 0) return { operand: `the gradient, of ${given}` };
  const operand = operands[factors === 0 ? line : line - 1 + factors];
  return operand === undefined ? {} : { operand: nameOf(operand) };
}

/** Parameters keep their names, scalars are written as numbers; other values get the next fresh names that no parameter has. */
function namesOf(
  { parameters, instructions }: Program,
  fresh: Iterator<string, never>,
): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>(parameters.map(({ name, value }) => [value, name]));
  const taken = new Set(names.values());
  const next = (): string => {
    const { value } = fresh.next();
    return taken.has(value) ? next() : value;
  };
  for (const instruction of instructions)
    for (const value of instruction.results)
      names.set(value, isScalar(instruction) ? scalarText(instruction.attributes) : next());
  return names;
}

function* numbers(): Generator<string, never> {
  for (let index = 0; ; index++) yield `%${index}`;
}

function* letters(): Generator<string, never> {
  for (let index = 0; ; index++) yield bodyName(index);
}

type Constant = Extract<Instruction, { op: 'constant' }>;

function isScalar(instruction: Instruction): instruction is Constant {
  return instruction.op === 'constant' && instruction.attributes.shape.length === 0;
}

function scalarText({ dtype, elements }: Constant['attributes']): string {
  if (dtype === 'bool') return String(elements[0] === 1);
  const text = numberText(elements[0] ?? 0, dtype);
  return dtype === 'float32' ? text : `${text}:${dtype}`;
}

/** The shortest decimal that is read back as the same number. */
export function numberText(value: number, dtype: DType): string {
  if (Object.is(value, -0)) return '-0';
  if (dtype !== 'float32' || !Number.isFinite(value)) return String(value);
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === Math.fround(value)) return String(short);
  }
  return String(Number(value.toPrecision(9)));
}

function attributesText(
  { op, attributes, results }: Instruction,
  options: PrintOptions,
): readonly [string, readonly ProgramLine[] | undefined] {
  const texts: string[] = [];
  let body: readonly ProgramLine[] | undefined;
  const values: Readonly<Record<string, unknown>> = { ...attributes };
  const type: Partial<Type> = results[0]?.type ?? {};
  for (const [name, { kind, inType, ...form }] of attributeForms(op)) {
    const value = values[name];
    const known = inType === undefined ? form.default : type[inType];
    if (kind === 'program') body = linesOf(value as Program, options, letters());
    else if (!isSame(value, known)) texts.push(`${name}: ${valueText(kind, value, options)}`);
  }
  return [texts.length === 0 ? '' : `{${texts.join(', ')}}`, body];
}

/** Compares numbers, words and lists of them. */
function isSame(one: unknown, other: unknown): boolean {
  return Array.isArray(one) && Array.isArray(other)
    ? one.length === other.length && one.every((item, index) => isSame(item, other[index]))
    : Object.is(one, other);
}

function valueText(
  kind: AttributeKind,
  value: unknown,
  { elements: most = Number.POSITIVE_INFINITY }: PrintOptions,
): string {
  if (kind === 'number') return numberText(value as number, 'float32');
  if (kind === 'pair') return pairText(value as Pair);
  if (kind !== 'elements') return listText(value);
  const elements = value as Elements;
  if (elements.length > most) return `<${elements.length} numbers>`;
  const dtype = elements instanceof Float32Array ? 'float32' : 'int32';
  return `[${Array.from(elements, (element) => numberText(element, dtype)).join(', ')}]`;
}

/** Two equal numbers are written as one. */
function pairText(pair: Pair): string {
  return pair[0] === pair[1] ? String(pair[0]) : listText(pair);
}

function listText(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(listText).join(', ')}]` : String(value);
}
