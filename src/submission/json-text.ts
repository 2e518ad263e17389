/** JSON of an archive, which may be anybody's: read only where every parser reads the same. */
import { isJsonObject, type Json } from '../core/json.ts';
import { LIMITS } from './limits.ts';

/** @returns undefined for what is no JSON, is nested too deeply, or has a key twice in one object, which parsers read differently */
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

/** How many keys a JSON text writes. */
function keysIn(text: string): number {
  let count = 0;
  for (const [, colon] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"([ \t\r\n]*:)?/g))
    if (colon !== undefined) count += 1;
  return count;
}

/** How many keys the objects of a value have. */
function keysOf(value: Json): number {
  if (Array.isArray(value)) return value.reduce((sum: number, item: Json) => sum + keysOf(item), 0);
  if (!isJsonObject(value)) return 0;
  return Object.values(value).reduce((sum: number, item) => sum + 1 + keysOf(item), 0);
}

/** Whether a JSON text has more brackets open at one time than any of ours: what follows may recurse. Looks at each character once. */
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
