/** `extends`: a pipeline that is based on another file. */
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, resolve, sep } from 'node:path';
import { Failure, type SourceFile } from '../core/diagnostic.ts';
import {
  overValue,
  tidyRange,
  type Located,
  type LocatedDocument,
  type LocatedEntry,
  type LocatedMap,
} from './located.ts';
import { parseSource } from './parse.ts';
import { readSource } from './read.ts';
import { errorAt, type ReportDiagnostic } from './diagnostics/report.ts';
import { backticked, describe, nameOf } from './diagnostics/wording.ts';

/** Callbacks and limits for reading files. */
export interface Reading {
  readonly report: ReportDiagnostic;
  /** Receives every text that was read, in order: the pipeline, then the files that it extends. */
  readonly source: (source: SourceFile) => void;
  /** Absolute path of the folder that must contain all files; undefined: no limit. */
  readonly within?: string;
  /** Texts by absolute path, used instead of the files. */
  readonly texts?: ReadonlyMap<string, string>;
}

/**
 * Reads a pipeline file and all files that it extends, and merges them; the extending file has priority. Maps are merged key by
 * key; lists and scalars are replaced, also by `null`. A choice (a map of one Keras name to its arguments, such as an
 * optimizer) is replaced by another choice. Top-level keys that begin with `x-` are for anchors, and are omitted. Every value
 * and key keeps its place in the text.
 *
 * @returns undefined if a file cannot be read or parsed, which is reported
 */
export async function readMerged(
  file: string,
  reading: Reading,
): Promise<LocatedDocument<'merged'> | undefined> {
  const chain: LocatedMap[] = [];
  const seen = new Set<string>();
  let path = file;
  let name = file;
  let named: LocatedEntry | undefined;
  for (;;) {
    const map = await readMap(path, name, named, reading);
    if (map === undefined) return undefined;
    chain.push(map);
    seen.add(await realPath(path));

    named = map.entries.get('extends');
    if (named === undefined) break;
    const base = baseName(named.value, reading.report);
    if (base === undefined) return undefined;
    path = resolve(dirname(path), base);
    if (reading.within !== undefined && !path.startsWith(`${reading.within}${sep}`)) {
      const message = `${backticked(base)} leads outside the folder that the pipeline may read`;
      reading.report(errorAt(named.value.range, 'path-outside', message));
      return undefined;
    }
    name = isAbsolute(base) ? base : join(dirname(name), base);
    if (seen.has(await realPath(path))) {
      const message = `${backticked(name)} extends itself${chain.length > 1 ? ', through other files' : ''}`;
      reading.report(errorAt(named.value.range, 'extends-cycle', message));
      return undefined;
    }
  }
  const root = chain.reduceRight((base, map) => mergeMaps(base, map, 0));
  const entries = new Map([...root.entries].filter(([key]) => key !== 'extends' && !key.startsWith('x-')));
  return { state: 'merged', root: { ...root, entries } };
}

/** The file of a known text may no longer exist. */
function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path));
}

/** One file as a map. Problems with reading an extended file are reported where it is named. */
async function readMap(
  path: string,
  name: string,
  named: LocatedEntry | undefined,
  { report, source, texts }: Reading,
): Promise<LocatedMap | undefined> {
  let read: SourceFile;
  try {
    const text = texts?.get(resolve(path));
    read = text === undefined ? await readSource(path, name) : { name, text };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    for (const diagnostic of error.diagnostics) {
      report(named === undefined ? diagnostic : { ...diagnostic, range: named.value.range });
    }
    return undefined;
  }
  source(read);
  const tree = parseSource(read, report);
  if (tree === undefined) return undefined;
  if (tree === 'empty') {
    const start = { line: 1, column: 1 };
    report(
      errorAt({ file: name, start, end: start }, 'file-empty', `${backticked(name)} contains only comments`),
    );
    return undefined;
  }
  if (tree.kind !== 'map') {
    // The contents of another file are not shown: it may not be a pipeline.
    const text = named === undefined && tree.kind === 'scalar' ? describe(tree.value) : 'a single value';
    const found = tree.kind === 'list' ? 'a list' : text;
    report(
      errorAt(tidyRange(tree), 'wrong-type', `a pipeline is a map of keys to values; this is ${found}`, {
        hint: 'begin with `name: …`',
      }),
    );
    return undefined;
  }
  const base = tree.entries.get('base');
  if (base !== undefined && !tree.entries.has('stages') && !tree.entries.has('extends')) {
    const students =
      base.value.kind === 'scalar' ? ` Students start from ${backticked(String(base.value.value))}.` : '';
    report(
      errorAt(base.keyRange, 'wrong-type', 'these are the rules of an assignment, not a pipeline', {
        hint: `\`hourglass verify --assignment\` reads them.${students}`,
      }),
    );
    return undefined;
  }
  return tree;
}

function baseName(value: Located, report: ReportDiagnostic): string | undefined {
  if (value.kind === 'scalar' && typeof value.value === 'string' && value.value.includes('${')) {
    const message = '`extends` cannot contain a parameter: the file is read before parameters are known';
    report(
      errorAt(value.range, 'bad-interpolation', message, {
        hint: 'write the name of the file, for example `extends: base.yaml`',
      }),
    );
    return undefined;
  }
  if (value.kind === 'scalar' && typeof value.value === 'string' && value.value !== '') return value.value;
  if (value.kind !== 'scalar' || value.broken !== true) {
    const found = value.kind === 'scalar' ? describe(value.value) : `a ${value.kind}`;
    report(
      errorAt(
        tidyRange(value),
        'wrong-type',
        `${nameOf(['extends'])} takes the name of one file; this is ${found}`,
      ),
    );
  }
  return undefined;
}

/** @param depth the depth of the two maps in the document: stages are at 2 */
function mergeMaps(base: LocatedMap, over: LocatedMap, depth: number): LocatedMap {
  const entries = new Map(base.entries);
  for (const [key, entry] of over.entries) {
    const before = base.entries.get(key)?.value;
    entries.set(key, { ...entry, value: mergeValues(before, entry.value, depth) });
  }
  return { ...over, entries };
}

function mergeValues(before: Located | undefined, over: Located, depth: number): Located {
  if (before?.kind === 'map') {
    if (over.kind === 'map' && !(depth >= 2 && isOtherChoice(before, over)))
      return mergeMaps(before, over, depth + 1);
    // A key with nothing below it, for example if its lines are commented out, is an empty map.
    if (over.kind === 'scalar' && over.unwritten === true) return before;
  }
  return overValue(before, over);
}

/** Keys of the language are in lower case; Keras's class names are not. */
function isOtherChoice(base: LocatedMap, over: LocatedMap): boolean {
  const [before, ...moreBefore] = base.entries.keys();
  const [after, ...moreAfter] = over.entries.keys();
  const choices = [before, after].every((key) => key !== undefined && /^[A-Z]/.test(key));
  return choices && before !== after && moreBefore.length === 0 && moreAfter.length === 0;
}
