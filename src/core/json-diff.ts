/** Why a stage runs: the differences between the key of the last run and the current key. */
import { canonicalJson, isJsonObject, type Json, type JsonObject } from './json.ts';

export interface KeyChange {
  /** Path inside the key: `['settings', 'encoder', 3, 'Dense', 'units']`. */
  readonly path: readonly (string | number)[];
  readonly before?: Json;
  readonly after?: Json;
}

/** All differences between two values, each at the deepest path; lists are compared item by item. */
export function differences(
  before: Json | undefined,
  after: Json | undefined,
  path: readonly (string | number)[] = [],
): readonly KeyChange[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined || after === undefined) return [change(path, before, after)];
  if (Array.isArray(before) && Array.isArray(after)) {
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
      differences(before[index], after[index], [...path, index]),
    ).flat();
  }
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
    return [...keys].flatMap((key) => differences(own(before, key), own(after, key), [...path, key]));
  }
  return canonicalJson(before) === canonicalJson(after) ? [] : [change(path, before, after)];
}

function change(
  path: readonly (string | number)[],
  before: Json | undefined,
  after: Json | undefined,
): KeyChange {
  return { path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) };
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** `encoder[3].Dense.units` */
export function formatPath(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}
