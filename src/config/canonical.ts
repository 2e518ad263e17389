/** One spelling of each value: settings with the same meaning are equal, however they are written. */
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import { nameOfInitializer } from '../schema/initializers.ts';
import { objectAt } from '../schema/view.ts';
import { replaceAt, valueAt } from './paths.ts';
import type { Mark } from './validator.ts';

/** By the schema's keyword, the full form of a value; undefined if it is already in full. */
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
  /** The name of an initializer, if it has the arguments of a name. */
  initializer: (value: Json): Json | undefined =>
    typeof value === 'string' ? undefined : nameOfInitializer(value),
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
  /** The strides of a pooling layer are its window, unless they are set. */
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
 * Expands values in the data to their full form.
 *
 * @param marks the marks of the data, with their paths
 * @returns whether anything changed: new values may then lack their defaults
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
