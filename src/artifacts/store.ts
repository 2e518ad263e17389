/**
 * The content-addressed store of stage results. An entry is named by the hash of its stage's key:
 *
 *     store/<2 digits>/<hash>/record.json    what it is: key, files with SHA-256, metrics
 *     store/<2 digits>/<hash>/artifacts/     what the stage wrote, read only
 *     tmp/<unique>/                          drafts of running stages
 *     damaged/<hash>-<unique>/               entries whose content was not what was stored
 *
 * An entry is made in `tmp/`, its record last, and appears by one rename: it is whole or it is not there.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, lstat, mkdir, readFile, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { failure } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import { isJsonObject } from '../core/json.ts';
import { errorCode, fileFailure, syncFile, syncFolder } from './atomic.ts';
import { isAlive } from './process.ts';

export interface StoredFile {
  /** Relative to the entry's `artifacts/`, with `/`. */
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

export interface EntryRecord {
  readonly key: JsonObject;
  readonly files: readonly StoredFile[];
  readonly metrics: Readonly<Record<string, number>>;
  /** The artifacts that a user wants to see first. */
  readonly highlights: readonly string[];
  /** Wall time of the run that made it. */
  readonly seconds: number;
}

export interface Entry {
  readonly hash: string;
  /** Absolute path of the artifacts. */
  readonly folder: string;
  readonly record: EntryRecord;
}

/** A folder in which a running stage writes; nothing of it is visible before `commit`. */
export interface Draft {
  readonly folder: string;
  /** Makes the draft an entry. If another process stored the same key meanwhile, that entry is kept and returned. */
  commit(record: Omit<EntryRecord, 'files'>): Promise<Entry>;
  discard(): Promise<void>;
}

export class Store {
  readonly folder: string;

