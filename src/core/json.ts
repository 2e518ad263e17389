/** JSON values: their types, their canonical text, and their hash. */
import { hash } from 'node:crypto';

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: Json;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Canonical texts by object. */
type ReadonlyTexts = Pick<WeakMap<object, string>, 'get'>;

/**
 * The text of a value with sorted keys and without white space: equal values have equal texts.
 *
 * @param known texts of objects inside it that were computed before
 * @throws TypeError for a number that JSON cannot write (NaN, an infinity)
 */
export function canonicalJson(value: Json, known?: ReadonlyTexts): string {
  if (typeof value === 'number' && !Number.isFinite(value))
    throw new TypeError(`${value} is not a JSON number`);
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item, known)).join(',')}]`;
  if (isJsonObject(value)) {
    const before = known?.get(value);
    if (before !== undefined) return before;
    // Appending to one string: a sweep writes thousands of these, and joining lists of parts takes twice as long.
    let text = '';
    for (const key of Object.keys(value).sort()) {
      const member = value[key];
      if (member !== undefined)
        text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${canonicalJson(member, known)}`;
    }
    return `{${text}}`;
  }
  return JSON.stringify(value);
}

/** SHA-256 in lower-case hexadecimal. */
export function sha256(data: string | Uint8Array): string {
  return hash('sha256', data, 'hex');
}
