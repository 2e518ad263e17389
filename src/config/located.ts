/** A YAML document as values with their places in the text. Immutable; parts may be shared. */
import { dirname, join, resolve } from 'node:path';
import type { SourceRange } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { DocumentPath, LocatedPart } from './pipeline.ts';

export type Scalar = null | boolean | number | string;

export type Located = LocatedScalar | LocatedList | LocatedMap;

interface Written {
  /** The place of the value. For a value from `${params.x}` or an alias: the place of that. */
  readonly range: SourceRange;
  /** For such a value: the place where it was written. */
  readonly origin?: Origin;
}

/** A second place of a diagnostic, such as the parameter from which a value came. */
export interface Origin {
  readonly message: string;
  readonly range: SourceRange;
}

export interface LocatedScalar extends Written {
  readonly kind: 'scalar';
  readonly value: Scalar;
  /** A number as written, if it would be shown differently: `1.10`. */
  readonly source?: string;
  /** True if the value could not be determined, which is already reported: nothing more is reported about it. */
  readonly broken?: boolean;
  /** True for an empty value: a key or a `- ` with nothing after it. */
  readonly unwritten?: boolean;
  /** True for a `null` that replaces a value: it removes the value, unless `null` is a valid value of the key. */
  readonly removes?: boolean;
  /** The source in which this text begins, if it is not the file of `range` but that of a parameter. */
  readonly writtenIn?: string;
}

export interface LocatedList extends Written {
  readonly kind: 'list';
  readonly items: readonly Located[];
}

export interface LocatedMap extends Written {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, LocatedEntry>;
}

export interface LocatedEntry {
  readonly keyRange: SourceRange;
  readonly value: Located;
}

/** The state of the document after each pass. */
export interface LocatedDocument<State extends 'merged' | 'overridden' | 'interpolated' | 'settled'> {
  readonly state: State;
  readonly root: LocatedMap;
}

/** Prefixes of the names of sources that are command-line arguments, not files. */
export const OVERRIDE_PREFIX = '-S ';
export const OVER_PREFIX = '--over ';
export const METRIC_PREFIX = '--metric ';

/** Whether a source is a command-line argument, by its name. */
export function isArgument(file: string): boolean {
  return [OVERRIDE_PREFIX, OVER_PREFIX, METRIC_PREFIX].some((prefix) => file.startsWith(prefix));
}

/** The source in which a text begins. */
export function sourceOf({ writtenIn, range }: LocatedScalar): string {
  return writtenIn ?? range.file;
}

/** Whether a text begins in a command-line argument. */
export function isFromOverride(scalar: LocatedScalar): boolean {
  return isArgument(sourceOf(scalar));
}

/** The full name of a source: an argument belongs to the working folder. */
export function absoluteSource(name: string): string {
  return isArgument(name) ? join(process.cwd(), 'override') : resolve(name);
}

/** Absolute path of the folder of the file in which a text begins; for an argument, the working folder. */
export function folderOf(scalar: LocatedScalar): string {
  return dirname(absoluteSource(sourceOf(scalar)));
}

/** A value that replaces another: an explicit `null` is marked as a removal. */
export function overValue(before: Located | undefined, value: Located): Located {
  if (before === undefined || value.kind !== 'scalar' || value.value !== null) return value;
  return value.broken === true || value.unwritten === true ? value : { ...value, removes: true };
}

/** The value at a path, with the place of its key if it has one; undefined if there is no value. */
export function find(
  root: Located,
  path: DocumentPath,
): { value: Located; keyRange?: SourceRange } | undefined {
  let place: { value: Located; keyRange?: SourceRange } = { value: root };
  for (const segment of path) {
    const { value } = place;
    if (value.kind === 'map') {
      const entry = value.entries.get(String(segment));
      if (entry === undefined) return undefined;
      place = entry;
    } else {
      const item = value.kind === 'list' ? value.items[Number(segment)] : undefined;
      if (item === undefined) return undefined;
      place = { value: item };
    }
  }
  return place;
}