  /** @param folder absolute path, such as that of `.hourglass`; made when first needed */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** The entry of a key, if its record and all its files are there with their sizes. Content is checked by `damage`. */
  async lookup(hash: string): Promise<Entry | undefined> {
    const record = await readRecord(join(this.#path(hash), 'record.json'));
    if (record === undefined) return undefined;
    const folder = join(this.#path(hash), 'artifacts');
    for (const file of record.files) {
      const found = await stat(join(folder, file.path)).catch(() => undefined);
      if (found?.size !== file.bytes) return undefined;
    }
    return { hash, folder, record };
  }

  /** Names the first file of an entry whose content is not what was stored; undefined if all are as they were. */
  async damage(entry: Entry): Promise<string | undefined> {
    for (const file of entry.record.files) {
      const actual = await hashFile(join(entry.folder, file.path)).catch(() => 'unreadable');
      if (actual !== file.sha256) return file.path;
    }
    return undefined;
  }

  /** Takes an entry out of use, and keeps it for whoever wants to look. */
  async setAside(hash: string): Promise<void> {
    const target = join(this.folder, 'damaged', `${hash}-${randomBytes(4).toString('hex')}`);
    await mkdir(dirname(target), { recursive: true });
    await rename(this.#path(hash), target).catch((error: unknown) => {
      if (errorCode(error) !== 'ENOENT') throw fileFailure(error, target);
    });
  }

  /** Starts an entry. With `replace`, an entry of the same key gives way to the new one. */
  async draft(hash: string, options: { readonly replace: boolean }): Promise<Draft> {
    const temporary = join(this.folder, 'tmp', `${process.pid}-${randomBytes(6).toString('hex')}`);
    const folder = join(temporary, 'artifacts');
    try {
      await mkdir(folder, { recursive: true });
    } catch (error) {
      throw fileFailure(error, folder);
    }
    const discard = (): Promise<void> => rm(temporary, { recursive: true, force: true });
    const commit = async (description: Omit<EntryRecord, 'files'>): Promise<Entry> => {
      try {
        const record: EntryRecord = { ...description, files: await seal(folder) };
        const recordFile = join(temporary, 'record.json');
        await writeFile(recordFile, `${JSON.stringify(record, null, 2)}\n`, { flush: true });
        await syncFolder(temporary);
        return await this.#publish(hash, temporary, record, options.replace);
      } catch (error) {
        await discard();
        throw fileFailure(error, this.#path(hash));
      }
    };
    return { folder, commit, discard };
  }

  async #publish(hash: string, temporary: string, record: EntryRecord, replace: boolean): Promise<Entry> {
    const target = this.#path(hash);
    await mkdir(dirname(target), { recursive: true });
    if (replace) await this.#remove(hash);
    while (!(await moved(temporary, target))) {
      // Another process stored the same key first, and its entry is as good as ours; or what is there is broken.
      const other = await this.lookup(hash);
      if (other !== undefined) {
        await rm(temporary, { recursive: true, force: true });
        return other;
      }
      await this.#remove(hash);
    }
    await syncFolder(dirname(target));
    return { hash, folder: join(target, 'artifacts'), record };
  }

  /** Removes drafts of processes that are gone. */
  async removeLeftovers(): Promise<void> {
    for (const name of await list(join(this.folder, 'tmp'))) {
      if (!isAlive(ownerOf(name))) await rm(join(this.folder, 'tmp', name), { recursive: true, force: true });
    }
  }

  /** Removes entries that `keep` does not name, and what killed runs left behind; as a trial, only counts them. */
  async removeUnused(
    keep: ReadonlySet<string>,
    trial = false,
  ): Promise<{ readonly entries: number; readonly bytes: number }> {
    let entries = 0;
    let bytes = 0;
    for (const prefix of await list(join(this.folder, 'store'))) {
      for (const hash of await list(join(this.folder, 'store', prefix))) {
        if (keep.has(hash)) continue;
        bytes += await folderBytes(this.#path(hash));
        if (!trial) await this.#remove(hash);
        entries += 1;
      }
    }
    for (const name of ['tmp', 'damaged']) {
      for (const left of await list(join(this.folder, name))) {
        if (name === 'tmp' && isAlive(ownerOf(left))) continue;
        bytes += await folderBytes(join(this.folder, name, left));
        if (!trial) await rm(join(this.folder, name, left), { recursive: true, force: true });
      }
    }
    return { entries, bytes };
  }

  /** Moves an entry away by one rename before deleting it, so that it never exists in part. */
  async #remove(hash: string): Promise<void> {
    const grave = join(this.folder, 'tmp', `${process.pid}-${randomBytes(6).toString('hex')}`);
    await mkdir(dirname(grave), { recursive: true });
    try {
      await rename(this.#path(hash), grave);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      throw error;
    }
    await rm(grave, { recursive: true, force: true });
  }

  #path(hash: string): string {
    return join(this.folder, 'store', hash.slice(0, 2), hash);
  }
}

/** Moves a folder to where nothing is; false if something is there. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) return false;
    throw error;
  }
}

/** Hashes every file of a finished draft, forces it to the disk and makes it read only. */
async function seal(folder: string): Promise<readonly StoredFile[]> {
  const files: StoredFile[] = [];
  const visit = async (current: string): Promise<void> => {
    for (const name of (await readdir(current)).sort()) {
      const path = join(current, name);
      const found = await lstat(path);
      if (found.isDirectory()) {
        await visit(path);
      } else if (found.isFile()) {
        const hash = await hashFile(path);
        await syncFile(path);
        await chmod(path, 0o444);
        files.push({ path: relative(folder, path).split(sep).join('/'), bytes: found.size, sha256: hash });
      } else {
        throw failure('stage-failed', `the stage left \`${name}\`, which is neither a file nor a folder`);
      }
    }
    await syncFolder(current);
  };
  await visit(folder);
  return files;
}

/** SHA-256 of a file's content. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

async function readRecord(path: string): Promise<EntryRecord | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return isEntryRecord(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isEntryRecord(value: unknown): value is EntryRecord {
  return (
    isJsonObject(value) &&
    isJsonObject(value['key']) &&
    isJsonObject(value['metrics']) &&
    Array.isArray(value['highlights']) &&
    typeof value['seconds'] === 'number' &&
    Array.isArray(value['files']) &&
    value['files'].every(isStoredFile)
  );
}

/** Paths are checked, too: a record that was tampered with must not lead outside its entry. */
function isStoredFile(value: unknown): value is StoredFile {
  return (
    isJsonObject(value) &&
    typeof value['path'] === 'string' &&
    value['path'].split('/').every((part) => part !== '' && part !== '.' && part !== '..') &&
    typeof value['bytes'] === 'number' &&
    typeof value['sha256'] === 'string'
  );
}

/** The process whose draft it is. */
function ownerOf(draft: string): number {
  return Number(draft.split('-')[0]);
}

async function list(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await lstat(join(folder, name)).catch(() => undefined);
    if (found?.isFile()) bytes += found.size;
  }
  return bytes;
}
