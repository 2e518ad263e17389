/** A pipeline as it was written: comments, lines, and which settings it names. */
import { isMap, isScalar, LineCounter, parseDocument, type Document, type YAMLMap } from 'yaml';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';
import type { Report } from './report.ts';

/** `pipeline.yaml` as it was written: where stages stand in it, and which of their settings. */
export class WrittenPipeline {
  readonly #document: Document.Parsed;
  readonly #counter = new LineCounter();

  constructor(text: string) {
    this.#document = parse(text, this.#counter);
  }

  has(key: string): boolean {
    return isMap(this.#document.contents) && this.#document.contents.has(key);
  }

  /** First and last line of a stage. */
  linesOf(stage: string): { readonly lines?: readonly [number, number] } {
    const pair = this.#pair(stage);
    const start = isScalar(pair?.key) ? pair.key.range?.[0] : undefined;
    const value: unknown = pair?.value;
    const end = isMap(value) ? value.range?.[1] : undefined;
    if (start === undefined || end === undefined) return {};
    const last = this.#counter.linePos(Math.max(start, end - 1)).line;
    return { lines: [this.#counter.linePos(start).line, last] };
  }

  /** Of a stage's resolved settings, those that the file or an override names: no defaults. */
  settingsOf(stage: string, resolved: JsonObject, overrides: readonly string[]): JsonObject {
    const value: unknown = this.#pair(stage)?.value;
    if (!isMap(value)) return resolved;
    return namedIn(value, resolved, (path) =>
      overrides.some((text) => text.startsWith(`stages.${stage}.${path.join('.')}`)),
    );
  }

  #pair(stage: string) {
    const { contents } = this.#document;
    const stages: unknown = isMap(contents) ? contents.get('stages', true) : undefined;
    if (!isMap(stages)) return undefined;
    return stages.items.find(({ key }) => isScalar(key) && key.value === stage);
  }
}

/** Members of a map that the text names; of maps in them, the same. What is no map comes whole. */
function namedIn(
  written: YAMLMap,
  resolved: JsonObject,
  isOverridden: (path: readonly string[]) => boolean,
  path: readonly string[] = [],
): JsonObject {
  return Object.fromEntries(
    Object.entries(resolved).flatMap(([key, value]): [string, Json][] => {
      const own = [...path, key];
      const member: unknown = written.get(key, true);
      if (member === undefined || member === null) return isOverridden(own) ? [[key, value]] : [];
      if (!isMap(member) || !isJsonObject(value)) return [[key, value]];
      return [[key, namedIn(member, value, isOverridden, own)]];
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

/** What the text says of itself. */
export function sourceFacts(source: string): Pick<Report, 'source' | 'extendsOther' | 'hasPlugins'> {
  const written = new WrittenPipeline(source);
  return { source, extendsOther: written.has('extends'), hasPlugins: written.has('plugins') };
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
