/** Reads untrusted JSON, and accepts it only if all parsers read it the same way. */
import { isJsonObject, type Json } from '../core/json.ts';
import { LIMITS } from './limits.ts';

/** @returns undefined for invalid JSON, too deep nesting, and duplicate keys in an object, which parsers treat differently */
export function parseJson(bytes: Buffer): Json | undefined {
  const text = bytes.toString('utf8');
  if (isDeep(text)) return undefined;
  try {
    const value = JSON.parse(text) as Json;
    return keysIn(text) === keysOf(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Number of keys in a JSON text, including duplicates. */
function keysIn(text: string): number {
  let count = 0;
  for (const [, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"([ \t\r\n]*:)?/g))
    if (colon !== undefined) count += 1;
  return count;
}

/** Number of keys in the objects of a value. */
function keysOf(value: Json): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item: Json) => sum + keysOf(item), 0);
  if (!isJsonObject(value)) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + 1 + keysOf(item), 0);
}

/** Whether a JSON text is nested more deeply than any of ours, since parsing may recurse. Looks at each character once. */
export function isDeep(text: string): boolean {
  let depth = 0;
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (isQuoted) {
      if (character === '\\') index += 1;
      else if (character === '"') isQuoted = false;
    } else if (character === '"') isQuoted = true;
    else if (character === '[' || character === '{') depth += 1;
    else if (character === ']' || character === '}') depth -= 1;
    if (depth > LIMITS.depth) return true;
  }
  return false;
}
