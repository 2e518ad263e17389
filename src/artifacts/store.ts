/**
 * The content-addressed store of stage results. An entry is named by the hash of its stage's key:
 *
 *     store/<2 digits>/<hash>/record.json    key, files with SHA-256, metrics
 *     store/<2 digits>/<hash>/artifacts/     what the stage wrote, read-only
 *     tmp/<unique>/, tmp/<unique>.owner      drafts of running stages, and their owners
 *     damaged/<hash>-<unique>/               entries whose content differed from what was stored
 *     runs/<pipeline>/<number>.json          earlier runs, see run-history.ts
 *
 * An entry is written in `tmp/`, its record last, and then renamed: it appears atomically.
 */
import { randomBytes } from 'node:crypto';
import { lstat, readFile, readdir, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { sha256 } from '../core/json.ts';
import {
  errorCode,
  exists,
  fileFailure,
  makeFolder,
  syncFolder,
  TEMPORARY,
  writeNew,
} from '../files/atomic.ts';
import {
  formatRecord,
  looksUnchanged,
  markUnchanged,
  parseRecord,
  seal,
  type Entry,
  type EntryRecord,
} from './entry.ts';
import { move, removeAll } from '../files/in-use.ts';
import { hashFile } from '../files/hash.ts';
import { PENDING_LOCK } from '../files/lock.ts';
import { CACHE_TAG, markIgnored, writeMissing } from '../files/marks.ts';
import { findOwner, OwnerFile } from '../files/owner.ts';
import { ifReadable, namesIn } from '../files/present.ts';

/** A folder in which a running stage writes; its content is invisible until `commit`. */
export interface Draft {
  readonly folder: string;
  /** Turns the draft into an entry. If another process has stored the same key in the meantime, returns that entry instead. */
  commit(record: Omit<EntryRecord, 'files'>): Promise<Entry>;
  discard(): Promise<void>;
}

export type Found =
  | { readonly state: 'absent' }
  /** `part`: the file that differs from what was stored. */
  | { readonly state: 'damaged'; readonly part: string }
  | { readonly state: 'present'; readonly entry: Entry };

/** The folder of the histories of pipelines. */
export const RUNS = 'runs';

/** In milliseconds: a checkpoint takes seconds to write, and the clock of a file server may differ. */
const LONGEST_WRITE = 3_600_000;

export class Store {
  readonly folder: string;

  /** @param folder absolute path, such as that of `.hourglass`; created when first needed */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** Looks up a key. Checks the record and the size of each file, not their contents: see `findCorruptFile`. */
  async find(hash: string): Promise<Found> {
    const found = await this.#look(hash);
    // An entry that was replaced during the first look seems damaged: look again.
    return found.state === 'damaged' ? this.#look(hash) : found;
  }

  async #look(hash: string): Promise<Found> {
    const text = await ifReadable(readFile(join(this.path(hash), 'record.json'), 'utf8'));
    if (text === undefined) {
      const isThere = await exists(this.path(hash));
      return isThere ? { state: 'damaged', part: 'record.json' } : { state: 'absent' };
    }
    const record = parseRecord(text, hash);
    if (record === undefined) return { state: 'damaged', part: 'record.json' };
    const folder = join(this.path(hash), 'artifacts');
    for (const file of record.files) {
      const found = await stat(join(folder, file.path)).catch(() => undefined);
      if (found?.isFile() !== true || found.size !== file.bytes) return { state: 'damaged', part: file.path };
    }
    return { state: 'present', entry: { hash, folder, record } };
  }

  /** The entry of a key, as `find` sees it. */
  async lookup(hash: string): Promise<Entry | undefined> {
    const found = await this.find(hash);
    return found.state === 'present' ? found.entry : undefined;
  }

  /** The first file of an entry whose content differs from what was stored; undefined if there is none. */
  async findCorruptFile(entry: Entry): Promise<string | undefined> {
    for (const file of entry.record.files) {
      const path = join(entry.folder, file.path);
      if ((await ifReadable(hashFile(path))) !== file.sha256) return file.path;
      // It was touched or copied. With its time restored, it need not be hashed again.
      if (!(await looksUnchanged(path, file)))
        await markUnchanged(path, file.modified).catch(() => undefined);
    }
    return undefined;
  }

  /** Marks an entry as recently used, so that `gc` does not remove it early. */
  async touch(entry: Entry): Promise<void> {
    const now = new Date();
    // A store that can only be read is usable, too.
    await utimes(join(entry.folder, '..', 'record.json'), now, now).catch(() => undefined);
  }

  /** Moves an entry to `damaged/`, where it can be inspected. False if it does not exist. */
  async quarantine(hash: string): Promise<boolean> {
    const target = join(this.folder, 'damaged', `${hash}-${randomBytes(4).toString('hex')}`);
    try {
      await makeFolder(dirname(target));
      await move(this.path(hash), target);
      return true;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return false;
      throw fileFailure(error, target);
    }
  }

  /** Starts an entry. With `replace`, the new entry replaces one of the same key. */
  async draft(hash: string, options: { readonly replace: boolean }): Promise<Draft> {
    const temporary = join(this.folder, 'tmp', randomBytes(8).toString('hex'));
    const ownerPath = `${temporary}.owner`;
    const folder = join(temporary, 'artifacts');
    let owner: OwnerFile | undefined;
    const discard = async (): Promise<void> => {
      const file = owner;
      owner = undefined;
      if (file === undefined) return;
      await removeAll(temporary);
      await file.remove(ownerPath);
    };
    try {
      await makeFolder(dirname(temporary));
      // Created before the folder and removed after it: a folder without an owner counts as a leftover.
      owner = await OwnerFile.create(ownerPath);
      await makeFolder(folder);
    } catch (error) {
      await discard().catch(() => undefined);
      throw fileFailure(error, folder);
    }
    const commit = async (description: Omit<EntryRecord, 'files'>): Promise<Entry> => {
      try {
        const record: EntryRecord = { ...description, files: await seal(folder) };
        await (await writeNew(join(temporary, 'record.json'), Buffer.from(formatRecord(record)))).close();
        await syncFolder(temporary);
        return await this.#publish(hash, temporary, record, options.replace);
      } catch (error) {
        throw fileFailure(error, this.path(hash));
      } finally {
        // If it cannot be removed now, for example on a failing disk, the next run removes it.
        await discard().catch(() => undefined);
      }
    };
    return { folder, commit, discard };
  }

  async #publish(hash: string, temporary: string, record: EntryRecord, replace: boolean): Promise<Entry> {
    const target = this.path(hash);
    await makeFolder(dirname(target));
    if (replace) await this.remove(hash);
    while (!(await moved(temporary, target))) {
      // Another process stored the same key first, and its entry is as good as ours; or the existing entry is damaged.
      const other = await this.lookup(hash);
      if (other !== undefined && (await this.findCorruptFile(other)) === undefined) return other;
      await this.remove(hash);
    }
    await syncFolder(dirname(target));
    return { hash, folder: join(target, 'artifacts'), record };
  }

  /**
   * The lock of a pipeline's outputs. Outputs folders that share a store have separate locks. Pipeline names contain no `@`.
   *
   * @param outputs path of the outputs folder
   */
  lockFile(outputs: string, name: string): string {
    const folder = basename(outputs);
    const where = folder === 'outputs' ? '' : `@${sha256(folder).slice(0, 12)}`;
    return join(this.folder, 'locks', `${name}${where}.lock`);
  }

  /** The folder of the earlier runs of a pipeline. Outputs folders that share a store have separate runs. */
  runsFolder(outputs: string, name: string): string {
    return join(this.folder, RUNS, basename(this.lockFile(outputs, name), '.lock'));
  }

  /** Marks the store, so that version control and backups ignore it. */
  async mark(): Promise<void> {
    await markIgnored(this.folder);
    await writeMissing(join(this.folder, 'CACHEDIR.TAG'), CACHE_TAG);
  }

  /** Names of all entries. */
  async hashes(): Promise<readonly string[]> {
    const hashes: string[] = [];
    for (const prefix of await namesIn(join(this.folder, 'store')))
      hashes.push(...(await namesIn(join(this.folder, 'store', prefix))));
    return hashes.sort();
  }

  /** The folder of a key's entry and record. */
  path(hash: string): string {
    return join(this.folder, 'store', hash.slice(0, 2), hash);
  }

  /** Paths of drafts, pending locks and unfinished checkpoints that belong to no running process. */
  async leftovers(): Promise<readonly string[]> {
    const folder = join(this.folder, 'tmp');
    const left: string[] = [];
    const names = await namesIn(folder);
    for (const draft of new Set(names.map((name) => name.replace(/\.owner$/, '')))) {
      const owner = await findOwner(join(folder, `${draft}.owner`));
      if (owner?.alive === true) continue;
      // The folder first: if its owner's file went first, a folder that was not removed would have no owner.
      left.push(...[draft, `${draft}.owner`].filter((name) => names.includes(name)));
    }
    const locks = (await namesIn(join(this.folder, 'locks')))
      .filter((name) => PENDING_LOCK.test(name))
      .map((name) => join(this.folder, 'locks', name));
    const dead: string[] = [];
    for (const path of locks) if ((await findOwner(path))?.alive === false) dead.push(path);
    return [...left.map((name) => join(folder, name)), ...dead, ...(await this.#begunCheckpoints())];
  }

  /** Unfinished files among the checkpoints that are so old that no process can still be writing them. */
  async #begunCheckpoints(): Promise<readonly string[]> {
    const folder = join(this.folder, 'checkpoints');
    const names = (await ifReadable(readdir(folder, { recursive: true }))) ?? [];
    const old: string[] = [];
    for (const path of names.filter((name) => TEMPORARY.test(basename(name)))) {
      const begun = await lstat(join(folder, path)).catch(() => undefined);
      if (begun?.isFile() === true && Date.now() - begun.mtimeMs > LONGEST_WRITE)
        old.push(join(folder, path));
    }
    return old;
  }

  /** Removes what killed processes left behind. */
  async removeLeftovers(): Promise<void> {
    for (const path of await this.leftovers()) await removeAll(path);
  }

  /** Removes an entry. It is first renamed, so an incomplete entry is never visible. */
  async remove(hash: string): Promise<void> {
    const grave = join(this.folder, 'tmp', randomBytes(8).toString('hex'));
    await makeFolder(dirname(grave));
    try {
      await move(this.path(hash), grave);
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return;
      throw error;
    }
    await removeAll(grave);
  }
}

/** Moves a folder to a new path; false if the path exists. */
async function moved(from: string, to: string): Promise<boolean> {
  try {
    await move(from, to);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(errorCode(error))) return false;
    throw error;
  }
}
