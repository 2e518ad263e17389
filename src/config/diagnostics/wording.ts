/** Values, keys and types, as messages show them. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { printable as printableLine } from '../../core/text.ts';
import { objectAt, typesOf } from '../../schema/view.ts';
import type { DocumentPath } from '../pipeline.ts';

const LONGEST = 60;

/** A name from the user's text for a message: `in backticks`, on one line, without characters that could control a terminal. */
export function backticked(text: string): string {
  return `\`${printable(text)}\``;
}

/** A text on one line, cut if it is long. */
export function printable(text: string): string {
  return printableLine(text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text);
}

/**
 * The last key of a path, with the list positions after it: `kernel_size[1]`, `encoder[3]`.
 *
 * @param whole the name of the whole document
 */
export function nameOf(path: DocumentPath, whole = 'the pipeline'): string {
  const key = path.findLastIndex((segment) => typeof segment === 'string');
  const name = path[key];
  const indexes = path.slice(key + 1).map((index) => `[${index}]`);
  return name === undefined ? whole : backticked(`${name}${indexes.join('')}`);
}

/** A value, as shown after "this is": `the text "sixteen"`, `a list`, `empty`. */
export function describe(value: Json): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (isJsonObject(value)) return Object.keys(value).length === 0 ? 'an empty map' : 'a map';
  if (typeof value === 'string') return value === '' ? 'an empty text' : `the string ${quoted(value)}`;
  return typeof value === 'number' ? `the number ${value}` : backticked(String(value));
}

/** A scalar as YAML. */
export function quoted(value: Json): string {
  return typeof value === 'string' ? `"${printable(value)}"` : printable(JSON.stringify(value));
}

/** `a`, `a or b`, `a, b or c`. */
export function joinOr(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function joinAnd(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** `a` -> `b` -> `a` */
export function joinArrows(names: readonly string[]): string {
  return names.map(backticked).join(' -> ');
}

/** The types that a schema accepts: `an integer or a list of 2 integers`. */
export function typeWords(schema: JsonObject): string {
  const types = typesOf(schema);
  // `null` switches a setting off: only named if it is the only type.
  const named = types.length > 1 ? types.filter((type) => type !== 'null') : types;
  return joinOr(named.map((type) => (type === 'array' ? listWords(schema) : (TYPE_WORDS[type] ?? type))));
}

function listWords(schema: JsonObject): string {
  const types = typesOf(objectAt(schema, 'items')).map((type) => PLURALS[type] ?? type);
  const count = schema['minItems'] === schema['maxItems'] ? schema['minItems'] : undefined;
  return [
    'a list',
    ...(types.length === 0 ? [] : [`of${count === undefined ? '' : ` ${String(count)}`} ${joinOr(types)}`]),
  ].join(' ');
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  integer: 'an integer',
  number: 'a number',
  boolean: '`true` or `false`',
  object: 'a map',
  null: '`null`',
};

const PLURALS: Readonly<Record<string, string>> = {
  string: 'texts',
  integer: 'integers',
  number: 'numbers',
  boolean: '`true` or `false`',
  object: 'maps',
  array: 'lists',
  null: '`null`',
};
