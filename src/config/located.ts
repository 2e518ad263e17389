/** A YAML document as values that know where they were written. Immutable; parts may be shared. */
import { dirname, join, resolve } from 'node:path';
import type { SourceRange } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { DocumentPath, LocatedPart } from './pipeline.ts';

export type Scalar = null | boolean | number | string;

export type Located = LocatedScalar | LocatedList | LocatedMap;

interface Written {
  /** Where the value stands. For a value that came through `${params.x}` or an alias: where that stands. */
  readonly range: SourceRange;
  /** For such a value: where it was first written. */
  readonly origin?: Origin;
}

/** A second place of a diagnostic, such as the parameter that a value came from. */
export interface Origin {
  readonly message: string;
  readonly range: SourceRange;
}

export interface LocatedScalar extends Written {
  readonly kind: 'scalar';
  readonly value: Scalar;
  /** A number as it is written, where that is not how it is shown: `1.10`. */
  readonly source?: string;
  /** True where the value could not be made out, which is already reported: nothing more is said about it. */
  readonly broken?: boolean;
  /** True for an empty value: a key, or a `- `, behind which nothing stands. */
  readonly unwritten?: boolean;
  /** True for a `null` that stands where there was a value: it takes that away, unless `null` is a value of the key. */
  readonly removes?: boolean;
  /** The source in which this text begins, where that is not the file of `range`: a parameter's. */
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

/** The state that each pass leaves the document in for the next. */
export interface LocatedDocument<State extends 'merged' | 'overridden' | 'interpolated' | 'settled'> {
  readonly state: State;
  readonly root: LocatedMap;
}

/** Names of sources that are arguments of the command line, not files, begin so. */
export const OVERRIDE_PREFIX = '-S ';
export const OVER_PREFIX = '--over ';
export const METRIC_PREFIX = '--metric ';

/** Whether a source is an argument of the command line, by its name. */
export function isArgument(file: string): boolean {
  return [OVERRIDE_PREFIX, OVER_PREFIX, METRIC_PREFIX].some((prefix) => file.startsWith(prefix));
}

/** The source in which a text begins. */
export function sourceOf({ writtenIn, range }: LocatedScalar): string {
  return writtenIn ?? range.file;
}

/** Whether a text begins in an argument of the command line. */
export function isFromOverride(scalar: LocatedScalar): boolean {
  return isArgument(sourceOf(scalar));
}

/** The name of a source as it is everywhere: that of an argument lies in the working folder. */
export function absoluteSource(name: string): string {
  return isArgument(name) ? join(process.cwd(), 'override') : resolve(name);
}

/** Absolute path of the folder of the file in which a text begins; for an argument, the working folder. */
export function folderOf(scalar: LocatedScalar): string {
  return dirname(absoluteSource(sourceOf(scalar)));
}

/** A value that replaces another: a written `null` is marked as taking that away. */
export function overValue(before: Located | undefined, value: Located): Located {
  if (before === undefined || value.kind !== 'scalar' || value.value !== null) return value;
  return value.broken === true || value.unwritten === true ? value : { ...value, removes: true };
}

/** The value at a path, with the place of its key if a key leads to it; undefined where there is none. */
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
 * Where the value at a path, or its key, was written. A list item has no key: its value stands for it. For a path that
 * is not there: the key of its nearest ancestor.
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

/** Where the parameter is set that a value is as a whole; undefined for values that parameters are only a part of. */
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
 * @param broken takes the paths of values that could not be made out; they are null in the data
 */
export function toJson(value: Located, broken: (path: DocumentPath) => void, path: DocumentPath = []): Json {
  switch (value.kind) {
    case 'scalar':
      if (value.broken === true) broken(path);
      return value.value;
    case 'list':
      return value.items.map((item, index) => toJson(item, broken, [...path, index]));
    case 'map':
      // Keys that mean something to JavaScript's objects, such as `__proto__`, never get into a tree.
      return Object.fromEntries(
        [...value.entries].map(([key, entry]) => [key, toJson(entry.value, broken, [...path, key])]),
      );
  }
}

/** The map with other values; the same object where none changes. */
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
 * Data as a located tree, all of which stands at one place.
 *
 * @param writtenIn the source in which its texts begin, where that is not the file of `range`
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
