/** Examples of settings from their schema, for the reference and for editor snippets. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { isList, listAt, objectAt, requiredOf, resolveReference, stringAt, typesOf } from './view.ts';

/**
 * A map with a valid value for each key: its only value, its first example, its default, its first choice, or
 * the smallest that its type allows.
 *
 * @param schema of a map, without conditions (one variant)
 * @param root the schema to which references without a file refer
 * @param keys the required keys; or these and all for which the schema has an example
 */
export function exampleOf(
  schema: JsonObject,
  root: JsonObject,
  keys: 'required' | 'with examples' = 'required',
): JsonObject {
  const required = requiredOf(schema);
  return Object.fromEntries(
    Object.entries(objectAt(schema, 'properties')).flatMap(([name, property]) => {
      if (!isJsonObject(property)) return [];
      const merged: JsonObject = { ...resolveReference(property, root)[0], ...property };
      const isWanted = required.has(name) || (keys === 'with examples' && 'examples' in merged);
      return isWanted ? [[name, exampleValue(merged)]] : [];
    }),
  );
}

function exampleValue(schema: JsonObject): Json {
  const candidates = [
    schema['const'],
    listAt(schema, 'examples')[0],
    schema['default'],
    listAt(schema, 'enum')[0],
  ];
  return candidates.find((value) => value !== undefined) ?? least(schema);
}

function least(schema: JsonObject): Json {
  switch (typesOf(schema)[0]) {
    case 'boolean':
      return true;
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1;
    case 'array':
      return [];
    case 'object':
      return {};
    default:
      return stringAt(schema, 'title') ?? '…';
  }
}

/** A value on one line of YAML: `[28, 28, 1]`, `{ units: 16 }`. */
export function flowText(value: Json): string {
  if (isList(value)) return `[${value.map(flowText).join(', ')}]`;
  if (isJsonObject(value)) {
    const members = Object.entries(value).map(([key, member]) => `${flowText(key)}: ${flowText(member)}`);
    return members.length === 0 ? '{}' : `{ ${members.join(', ')} }`;
  }
  return typeof value === 'string' && PLAIN.test(value) && !WORDS.has(value) ? value : JSON.stringify(value);
}

/** True for a list of layers, which is written with one line per layer. */
export function isStack(value: Json): value is readonly Json[] {
  return isList(value) && value.some(isJsonObject);
}

/** An item of a list on its own line, where a map needs no braces: `Dense: { units: 16 }`. */
export function itemText(value: Json): string {
  return isJsonObject(value) ? flowText(value).replace(/^\{ (.*) \}$/, '$1') : flowText(value);
}

/** Texts that need no quotes in YAML. */
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*$/;
const WORDS: ReadonlySet<string> = new Set([
  'true',
  'false',
  'null',
  'True',
  'False',
  'Null',
  'TRUE',
  'FALSE',
  'NULL',
]);