/**
 * Where the value at a path, or its key, was written. A list item has no key: its value is used instead. For a path that
 * does not exist: the key of its nearest ancestor.
 */
export function locate(root: LocatedMap, path: DocumentPath, part: LocatedPart = 'value'): SourceRange {
  const place = find(root, path);
  if (place !== undefined && part === 'origin') return parameterRange(root, place.value) ?? place.value.range;
  if (place !== undefined && part === 'value') return place.value.range;
  if (place !== undefined) return place.keyRange ?? tidyRange(place.value);
  for (let length = path.length - 1; length >= 0; length -= 1) {
    const ancestor = find(root, path.slice(0, length));
    if (ancestor !== undefined) return ancestor.keyRange ?? tidyRange(ancestor.value);
  }
  return tidyRange(root);
}

/** Where the parameter is set, for a value that is a whole parameter; undefined for values that contain parameters. */
function parameterRange(root: LocatedMap, value: Located): SourceRange | undefined {
  const params = root.entries.get('params')?.value;
  if (value.kind !== 'scalar' || value.origin === undefined || params?.kind !== 'map') return undefined;
  const { range } = value.origin;
  const from = [...params.entries.values()].find((entry) => entry.value.range === range)?.value;
  return from?.kind === 'scalar' && from.value === value.value ? range : undefined;
}

/** A place to point at for a whole value: itself if it is on one line, otherwise the first key or item in it. */
export function tidyRange(value: Located): SourceRange {
  if (value.range.start.line === value.range.end.line) return value.range;
  if (value.kind === 'map') {
    for (const entry of value.entries.values())
      if (entry.keyRange.file === value.range.file) return entry.keyRange;
  }
  const first = value.kind === 'list' ? value.items[0] : undefined;
  return first === undefined ? value.range : tidyRange(first);
}

/**
 * The document as plain data.
 *
 * @param broken receives the paths of values that could not be determined; they are null in the data
 */
export function toJson(value: Located, broken: (path: DocumentPath) => void, path: DocumentPath = []): Json {
  switch (value.kind) {
    case 'scalar':
      if (value.broken === true) broken(path);
      return value.value;
    case 'list':
      return value.items.map((item, index) => toJson(item, broken, [...path, index]));
    case 'map':
      // A tree never contains keys with a meaning for JavaScript's objects, such as `__proto__`.
      return Object.fromEntries(
        [...value.entries].map(([key, entry]) => [key, toJson(entry.value, broken, [...path, key])]),
      );
  }
}

/** The map with other values; the same object if none changes. */
export function mapValues(map: LocatedMap, change: (value: Located, key: string) => Located): LocatedMap {
  let changed = false;
  const entries = new Map<string, LocatedEntry>();
  for (const [key, entry] of map.entries) {
    const value = change(entry.value, key);
    changed ||= value !== entry.value;
    entries.set(key, value === entry.value ? entry : { ...entry, value });
  }
  return changed ? { ...map, entries } : map;
}

/** The values of a map, or the items of a list. */
export function partsOf(value: Exclude<Located, LocatedScalar>): readonly Located[] {
  return value.kind === 'list' ? value.items : [...value.entries.values()].map((entry) => entry.value);
}

/**
 * Data as a located tree, all at the same place.
 *
 * @param writtenIn the source in which its texts begin, if it is not the file of `range`
 */
export function locatedFrom(value: Json, range: SourceRange, writtenIn?: string): Located {
  if (Array.isArray(value)) {
    return { kind: 'list', items: value.map((item: Json) => locatedFrom(item, range, writtenIn)), range };
  }
  if (isJsonObject(value)) {
    const entries = Object.entries(value).map(([key, member]): [string, LocatedEntry] => [
      key,
      { keyRange: range, value: locatedFrom(member, range, writtenIn) },
    ]);
    return { kind: 'map', entries: new Map(entries), range };
  }
  return {
    ...{ kind: 'scalar', value: value as Scalar, range },
    ...(writtenIn === undefined ? {} : { writtenIn }),
  };
}
