/** Allows one run of a pipeline at a time. A lock names its owner, so the lock of a dead owner can be taken over. */
import { randomBytes } from 'node:crypto';
import { link, readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure, type Failure } from '../core/diagnostic.ts';
import { errorCode, fileFailure, makeFolder } from './atomic.ts';
import { patiently, remove } from './in-use.ts';
import { findOwner, isAt, OwnerFile, type Owner } from './owner.ts';

export type LockResult = HeldLock | { readonly state: 'held'; readonly owner: Owner };

/** Identifies a lock file, so that another process of its owner can check that it is still the same. */
export interface LockMark {
  readonly path: string;
  readonly identity: string;
}

/** A lock held by this process. It is lost if its heartbeat stops for too long, for example while the process is suspended. */
export interface HeldLock {
  readonly state: 'taken';
  readonly mark: LockMark;
  /** Aborted once it is known that the lock was lost. */
  readonly lost: AbortSignal;
  /**
   * Called before anything is written that the lock protects.
   *
   * @throws Failure `lock-lost`
   */
  check(): Promise<void>;
  release(): Promise<void>;
}

/** Whether the owner of a lock still has it. */
export async function isStillHeld(mark: LockMark): Promise<boolean> {
  return isAt(mark.path, mark.identity);
}

export function lockLost(): Failure {
  return failure(
    'lock-lost',
    'this process was suspended for too long, and another took over its lock: it stopped without writing anything more',
    'wait for the other process; then run the same command again',
  );
}

/** Names of files that are about to become a lock. A process killed at that moment leaves one behind. */
export const PENDING_LOCK = /\.lock\.\d+-[0-9a-f]{8}$/;

/**
 * Takes a lock file, or returns its holder. The lock of a dead owner is taken over: one on this machine whose process has ended,
 * or one on another machine whose heartbeat has stopped.
 *
 * @param elsewhere how to name another folder, if this one cannot be written
 */
export async function takeLock(path: string, elsewhere?: string): Promise<LockResult> {
  const unique = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  let mine: OwnerFile | undefined;
  let isTaken = false;
  try {
    await makeFolder(dirname(path));
    const file = await OwnerFile.create(unique);
    mine = file;
    for (;;) {
      // A link appears with its content, and only one process can create it.
      isTaken = await linked(unique, path);
      // A lock that cannot be removed soon belongs to a dead process.
      const release = (): Promise<void> => file.remove(path).catch(() => undefined);
      if (isTaken) {
        await file.reopen(path);
        await removePending(path).catch(() => undefined);
        return await held(file, path, release);
      }
      const holder = await findOwner(path);
      if (holder?.owner !== undefined && holder.alive) return { state: 'held', owner: holder.owner };
      await removeStale(path, unique);
    }
  } catch (error) {
    throw fileFailure(error, path, elsewhere);
  } finally {
    // The lock is another name of the same file, which stays open for its heartbeat.
    await (isTaken ? remove(unique) : mine?.remove(unique))?.catch(() => undefined);
  }
}

/** Removes pending files of processes that were killed while taking this lock. */
async function removePending(path: string): Promise<void> {
  for (const name of await readdir(dirname(path))) {
    if (!name.startsWith(`${basename(path)}.`) || !PENDING_LOCK.test(name)) continue;
    const pending = join(dirname(path), name);
    if ((await findOwner(pending))?.alive === false) await remove(pending);
  }
}

async function held(file: OwnerFile, path: string, release: () => Promise<void>): Promise<HeldLock> {
  const mark = { path, identity: await file.identity() };
  const controller = new AbortController();
  const look = async (): Promise<void> => {
    if (!(await isStillHeld(mark))) controller.abort();
  };
  file.onBeat = look;
  return {
    state: 'taken',
    mark,
    lost: controller.signal,
    async check() {
      if (!controller.signal.aborted) await look();
      if (controller.signal.aborted) throw lockLost();
    },
    release,
  };
}

async function linked(from: string, to: string): Promise<boolean> {
  // On Windows, the name of a removed file is not free until every process has closed the file.
  return patiently(() => link(from, to)).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    },
  );
}

/**
 * Removes a dead owner's lock, one process at a time. Without the second lock, a slow process could remove the lock that a fast
 * one has just taken.
 */
async function removeStale(path: string, unique: string): Promise<void> {
  const reclaim = `${path}.reclaim`;
  if (!(await linked(unique, reclaim))) {
    // The process that held the second lock may have died: its lock must not block the others forever.
    if ((await findOwner(reclaim))?.alive === false) await remove(reclaim);
    await sleep(5);
    return;
  }
  try {
    const holder = await findOwner(path);
    if (holder !== undefined && (holder.owner === undefined || !holder.alive)) await remove(path);
  } finally {
    await remove(reclaim);
  }
}
