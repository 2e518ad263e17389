/** A pipeline as it was written, in one file or several: comments, lines, and which settings it names. */
import {
  isMap,
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
  /** As the pipeline's folder has it: `mnist.yaml`, `../base.yaml`. */
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

  /** Where a stage is written: for each file that says something of it, the first and last line. */
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

  /** Of a stage's resolved settings, those that a file or an override names: no defaults. */
  settingsOf(stage: string, resolved: JsonObject, overrides: readonly string[]): JsonObject {
    const written = this.#files.flatMap(({ document }) => {
      const value: unknown = pairOf(document, stage)?.value;
      return isMap(value) ? [value] : [];
    });
    if (written.length === 0) return resolved;
    const overridden = overrides.map((text) => pathOf(text).join('.'));
    return namedIn(written, resolved, (path) => {
      const own = `stages.${stage}.${path.join('.')}`;
      return overridden.some((each) => each === own || each.startsWith(`${own}.`));
    });
  }

  /** The lines whose values overrides replaced, each with these overrides: one map for each file. */
  overriddenLines(overrides: readonly string[]): readonly ReadonlyMap<number, readonly string[]>[] {
    const lines = this.#files.map(() => new Map<number, readonly string[]>());
    for (const override of overrides) {
      for (const [index, { document, counter }] of this.#files.entries()) {
        const start = nodeAt(document.contents, pathOf(override))?.range?.[0];
        if (start === undefined) continue;
        const { line } = counter.linePos(start);
        lines[index]?.set(line, [...(lines[index].get(line) ?? []), override]);
        // What files further up the chain say was replaced before.
        break;
      }
    }
    return lines;
  }
}

/** `stages.t.encoder[3].Dense.units=8` -> the keys and positions before the equals sign. */
function pathOf(override: string): readonly string[] {
  const path = override.slice(0, Math.max(0, override.indexOf('=')));
  return path.replaceAll(/\[(\d+)\]/g, '.$1').split('.');
}

function nodeAt(contents: unknown, path: readonly string[]): Node | undefined {
  let node: unknown = contents;
  for (const name of path) {
    if (isMap(node)) node = node.get(name, true);
    else if (isSeq(node) && /^\d+$/.test(name)) node = node.get(Number(name), true);
    else return undefined;
  }
  return isMap(node) || isSeq(node) || isScalar(node) ? node : undefined;
}

function pairOf({ contents }: Document.Parsed, stage: string) {
  const stages: unknown = isMap(contents) ? contents.get('stages', true) : undefined;
  if (!isMap(stages)) return undefined;
  return stages.items.find(({ key }) => isScalar(key) && key.value === stage);
}

/** Members of a map that one of the texts names; of maps in them, the same. What is not a map comes whole. */
function namedIn(
  written: readonly YAMLMap[],
  resolved: JsonObject,
  isOverridden: (path: readonly string[]) => boolean,
  path: readonly string[] = [],
): JsonObject {
  return Object.fromEntries(
    Object.entries(resolved).flatMap(([key, value]): [string, Json][] => {
      const own = [...path, key];
      const members = written.flatMap((map) => {
        const member: unknown = map.get(key, true);
        return member === undefined || member === null ? [] : [member];
      });
      if (members.length === 0) return isOverridden(own) ? [[key, value]] : [];
      const maps = members.filter((member) => isMap(member));
      if (maps.length < members.length || !isJsonObject(value)) return [[key, value]];
      return [[key, namedIn(maps, value, isOverridden, own)]];
    }),
  );
}

/** A text that cannot be parsed, such as one nested too deeply, counts as empty. */
function parse(text: string, lineCounter = new LineCounter()): Document.Parsed {
  const options = { version: '1.2', logLevel: 'silent', uniqueKeys: false, lineCounter } as const;
  try {
    return parseDocument(text, options);
  } catch {
    return parseDocument('', options);
  }
}

/** What the files say of themselves. */
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

/** The data of a YAML text; empty if it is none. */
export function parsedObject(text: string): JsonObject {
  try {
    const value: unknown = parse(text).toJS({ maxAliasCount: 100 });
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}
