/** Maintenance of a store: lists its content, checks it, and frees space. */
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Failure, failure } from '../core/diagnostic.ts';
import { fileFailure } from '../files/atomic.ts';
import { removeAll } from '../files/in-use.ts';
import { takeLock, type HeldLock, type LockResult } from '../files/lock.ts';
import { findOwner, type Owner } from '../files/owner.ts';
import { ifReadable, namesIn } from '../files/present.ts';
import type { Store } from './store.ts';
import type { Workspace } from './workspace.ts';

export interface Tally {
  readonly entries: number;
  readonly bytes: number;
}

/** Something in the store that can be removed to free space. */
export interface Holding {
  readonly bytes: number;
  /** When a run last used it, in milliseconds since 1970. */
  readonly used: number;
}

export interface HeldEntry extends Holding {
  readonly hash: string;
  /** Type of the stage that produced it; absent if the record cannot be read. */
  readonly type?: string;
  /** The version of Hourglass that made it; absent if the record does not say. */
  readonly hourglass?: string;
}

/** The checkpoints of one training; its lineage is the name of their folder. */
export interface HeldCheckpoints extends Holding {
  readonly lineage: string;
}

export interface Survey {
  readonly entries: readonly HeldEntry[];
  readonly checkpoints: readonly HeldCheckpoints[];
  /** Entries moved to `damaged/`. */
  readonly damaged: Tally;
  /** What running stages have written so far. */
  readonly drafts: Tally;
  /** Leftovers of killed runs. */
  readonly leftovers: Tally;
}

export async function survey(store: Store): Promise<Survey> {
  const entries: HeldEntry[] = [];
  for (const hash of await store.hashes()) {
    const folder = store.path(hash);
    const found = await store.find(hash);
    const { key, hourglass } = found.state === 'present' ? found.entry.record : {};
    const type = key?.['type'];
    const record = await lstat(join(folder, 'record.json')).catch(() => undefined);
    entries.push({
      hash,
      ...(typeof type === 'string' ? { type } : {}),
      ...(hourglass === undefined ? {} : { hourglass }),
      bytes: (await measure(folder)).bytes,
      used: record?.mtimeMs ?? 0,
    });
  }
  const checkpoints: HeldCheckpoints[] = [];
  for (const path of await pathsIn(join(store.folder, 'checkpoints'))) {
    const { bytes, changed } = await measure(path);
    checkpoints.push({ lineage: basename(path), bytes, used: changed });
  }
  const left = new Set(await store.leftovers());
  const temporary = await pathsIn(join(store.folder, 'tmp'));
  return {
    entries,
    checkpoints,
    damaged: await summarizePaths(await pathsIn(join(store.folder, 'damaged'))),
    drafts: await summarizePaths(temporary.filter((path) => !left.has(path) && !path.endsWith('.owner'))),
    leftovers: await summarizePaths([...left]),
  };
}

