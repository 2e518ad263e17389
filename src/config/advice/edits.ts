/** Text changes that repair a mistake, as diagnostics offer them. */
import type { SourceRange, TextEdit } from '../../core/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { yamlText } from '../../core/yaml-text.ts';
import { find, toJson, type Located, type LocatedMap } from '../located.ts';
import { LONGEST_TEXT, MOST_VALUES } from './limits.ts';

/** How to correct a mistake: in words and, if certain, as text changes. */
export interface Advice {
  readonly hint: string;
  readonly edits?: readonly TextEdit[];
}

/** Entries that replace a key (none: remove the key), or only words, if the replacement is uncertain. */
export type KeyAdvice =
  { readonly entries: JsonObject; readonly why?: string } | { readonly hint: string } | undefined;

/** A value on one line: `{ Dense: { units: 32 } }`. */
export function flowText(value: Json): string {
  if (Array.isArray(value)) return `[${value.map((item: Json) => flowText(item)).join(', ')}]`;
  if (isJsonObject(value)) {
    const entries = entriesText(value, ', ');
    return entries === '' ? '{}' : `{ ${entries} }`;
  }
  return typeof value === 'string' ? yamlText(value) : JSON.stringify(value);
}

/** The entries of a map, without its braces. */
export function entriesText(map: JsonObject, separator: string): string {
  return Object.entries(map)
    .map(([key, value]) => `${yamlText(key)}: ${flowText(value)}`)
    .join(separator);
}

/** A layer or another choice, as written in a list or after a key: a bare name, or a map on one line. */
export function choiceText(value: Json, isItem: boolean): string {
  // In a block list, a layer needs no braces around it.
  return isItem && isJsonObject(value) ? entriesText(value, ', ') : flowText(value);
}

export function plainJson(value: Located): Json {
  return toJson(value, () => undefined);
}

/** Replaces a value. */
export function replaceValue(value: Located, text: string): readonly TextEdit[] {
  const { range } = value;
  if (value.kind !== 'scalar' || value.unwritten !== true) return [{ range, text }];
  // The range of an empty value is its key: the new value is written after the colon.
  const behind = { line: range.end.line, column: range.end.column + 1 };
  return [{ range: { ...range, start: behind, end: behind }, text: ` ${text}` }];
}

/** Renames a key. */
export function renameKey(owner: LocatedMap, key: string, name: string): readonly TextEdit[] | undefined {
  const entry = owner.entries.get(key);
  return entry === undefined ? undefined : [{ range: entry.keyRange, text: name }];
}

/** Replaces an entry by others, or removes it. */
export function replaceEntry(
  owner: LocatedMap,
  key: string,
  entries: JsonObject,
): readonly TextEdit[] | undefined {
  const entry = owner.entries.get(key);
  if (entry === undefined) return undefined;
  const range = entryRange(owner, key);
  const isFlow = isFlowMap(owner);
  if (Object.keys(entries).length === 0) {
    const next = isFlow ? nextEntry(owner, key) : undefined;
    return [{ range: next === undefined ? range : { ...range, end: next.keyRange.start }, text: '' }];
  }
  const separator = isFlow ? ', ' : `\n${' '.repeat(entry.keyRange.start.column - 1)}`;
  return [{ range, text: entriesText(entries, separator) }];
}

/** From the key to the end of the value. */
function entryRange(owner: LocatedMap, key: string): SourceRange {
  const entry = owner.entries.get(key);
  if (entry === undefined) return owner.range;
  const { keyRange, value } = entry;
  if (value.kind === 'scalar' && value.unwritten === true) {
    const { line, column } = keyRange.end;
    return { ...keyRange, end: { line, column: column + (isFlowMap(owner) ? 0 : 1) } };
  }
  const isElsewhere = value.range.file !== keyRange.file || isBefore(value.range.end, keyRange.end);
  return { ...keyRange, end: isElsewhere ? keyRange.end : value.range.end };
}

function nextEntry(owner: LocatedMap, key: string): { readonly keyRange: SourceRange } | undefined {
  const keys = [...owner.entries.keys()];
  const next = keys[keys.indexOf(key) + 1];
  return next === undefined ? undefined : owner.entries.get(next);
}

function isFlowMap({ range, entries }: LocatedMap): boolean {
  const [first] = entries.values();
  return first !== undefined && isBefore(range.start, first.keyRange.start);
}

function isBefore(a: SourceRange['start'], b: SourceRange['start']): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

/** The map at a path. */
export function mapAt(root: Located, path: readonly (string | number)[]): LocatedMap | undefined {
  const value = find(root, path)?.value;
  return value?.kind === 'map' ? value : undefined;
}

/** Whether a tree has few values, and no long texts; aliases are followed. */
export function isSmall(value: Located): boolean {
  return countUpTo(value, MOST_VALUES) < MOST_VALUES;
}

function countUpTo(value: Located, most: number): number {
  if (value.kind === 'scalar') return isLong(value.value) ? most : 1;
  // A map with many unknown keys is counted for each of them.
  const own = value.kind === 'list' ? value.items.length : value.entries.size;
  if (own >= most) return most;
  if (value.kind === 'map' && [...value.entries.keys()].some(isLong)) return most;
  const parts = value.kind === 'list' ? value.items : [...value.entries.values()].map((entry) => entry.value);
  let count = 1;
  for (const part of parts) {
    if (count >= most) return most;
    count += countUpTo(part, most - count);
  }
  return count;
}

function isLong(text: unknown): boolean {
  return typeof text === 'string' && text.length > LONGEST_TEXT;
}

/** Whether an item is in a list on one line. */
export function isInFlow(root: LocatedMap, path: readonly (string | number)[]): boolean {
  const list = find(root, path.slice(0, -1))?.value;
  const last = list?.kind === 'list' ? list.items.at(-1) : undefined;
  if (list === undefined || last === undefined) return false;
  // A list on one line has a bracket after its last item.
  const [end, lastEnd] = [list.range.end, last.range.end];
  return end.line === lastEnd.line && end.column > lastEnd.column;
}
