/** A stored stage result: the list of artifacts with hashes, and the record that completes an entry. */
import { chmod, lstat, readdir, utimes } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { withSlashes } from '../core/path.ts';
import { failure } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, sha256, type Json, type JsonObject } from '../core/json.ts';
import { syncFile, syncFolder } from '../files/atomic.ts';
import { hashFile } from '../files/hash.ts';

export interface StoredFile {
  /** Relative to the entry's `artifacts/`, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
  /** Time of the last change, in whole milliseconds since 1970. A file with another time was written to since. */
  readonly modified: number;
}

/** What a stage used of the machine, in all runs that it took. */
export interface Usage {
  /** Seconds of all its threads. Unlike the wall time, it hardly depends on what else the machine does. */
  readonly processor: number;
  /** Peak memory of its last process in bytes. The process may have run other stages before. */
  readonly memory: number;
}

export interface EntryRecord {
  /** Its hash is the entry's name. */
  readonly key: JsonObject;
  readonly files: readonly StoredFile[];
  readonly metrics: Readonly<Record<string, number>>;
  /** The artifacts to show first. */
  readonly highlights: readonly string[];
  /** Wall time of the run that produced it, and of those that it resumed. */
  readonly seconds: number;
  /** What they used; absent in entries of versions before 0.2.0. */
  readonly usage?: Usage;
  /** The version of Hourglass that made it; absent in entries of versions before 0.2.0. */
  readonly hourglass?: string;
}

export interface Entry {
  readonly hash: string;
  /** Absolute path of the artifacts. */
  readonly folder: string;
  readonly record: EntryRecord;
}

/** Hashes every file of a finished draft, syncs it to disk and makes it read-only. */
export async function seal(folder: string): Promise<readonly StoredFile[]> {
  const files: StoredFile[] = [];
  const visit = async (current: string): Promise<void> => {
    for (const name of (await readdir(current)).sort()) {
      const path = join(current, name);
      const found = await lstat(path);
      if (found.isDirectory()) {
        await visit(path);
      } else if (found.isFile()) {
        const hash = await hashFile(path);
        const modified = Math.round(found.mtimeMs);
        await markUnchanged(path, modified);
        await syncFile(path);
        files.push({
          path: withSlashes(relative(folder, path)),
          bytes: found.size,
          sha256: hash,
          modified,
        });
      } else {
        throw failure('stage-failed', `the stage left \`${name}\`, which is neither a file nor a folder`);
      }
    }
    await syncFolder(current);
  };
  await visit(folder);
  return files;
}

/** Makes a file with the stored content look stored: sets its time of change, and makes it read-only. */
export async function markUnchanged(path: string, modified: number): Promise<void> {
  await chmod(path, 0o444);
  await utimes(path, modified / 1000, modified / 1000);
}

/** Whether a file has the size and the time of change with which it was stored. */
export async function looksUnchanged(
  path: string,
  file: Pick<StoredFile, 'bytes' | 'modified'>,
): Promise<boolean> {
  const found = await lstat(path).catch(() => undefined);
  return (
    found?.isFile() === true &&
    found.size === file.bytes &&
    // Times are stored as fractions of a second, which are not exact.
    Math.abs(found.mtimeMs - file.modified) < 1
  );
}

/** The text of `record.json`: the record with a SHA-256 of itself. */
export function formatRecord(record: EntryRecord): string {
  return `${JSON.stringify({ ...record, sha256: recordHash(record) }, null, 2)}\n`;
}

/** The record that `formatRecord` wrote for the entry of this name; undefined for any other text. */
export function parseRecord(text: string, hash: string): EntryRecord | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return undefined;
    const { sha256: stated, ...rest } = value;
    if (!isEntryRecord(rest) || stated !== recordHash(rest)) return undefined;
    return sha256(canonicalJson(rest.key)) === hash ? rest : undefined;
  } catch {
    return undefined;
  }
}

function recordHash(record: EntryRecord): string {
  return sha256(canonicalJson(record as unknown as JsonObject));
}

function isEntryRecord(value: object): value is EntryRecord {
  return (
    isJsonObject(value) &&
    isJsonObject(value['key']) &&
    isJsonObject(value['metrics']) &&
    Array.isArray(value['highlights']) &&
    typeof value['seconds'] === 'number' &&
    isUsage(value['usage']) &&
    ['string', 'undefined'].includes(typeof value['hourglass']) &&
    Array.isArray(value['files']) &&
    value['files'].every(isStoredFile)
  );
}

function isUsage(value: Json | undefined): boolean {
  if (value === undefined) return true;
  return isJsonObject(value) && typeof value['processor'] === 'number' && typeof value['memory'] === 'number';
}

/** Paths are checked, too: a record that was tampered with must not lead outside its entry. */
function isStoredFile(value: unknown): value is StoredFile {
  return (
    isJsonObject(value) &&
    typeof value['path'] === 'string' &&
    value['path'].split('/').every((part) => part !== '' && part !== '.' && part !== '..') &&
    typeof value['bytes'] === 'number' &&
    typeof value['sha256'] === 'string' &&
    typeof value['modified'] === 'number'
  );
}