export function summarize(holdings: readonly Holding[]): Tally {
  return { entries: holdings.length, bytes: holdings.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Hashes of all results that these workspaces show. */
export async function shownIn(workspaces: readonly Workspace[]): Promise<ReadonlySet<string>> {
  const hashes = new Set<string>();
  for (const workspace of workspaces) {
    const record = await workspace.readRun();
    for (const { hash } of Object.values(record?.stages ?? {})) if (hash !== undefined) hashes.add(hash);
  }
  return hashes;
}

export interface Damage {
  readonly hash: string;
  readonly type?: string;
  /** The file that differs from what was stored. */
  readonly part: string;
}

export interface Verification {
  /** Entries and bytes read. */
  readonly checked: Tally;
  readonly damaged: readonly Damage[];
}

/** Reads every entry and compares it with its hashes. Moves those that differ to `damaged/`. */
export async function verifyStore(store: Store): Promise<Verification> {
  const { entries } = await survey(store);
  const damaged: Damage[] = [];
  for (const { hash, type } of entries) {
    const found = await store.find(hash);
    if (found.state === 'absent') continue;
    const part = found.state === 'damaged' ? found.part : await store.findCorruptFile(found.entry);
    if (part !== undefined && (await store.quarantine(hash)))
      damaged.push({ hash, ...(type === undefined ? {} : { type }), part });
  }
  return { checked: summarize(entries), damaged };
}

export interface Collection {
  /** What was removed: results that no outputs link to, checkpoints, damaged results, and leftovers of killed runs. */
  readonly removed: Tally;
  /** Results and checkpoints that remain. */
  readonly kept: Tally;
}

/**
 * Frees space: removes damaged entries and leftovers, then the least recently used entries and checkpoints, until the rest takes
 * at most `maxBytes`. Entries in `shown` are never removed.
 */
export async function collectGarbage(
  store: Store,
  options: {
    readonly shown: ReadonlySet<string>;
    readonly maxBytes: number;
    /** Only count what would be removed. */
    readonly dryRun: boolean;
    /** Called before anything is removed: nothing may be removed after the locks were lost. */
    readonly check?: () => Promise<void>;
  },
): Promise<Collection> {
  const { entries, checkpoints, damaged, leftovers } = await survey(store);
  const removed: (HeldEntry | HeldCheckpoints)[] = [];
  const holdings = [...entries, ...checkpoints];
  let bytes = summarize(holdings).bytes;
  for (const holding of [...holdings].sort((a, b) => a.used - b.used)) {
    if (bytes <= options.maxBytes) break;
    if ('hash' in holding && options.shown.has(holding.hash)) continue;
    removed.push(holding);
    bytes -= holding.bytes;
  }
  if (!options.dryRun) {
    try {
      for (const holding of removed) {
        await options.check?.();
        if ('hash' in holding) await store.remove(holding.hash);
        else await removeAll(join(store.folder, 'checkpoints', holding.lineage));
      }
      await options.check?.();
      await store.removeLeftovers();
      await removeAll(join(store.folder, 'damaged'));
    } catch (error) {
      throw fileFailure(error, store.folder);
    }
  }
  const gone = summarize(removed);
  return {
    removed: {
      entries: gone.entries + damaged.entries,
      bytes: gone.bytes + damaged.bytes + leftovers.bytes,
    },
    kept: { entries: holdings.length - removed.length, bytes },
  };
}

/** Locks that keep pipelines from running. */
export interface LockedRuns {
  /**
   * Called before anything is removed.
   *
   * @throws Failure `lock-lost`; `run-locked` if a run began while the disk was too full for locks
   */
  check(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Keeps pipelines from running until `release` is called. On a full disk, locks cannot be created, but space must still be freed.
 * No run can create its lock either, and `check` takes the missing locks once there is space.
 *
 * @param names names of pipelines, or `all` that were ever run with this store
 * @param outputs the outputs folder of the named pipelines
 * @throws Failure `run-locked` if one of them is running
 */
export async function lockRuns(
  store: Store,
  names: readonly string[] | 'all',
  outputs = 'outputs',
): Promise<LockedRuns> {
  const folder = join(store.folder, 'locks');
  const paths =
    names === 'all'
      ? (await pathsIn(folder)).filter((path) => path.endsWith('.lock'))
      : names.map((name) => store.lockFile(outputs, name));
  const held = new Map<string, HeldLock>();
  const takeMissing = async (): Promise<void> => {
    for (const path of paths) {
      if (held.has(path)) continue;
      const result = await takeUnlessFull(path);
      if (result?.state === 'taken') held.set(path, result);
      if (result?.state === 'held') throw runLocked(path, result.owner);
    }
  };
  const release = async (): Promise<void> => {
    for (const lock of held.values()) await lock.release();
  };
  try {
    await takeMissing();
  } catch (error) {
    await release();
    throw error;
  }
  return {
    async check() {
      await takeMissing();
      for (const lock of held.values()) await lock.check();
    },
    release,
  };
}

/** Takes a lock; undefined if the disk is too full for it and nobody holds it. */
async function takeUnlessFull(path: string): Promise<LockResult | undefined> {
  try {
    return await takeLock(path);
  } catch (error) {
    if (!(error instanceof Failure) || error.diagnostics[0]?.code !== 'disk-full') throw error;
    const holder = await findOwner(path).catch(() => {
      throw error;
    });
    if (holder?.alive !== true) return undefined;
    if (holder.owner === undefined) throw error;
    return { state: 'held', owner: holder.owner };
  }
}

function runLocked(path: string, owner: Owner): Failure {
  return failure(
    'run-locked',
    `\`${basename(path).replace(/(?:@.*)?\.lock$/, '')}\` is being run by process ${owner.pid} on ${owner.host}`,
    'wait for it, or stop it',
  );
}

async function summarizePaths(paths: readonly string[]): Promise<Tally> {
  let bytes = 0;
  for (const path of paths) bytes += (await measure(path)).bytes;
  return { entries: paths.length, bytes };
}

async function pathsIn(folder: string): Promise<readonly string[]> {
  return (await namesIn(folder)).map((name) => join(folder, name)).sort();
}

/** Bytes of a file, or of all files below a folder, and the time of the last change. */
async function measure(path: string): Promise<{ readonly bytes: number; readonly changed: number }> {
  let [bytes, changed] = [0, 0];
  const names = (await ifReadable(readdir(path, { recursive: true }))) ?? [];
  for (const name of ['', ...names]) {
    const found = await lstat(join(path, name)).catch(() => undefined);
    if (found?.isFile() !== true) continue;
    bytes += found.size;
    changed = Math.max(changed, found.mtimeMs);
  }
  return { bytes, changed };
}
