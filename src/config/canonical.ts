/** One spelling of each value: settings that mean the same are the same, whatever they were written as. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { objectAt } from '../schema/view.ts';
import { replaceAt, valueAt } from './paths.ts';
import type { Mark } from './validator.ts';

/** By the schema's word, how a value is written out in full; undefined where it is already. */
const SPELLINGS = {
  /** `Flatten`, `adam`: a map of one name to its arguments. */
  choice(value: Json, schema: JsonObject): Json | undefined {
    if (typeof value !== 'string') return undefined;
    const names = Object.keys(objectAt(schema, 'properties'));
    const name =
      names.find((each) => each === value) ??
      names.find((each) => each.toLowerCase() === value.toLowerCase());
    return name === undefined ? undefined : { [name]: {} };
  },
  /** One number for both directions. */
  pair: (value: Json): Json | undefined => (typeof value === 'number' ? [value, value] : undefined),
  /** [[top, bottom], [left, right]] */
  border(value: Json): Json | undefined {
    const sides: readonly Json[] = Array.isArray(value) ? value : [value, value];
    return sides.some((side) => typeof side === 'number')
      ? sides.map((side) => (typeof side === 'number' ? [side, side] : side))
      : undefined;
  },
  /** One number for each split. */
  splits: (value: Json): Json | undefined =>
    typeof value === 'number' ? { train: value, test: value } : undefined,
  /** The steps of a pooling window are as long as it, unless it has its own. */
  pooling(value: Json): Json | undefined {
    if (!isJsonObject(value) || value['strides'] !== null || !Array.isArray(value['pool_size']))
      return undefined;
    const size: readonly Json[] = value['pool_size'];
    return { ...value, strides: [...size] };
  },
};

function isSpelling(name: unknown): name is keyof typeof SPELLINGS {
  return typeof name === 'string' && Object.hasOwn(SPELLINGS, name);
}

/**
 * Writes values in the data out in full.
 *
 * @param marks of the data, with their paths in it
 * @returns whether anything changed: defaults may then be missing in what is new
 */
export function spellOut(data: JsonObject, marks: readonly Mark[]): boolean {
  let changed = false;
  for (const { keyword, schema, at } of marks) {
    const argument = schema[keyword];
    const value = keyword === 'canonical' ? valueAt(data, at) : undefined;
    const spelled =
      value === undefined || !isSpelling(argument) ? undefined : SPELLINGS[argument](value, schema);
    if (spelled === undefined) continue;
    replaceAt(data, at, spelled);
    changed = true;
  }
  return changed;
}
