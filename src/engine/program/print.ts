/**
 * Programs as text, a line for each instruction:
 *
 *     input x: float32[32, 784]
 *     variable dense/kernel: float32[784, 512]
 *     %0: float32[32, 512] = matmul x, dense/kernel {transpose_a: false, transpose_b: false, epilogue: []}
 *     %1: float32[32, 512] = mul %0, 0.5
 *     return %1
 *     update dense/kernel = %7
 *
 * Scalar constants stand where they are used: `0.5` is float32, `3:int32`, `1:bool`. A body is written between braces, indented.
 */
import { attributeKinds } from './instructions.ts';
import { type Instruction, type Program, type Value } from './program.ts';
import { typeText, type AttributeKind, type DType, type Elements } from './types.ts';

export interface PrintOptions {
  /** Elements of a constant that are written; more are told by their number, and such a text cannot be read back. */
  readonly elements?: number;
  /** What stands behind an instruction, such as its cost. */
  readonly note?: (instruction: Instruction) => string;
}

export function printProgram(program: Program, options: PrintOptions = {}): string {
  return `${linesOf(program, options).join('\n')}\n`;
}

function linesOf(program: Program, options: PrintOptions): string[] {
  const names = namesOf(program);
  const nameOf = (value: Value): string => names.get(value) ?? '?';
  const lines = program.parameters.map(({ kind, name, value }) => `${kind} ${name}: ${typeText(value.type)}`);
  for (const instruction of program.instructions) {
    if (isScalar(instruction)) continue;
    const { op, operands, results } = instruction;
    const made = results.map((value) => `${nameOf(value)}: ${typeText(value.type)}`).join(', ');
    const [attributes, body] = attributesText(instruction, options);
    const parts = [op, operands.map(nameOf).join(', '), attributes].filter((part) => part !== '');
    const note = options.note?.(instruction) ?? '';
    const end = note === '' ? '' : `  # ${note}`;
    if (body === undefined) lines.push(`${made} = ${parts.join(' ')}${end}`);
    else lines.push(`${made} = ${parts.join(' ')} (${end}`, ...body.map((line) => `  ${line}`), ')');
  }
  if (program.results.length > 0) lines.push(`return ${program.results.map(nameOf).join(', ')}`);
  return [
    ...lines,
    ...program.updates.map(({ variable, value }) => `update ${nameOf(variable)} = ${nameOf(value)}`),
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
  { op, attributes }: Instruction,
  options: PrintOptions,
): readonly [string, readonly string[] | undefined] {
  const texts: string[] = [];
  let body: readonly string[] | undefined;
  const values: Readonly<Record<string, unknown>> = { ...attributes };
  for (const [name, kind] of Object.entries(attributeKinds(op))) {
    const value = values[name];
    if (kind === 'program') body = linesOf(value as Program, options);
    else texts.push(`${name}: ${valueText(kind, value, options)}`);
  }
  return [texts.length === 0 ? '' : `{${texts.join(', ')}}`, body];
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
