/** Compares the data files and plugins of an assignment with those of an archive: equal paths do not mean equal contents. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { pathFrom } from '../core/path.ts';
import type { DocumentPath, LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { canonicalJson, sha256, type JsonObject } from '../core/json.ts';
import { isSystemName } from '../nodes/dataset/names.ts';
import { moduleFiles } from './sources.ts';
import { dataCandidates } from './load-untrusted.ts';

export interface GivenFilesOptions {
  /** Whether an assignment lets students change a value, and with it the file that it names. */
  readonly isEditable: (path: DocumentPath) => boolean;
  /** Absolute path of a folder with data files that are not where the assignment's pipeline expects them. */
  readonly data?: string;
}

/** Data and plugins of an archive that differ from the assignment's. Files that the archive does not contain are allowed. */
export async function findOtherFiles(
  given: LocatedPipeline,
  submitted: LocatedPipeline,
  { isEditable, data }: GivenFilesOptions,
): Promise<readonly Diagnostic[]> {
  const found: Diagnostic[] = [];
  for (const [name, settings] of given.pipeline.stages) {
    const theirs = submitted.pipeline.stages.get(name) ?? {};
    for (const path of given.stageTypes.get(settings.type)?.files?.(settings) ?? []) {
      const key = Object.keys(settings).find((each) => settings[each] === path) ?? '';
      const at = ['stages', name, key];
      const own = (theirs as JsonObject)[key];
      const written = writtenAt(given, at) ?? path;
      // A different path is reported as a change of the pipeline.
      if (isEditable(at) || typeof own !== 'string' || (writtenAt(submitted, at) ?? own) !== written)
        continue;
      const range = submitted.locate(at);
      const file = resolve(submitted.folder, own);
      const places = [
        resolve(given.folder, path),
        ...(data === undefined ? [] : dataCandidates(written, data)),
      ];
      const difference = await compareWith(places, file);
      if (difference !== undefined) found.push(deviation(`\`${written}\``, difference, range));
    }
  }
  for (const [index, path] of given.pipeline.plugins.entries()) {
    const written = writtenAt(given, ['plugins', index]) ?? path;
    const at = submitted.pipeline.plugins.findIndex(
      (own, place) => (writtenAt(submitted, ['plugins', place]) ?? own) === written,
    );
    if (at < 0 || isEditable(['plugins', index])) continue;
    const [ours, theirs] = [
      resolve(given.folder, path),
      resolve(submitted.folder, submitted.pipeline.plugins[at] ?? path),
    ];
    for (const module of await moduleFiles(ours)) {
      const file = resolve(dirname(theirs), relative(dirname(ours), module));
      const [one, other] = [await textOf(module), await textOf(file)];
      if (other === undefined || one === other) continue;
      const name = pathFrom(dirname(theirs), file);
      found.push(deviation(`\`${name}\``, 'other', submitted.locate(['plugins', at])));
    }
  }
  return found;
}

/** A path as written in the pipeline, or in a file that it extends. */
function writtenAt({ paths }: LocatedPipeline, at: DocumentPath): string | undefined {
  return paths.find(
    (each) => each.at.length === at.length && each.at.every((key, index) => key === at[index]),
  )?.written;
}

function deviation(
  what: string,
  difference: 'other' | 'unknown',
  range: NonNullable<Diagnostic['range']>,
): Diagnostic {
  const code = 'assignment-deviation';
  return difference === 'other'
    ? { code, severity: 'error', message: `${what} differs from the assignment's file`, range }
    : {
        code,
        severity: 'warning',
        message: `${what} of the archive could not be compared: the assignment's file is missing`,
        hint: 'put it where the pipeline of the assignment expects it, or name its folder with `--data`',
        range,
      };
}

/** How a file or folder differs from the first existing of some places. */
async function compareWith(
  places: readonly string[],
  submitted: string,
): Promise<'other' | 'unknown' | undefined> {
  const theirs = await fingerprint(submitted);
  if (theirs === undefined) return undefined;
  for (const place of places) {
    const ours = await fingerprint(place);
    if (ours !== undefined) return ours === theirs ? undefined : 'other';
  }
  return 'unknown';
}

/** A hash of a file's bytes, or of the names and bytes in a folder; undefined if it cannot be read. */
async function fingerprint(path: string): Promise<string | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return undefined;
  if (!info.isDirectory()) {
    const data = await readFile(path).catch(() => undefined);
    return data === undefined ? undefined : sha256(data);
  }
  const names = await readdir(path, { recursive: true, withFileTypes: true }).catch(() => []);
  const hashes: Record<string, string> = {};
  for (const entry of names) {
    const file = join(entry.parentPath, entry.name);
    const name = pathFrom(path, file);
    if (!entry.isFile() || name.split('/').some(isSystemName)) continue;
    const data = await readFile(file).catch(() => undefined);
    if (data !== undefined) hashes[name] = sha256(data);
  }
  return canonicalJson(hashes);
}

/** Code with normalised line endings. */
async function textOf(path: string): Promise<string | undefined> {
  const data = await readFile(path, 'utf8').catch(() => undefined);
  return data?.replaceAll('\r\n', '\n');
}
