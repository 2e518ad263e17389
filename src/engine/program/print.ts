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
 * A value has its name, its type, and the instruction that makes it. Attributes stand in braces, except for those with their
 * usual value and those that the type of the result shows, such as the shape of `reshape`. Scalar constants are written where
 * they are used: `0.5` is float32, `3:int32` an integer, `true` a bool. A body is written between parentheses, indented.
 */
import { attributeForms } from './instructions.ts';
import { type Instruction, type Program, type Value } from './program.ts';
import { typeText, type AttributeKind, type DType, type Elements, type Type } from './types.ts';

export interface PrintOptions {
  /** The most elements of a constant that are written; of more, only their number: such a text cannot be parsed. */
  readonly elements?: number;
}

export interface ProgramLine {
  readonly text: string;
  /** The instruction that begins on this line; of the program, or of a body. */
  readonly instruction?: Instruction;
}

export function printProgram(program: Program, options: PrintOptions = {}): string {
  return `${programLines(program, options)
    .map(({ text }) => text)
    .join('\n')}\n`;
}

export function programLines(program: Program, options: PrintOptions = {}): readonly ProgramLine[] {
  const names = namesOf(program);
  const nameOf = (value: Value): string => names.get(value) ?? '?';
  const lines: ProgramLine[] = program.parameters.map(({ kind, name, value }) => ({
    text: `${kind} ${name}: ${typeText(value.type)}`,
  }));
  for (const instruction of program.instructions) {
    if (isScalar(instruction)) continue;
    const { op, operands, results } = instruction;
    const made = results.map((value) => `${nameOf(value)}: ${typeText(value.type)}`).join(', ');
    const [attributes, body] = attributesText(instruction, options);
    const parts = [op, operands.map(nameOf).join(', '), attributes].filter((part) => part !== '');
    const text = `${made} = ${parts.join(' ')}`;
    if (body === undefined) lines.push({ text, instruction });
    else {
      const inner = body.map((line) => ({ ...line, text: `  ${line.text}` }));
      lines.push({ text: `${text} (`, instruction }, ...inner, { text: ')' });
    }
  }
  if (program.results.length > 0) lines.push({ text: `return ${program.results.map(nameOf).join(', ')}` });
  return [
    ...lines,
    ...program.updates.map(({ variable, value }) => ({
      text: `update ${nameOf(variable)} = ${nameOf(value)}`,
    })),
  ];
}

/** Parameters have their names, scalars their numbers; other values are numbered in order. */
function namesOf({ parameters, instructions }: Program): ReadonlyMap<Value, string> {
  const names = new Map<Value, string>(parameters.map(({ name, value }) => [value, name]));
  let next = 0;
  for (const instruction of instructions) {
    for (const value of instruction.results) {
      names.set(value, isScalar(instruction) ? scalarText(instruction.attributes) : `%${next++}`);
    }
  }
  return names;
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
    if (kind === 'program') body = programLines(value as Program, options);
    else if (!isSame(value, known)) texts.push(`${name}: ${valueText(kind, value, options)}`);
  }
  return [texts.length === 0 ? '' : `{${texts.join(', ')}}`, body];
}

/** Of numbers, words and lists of them. */
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
  if (kind !== 'elements') return listText(value);
  const elements = value as Elements;
  if (elements.length > most) return `<${elements.length} numbers>`;
  const dtype = elements instanceof Float32Array ? 'float32' : 'int32';
  return `[${Array.from(elements, (element) => numberText(element, dtype)).join(', ')}]`;
}

function listText(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(listText).join(', ')}]` : String(value);
}
