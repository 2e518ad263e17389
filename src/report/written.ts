/** A pipeline as written, in one or several files: comments, lines, and the settings that it names. */
import {
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  parseDocument,
  type Document,
  type Node,
  type YAMLMap,
} from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Report, WrittenLines } from './report.ts';

/** A file of a pipeline. */
export interface WrittenFile {
  /** The path from the pipeline's folder: `mnist.yaml`, `../base.yaml`. */
  readonly file: string;
  readonly text: string;
}

/** The files of a pipeline: the one that was run, then those that it extends, the nearest first. */
export class WrittenPipeline {
  readonly #files: readonly { readonly document: Document.Parsed; readonly counter: LineCounter }[];

  constructor(texts: readonly string[]) {
    this.#files = texts.map((text) => {
      const counter = new LineCounter();
      return { document: parse(text, counter), counter };
    });
  }

  has(key: string): boolean {
    return this.#files.some(({ document: { contents } }) => isMap(contents) && contents.has(key));
  }

  /** Where a stage is written: the first and last line in each file that contains it. */
  linesOf(stage: string): readonly WrittenLines[] {
    return this.#files.flatMap(({ document, counter }, file) => {
      const pair = pairOf(document, stage);
      const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
      const value: unknown = pair?.value;
      const end = isMap(value) ? value.range?.[1] : undefined;
      if (start === undefined || end === undefined) return [];
      const last = counter.linePos(Math.max(start, end - 1)).line;
      return [{ file, lines: [counter.linePos(start).line, last] as const }];
    });
  }

  /** The resolved settings of a stage that a file or an override names, without defaults. */
  settingsOf(stage: string, resolved: JsonObject, overrides: readonly string[]): JsonObject {
    const written = this.#files.flatMap(({ document }) => mapsOf(document, pairOf(document, stage)?.value));
    if (written.length === 0) return resolved;
    const overridden = overrides.map((text) => pathOf(text).join('.'));
    return namedIn(written, resolved, (path) => {
      const own = `stages.${stage}.${path.join('.')}`;
      return overridden.some((each) => each === own || each.startsWith(`${own}.`));
    });
  }

  /**
   * The lines that overrides change, each with its overrides: one map per file. A new key belongs to the line of the map
   * to which it is added.
   */
  overriddenLines(overrides: readonly string[]): readonly ReadonlyMap<number, readonly string[]>[] {
    const lines = this.#files.map(() => new Map<number, readonly string[]>());
    for (const override of overrides) {
      const path = pathOf(override);
      const places = this.#files.map(({ document, counter }, index) => ({
        index,
        counter,
        ...placeOf(document, path),
      }));
      // The deepest match counts; among equals the nearest file, since it overrides the files that it extends.
      const depth = Math.max(...places.map((place) => place.depth));
      const found = places.find((place) => place.depth === depth);
      if (found?.start === undefined) continue;
      const { line } = found.counter.linePos(found.start);
      const marked = lines[found.index];
      marked?.set(line, [...(marked.get(line) ?? []), override]);
    }
    return lines;
  }
}

/** `stages.t.encoder[3].Dense.units=8` -> the keys and positions before the equals sign. */
function pathOf(override: string): readonly string[] {
  const path = override.slice(0, Math.max(0, override.indexOf('=')));
  return path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
}

interface Place {
  /** The number of path steps that exist in the file. */
  readonly depth: number;
  /** Offset of the last of them; undefined if there is none. */
  readonly start: number | undefined;
}

/** Where a path, or the deepest part of it, is in a file. An alias or a merge key counts for everything below it. */
function placeOf({ contents }: Document.Parsed, path: readonly string[]): Place {
  let node: unknown = contents;
  let start: number | undefined;
  for (const [depth, name] of path.entries()) {
    const step = stepInto(node, name);
    // A new key can only be added to a map.
    if (step === undefined) return isMap(node) ? { depth, start } : { depth: 0, start: undefined };
    node = step.value;
    start = step.at.range?.[0];
    if (isAlias(node)) break;
  }
  return { depth: path.length, start };
}

