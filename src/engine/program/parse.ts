/** Reads the text that `print.ts` writes: for tests of passes, and to try a program by hand. */
import { ProgramBuilder } from './builder.ts';
import { attributeForms, isOpName } from './instructions.ts';
import type { Attributes, OpName, Program, Update, Value } from './program.ts';
import {
  elementsOf,
  isDType,
  ProgramError,
  sameType,
  typeText,
  type AttributeKind,
  type Elements,
  type Type,
} from './types.ts';

/**
 * @throws ProgramError with the number of the line
 */
export function parseProgram(text: string): Program {
  const lines = text
    .split('\n')
    .map((line, index) => ({ text: line.replace(/\s+#.*$/, '').trim(), number: index + 1 }))
    .filter((line) => line.text !== '' && !line.text.startsWith('#'));
  const reader = new Reader(lines);
  const program = reader.program();
  reader.end();
  return program;
}

interface Line {
  readonly text: string;
  readonly number: number;
}

/** Reads lines up to a closing parenthesis, or to the end. */
class Reader {
  readonly #lines: readonly Line[];
  #at = 0;

  constructor(lines: readonly Line[]) {
    this.#lines = lines;
  }

  program(): Program {
    const builder = new ProgramBuilder();
    const values = new Map<string, Value>();
    const results: Value[] = [];
    const updates: Update[] = [];
    const valueOf = (name: string): Value => {
      const known = values.get(name) ?? scalarOf(builder, name);
      if (known === undefined) throw new ProgramError(`\`${name}\` is used before it is computed`);
      return known;
    };
    for (
      let line = this.#lines[this.#at];
      line !== undefined && line.text !== ')';
      line = this.#lines[this.#at]
    ) {
      this.#at += 1;
      try {
        const [word = '', rest = ''] = splitOnce(line.text, ' ');
        if (word === 'input' || word === 'variable') {
          const [name, type] = named(rest);
          values.set(name, builder.parameter(word, name, type));
        } else if (word === 'return') {
          results.push(...splitTop(rest).map(valueOf));
        } else if (word === 'update') {
          const [variable, value] = splitOnce(rest, ' = ');
          updates.push({ variable: valueOf(variable), value: valueOf(value) });
        } else {
          this.#instruction(builder, line.text, values, valueOf);
        }
      } catch (error) {
        if (!(error instanceof ProgramError) || error.message.startsWith('line ')) throw error;
        throw new ProgramError(`line ${line.number}: ${error.message}`);
      }
    }
    return builder.finish(results, updates);
  }

  end(): void {
    const line = this.#lines[this.#at];
    if (line !== undefined) throw new ProgramError(`line ${line.number}: a parenthesis closes nothing`);
  }

  #instruction(
    builder: ProgramBuilder,
    text: string,
    values: Map<string, Value>,
    valueOf: (name: string) => Value,
  ): void {
    const [left, right] = splitOnce(text, ' = ');
    const hasBody = right.endsWith(' (');
    const [call, given] = splitOnce(hasBody ? right.slice(0, -2) : right, ' {');
    const [op, operands] = splitOnce(call, ' ');
    if (!isOpName(op)) throw new ProgramError(`there is no instruction \`${op}\``);
    const declared = splitTop(left).map(named);
    const attributes = readAttributes(op, given.replace(/\}$/, ''), declared[0]?.[1]);
    if (hasBody) {
      attributes['body'] = this.program();
      if (this.#lines[this.#at]?.text !== ')') throw new ProgramError('the body is not closed');
      this.#at += 1;
    }
    const results = builder.addAll(op, splitTop(operands).map(valueOf), attributes as Attributes[OpName]);
    if (declared.length !== results.length) throw new ProgramError(`${op} has ${results.length} results`);
    results.forEach((value, index) => {
      const [name = '', type = value.type] = declared[index] ?? [];
      if (!sameType(type, value.type)) throw new ProgramError(`${name} is ${typeText(value.type)}`);
      values.set(name, value);
    });
  }
}

/** `name: dtype[lengths]`. */
function named(text: string): readonly [string, Type] {
  const [, name = '', dtype = '', lengths = ''] = /^(.*): (\w+)\[([\d, ]*)\]$/.exec(text) ?? [];
  if (!isDType(dtype)) throw new ProgramError(`\`${text}\` is not a value with a type`);
  return [name, { dtype, shape: lengths === '' ? [] : lengths.split(',').map(Number) }];
}

function scalarOf(builder: ProgramBuilder, text: string): Value | undefined {
  if (text === 'true' || text === 'false') return builder.scalar(Number(text === 'true'), 'bool');
  const [number, dtype] = splitOnce(text, ':');
  if (!isNumber(number) || (dtype !== '' && !isDType(dtype))) return undefined;
  return builder.scalar(Number(number), dtype === '' ? 'float32' : dtype);
}

function isNumber(text: string): boolean {
  return text === 'NaN' || (text !== '' && !Number.isNaN(Number(text)));
}

/** @param type of the first result; some attributes are part of it */
function readAttributes(op: OpName, text: string, type: Type | undefined): Record<string, unknown> {
  const forms = attributeForms(op);
  const attributes: Record<string, unknown> = {};
  for (const part of splitTop(text)) {
    const [name, value] = splitOnce(part, ': ');
    const form = forms.get(name);
    if (form === undefined) throw new ProgramError(`${op} has no attribute \`${name}\``);
    attributes[name] = readValue(form.kind, value);
  }
  for (const [name, { kind, inType, ...form }] of forms) {
    if (kind === 'program' || name in attributes) continue;
    const known = inType === undefined ? form.default : type?.[inType];
    if (known === undefined) throw new ProgramError(`${op} lacks its attribute \`${name}\``);
    attributes[name] = known;
  }
  if (op === 'constant') attributes['elements'] = asElements(attributes);
  return attributes;
}

function readValue(kind: AttributeKind, text: string): unknown {
  switch (kind) {
    case 'boolean':
      if (text !== 'true' && text !== 'false')
        throw new ProgramError(`\`${text}\` is neither true nor false`);
      return text === 'true';
    case 'integer':
    case 'number':
      return readNumber(text);
    case 'integers':
    case 'elements':
      return list(text).map(readNumber);
    case 'pair':
      return isNumber(text) ? [Number(text), Number(text)] : list(text).map(readNumber);
    case 'pairs':
      return list(text).map((pair) => list(pair).map(readNumber));
    case 'words':
      return list(text);
    case 'word':
    case 'program':
      return text;
  }
}

function asElements({ dtype, shape, elements }: Record<string, unknown>): Elements {
  const numbers = elements as readonly number[];
  if (typeof dtype !== 'string' || !isDType(dtype))
    throw new ProgramError(`there is no type \`${String(dtype)}\``);
  const array = elementsOf({ dtype, shape: shape as readonly number[] });
  if (array.length !== numbers.length)
    throw new ProgramError(`${numbers.length} elements do not fill the shape`);
  array.set(numbers);
  return array;
}

function readNumber(text: string): number {
  if (!isNumber(text)) throw new ProgramError(`\`${text}\` is not a number`);
  return Number(text);
}

/** The items of `[a, b]`. */
function list(text: string): readonly string[] {
  if (!text.startsWith('[') || !text.endsWith(']')) throw new ProgramError(`\`${text}\` is not a list`);
  return splitTop(text.slice(1, -1));
}

/** Splits at commas outside of brackets. */
function splitTop(text: string): readonly string[] {
  const parts: string[] = [];
  let depth = 0;
  let start = 0;
  for (let at = 0; at <= text.length; at++) {
    const letter = text[at];
    if (letter === '[') depth += 1;
    if (letter === ']') depth -= 1;
    if (at < text.length && (letter !== ',' || depth > 0)) continue;
    parts.push(text.slice(start, at).trim());
    start = at + 1;
  }
  return parts.filter((part) => part !== '');
}

/** The text before and after the first separator. */
function splitOnce(text: string, separator: string): readonly [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}