function stepInto(node: unknown, name: string): { readonly value: unknown; readonly at: Node } | undefined {
  if (isSeq(node)) {
    const item: unknown = /^\d+$/.test(name) ? node.items[Number(name)] : undefined;
    return isNode(item) ? { value: item, at: item } : undefined;
  }
  if (!isMap(node)) return undefined;
  const pairNamed = (wanted: string) =>
    node.items.find(({ key }) => isScalar(key) && String(key.value) === wanted);
  const pair = pairNamed(name) ?? pairNamed('<<');
  if (!isNode(pair?.key)) return undefined;
  if (isScalar(pair.key) && pair.key.value !== name && isNode(pair.value) && !isAlias(pair.value))
    return undefined;
  // A map or list may begin on a line after its key.
  const at = isScalar(pair.value) || isAlias(pair.value) ? pair.value : pair.key;
  return { value: pair.value, at };
}

function pairOf({ contents }: Document.Parsed, stage: string) {
  const stages: unknown = isMap(contents) ? contents.get('stages', true) : undefined;
  if (!isMap(stages)) return undefined;
  return stages.items.find(({ key }) => isScalar(key) && key.value === stage);
}

interface WrittenMap {
  readonly document: Document.Parsed;
  readonly map: YAMLMap;
}

/** A map, or an alias of one, with the maps of its merge keys; empty for other values. */
function mapsOf(document: Document.Parsed, value: unknown, level = 0): readonly WrittenMap[] {
  const node = isAlias(value) ? value.resolve(document) : value;
  // Untrusted texts may refer to themselves.
  if (!isMap(node) || level > MOST_LEVELS) return [];
  const merged: unknown = node.get('<<', true);
  const bases = isSeq(merged) ? merged.items : merged === undefined ? [] : [merged];
  return [{ document, map: node }, ...bases.flatMap((base) => mapsOf(document, base, level + 1))];
}

/** The most levels of merge keys that are followed. */
const MOST_LEVELS = 8;

/** The members of a map that one of the texts names, and the same inside nested maps. Other values are returned whole. */
function namedIn(
  written: readonly WrittenMap[],
  resolved: JsonObject,
  isOverridden: (path: readonly string[]) => boolean,
  path: readonly string[] = [],
): JsonObject {
  return Object.fromEntries(
    Object.entries(resolved).flatMap(([key, value]): [string, Json][] => {
      const own = [...path, key];
      const nodes = written.flatMap(({ document, map }) => {
        const member: unknown = map.get(key, true);
        return member === undefined || member === null ? [] : [{ document, member }];
      });
      const members = nodes.map(({ document, member }) => mapsOf(document, member));
      if (members.length === 0) return isOverridden(own) ? [[key, value]] : [];
      const [nearest] = nodes;
      if (members.some((maps) => maps.length === 0) || !isJsonObject(value)) {
        const short = nearest !== undefined && !isOverridden(own) ? shortly(nearest, value) : value;
        return [[key, short]];
      }
      return [[key, namedIn(members.flat(), value, isOverridden, own)]];
    }),
  );
}

/** A bare name if the file has no more, and one number for both splits. */
function shortly(
  { document, member }: { readonly document: Document.Parsed; readonly member: unknown },
  value: Json,
): Json {
  const node = isAlias(member) ? member.resolve(document) : member;
  if (!isScalar(node) || !isJsonObject(value)) return value;
  const [[name, inner] = ['', null], ...others] = Object.entries(value);
  if (others.length === 0) return String(node.value).toLowerCase() === name.toLowerCase() ? name : value;
  const { train, test, ...rest } = value;
  return typeof train === 'number' && train === test && Object.keys(rest).length === 0 ? inner : value;
}

/** A text that cannot be parsed, for example because it is nested too deeply, counts as empty. */
function parse(text: string, lineCounter = new LineCounter()): Document.Parsed {
  const options = { version: '1.2', logLevel: 'silent', uniqueKeys: false, lineCounter } as const;
  try {
    return parseDocument(text, options);
  } catch {
    return parseDocument('', options);
  }
}

/** The descriptions in the files. */
export function sourceFacts(
  sources: readonly WrittenFile[],
  overrides: readonly string[],
): Pick<Report, 'sources' | 'hasPlugins'> {
  const written = new WrittenPipeline(sources.map(({ text }) => text));
  const overridden = written.overriddenLines(overrides);
  return {
    sources: sources.map((source, index) => ({ ...source, overridden: overridden[index] ?? new Map() })),
    hasPlugins: written.has('plugins'),
  };
}

/** The data of a YAML text; empty if it is not valid. */
export function parsedObject(text: string): JsonObject {
  try {
    const value: unknown = parse(text).toJS({ maxAliasCount: 100 });
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
