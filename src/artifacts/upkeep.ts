/** Keeping a store in order: what is in it, whether it is sound, and making room. */
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../core/diagnostic.ts';
import { fileFailure } from './atomic.ts';
import { takeLock } from './lock.ts';
import type { Store } from './store.ts';
import type { Workspace } from './workspace.ts';

export interface Tally {
  readonly entries: number;
  readonly bytes: number;
}

/** An entry as upkeep sees it. */
export interface Holding {
  readonly hash: string;
  /** Of the stage that made it; absent if the record cannot be read. */
  readonly type?: string;
  readonly bytes: number;
  /** When a run used it last, in milliseconds since 1970. */
  readonly used: number;
}

export interface Survey {
  readonly holdings: readonly Holding[];
  /** Entries that were set aside. */
  readonly damaged: Tally;
  /** What stages at work have written so far. */
  readonly drafts: Tally;
  /** What killed runs left. */
  readonly leftovers: Tally;
}

export async function survey(store: Store): Promise<Survey> {
  const holdings: Holding[] = [];
  for (const hash of await store.hashes()) {
    const folder = store.path(hash);
    const found = await store.find(hash);
    const type = found.state === 'present' ? found.entry.record.key['type'] : undefined;
    const record = await lstat(join(folder, 'record.json')).catch(() => undefined);
    holdings.push({
      hash,
      ...(typeof type === 'string' ? { type } : {}),
      bytes: await bytesBelow(folder),
      used: record?.mtimeMs ?? 0,
    });
  }
  const left = new Set(await store.leftovers());
  const temporary = await pathsIn(join(store.folder, 'tmp'));
  return {
    holdings,
    damaged: await tallyPaths(await pathsIn(join(store.folder, 'damaged'))),
    drafts: await tallyPaths(temporary.filter((path) => !left.has(path) && !path.endsWith('.owner'))),
    leftovers: await tallyPaths([...left]),
  };
}

export function tally(holdings: readonly Holding[]): Tally {
  return { entries: holdings.length, bytes: holdings.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Hashes of all results that some workspaces show. */
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
  /** The file that is not what was stored. */
  readonly part: string;
}

export interface Verification {
  /** Entries and bytes that were read. */
  readonly checked: Tally;
  readonly damaged: readonly Damage[];
}

/** Reads every entry and compares it with its hashes; takes those that differ out of use. */
export async function verifyStore(store: Store): Promise<Verification> {
  const { holdings } = await survey(store);
  const damaged: Damage[] = [];
  for (const { hash, type } of holdings) {
    const found = await store.find(hash);
    if (found.state === 'absent') continue;
    const part = found.state === 'damaged' ? found.part : await store.damage(found.entry);
    if (part !== undefined && (await store.setAside(hash)))
      damaged.push({ hash, ...(type === undefined ? {} : { type }), part });
  }
  return { checked: tally(holdings), damaged };
}

export interface Collection {
  /** What was removed: entries that nothing shows, damaged ones, and what killed runs left. */
  readonly removed: Tally;
  /** Entries that remain. */
  readonly kept: Tally;
}

/**
 * Makes room: removes damaged entries and leftovers, then the least recently used entries until the others take no more than
 * `maxBytes`. Entries in `shown` stay in any case.
 */
export async function collect(
  store: Store,
  options: {
    readonly shown: ReadonlySet<string>;
    readonly maxBytes: number;
    /** Only count what would be removed. */
    readonly dryRun: boolean;
  },
): Promise<Collection> {
  const { holdings, damaged, leftovers } = await survey(store);
  const removed: Holding[] = [];
  let bytes = tally(holdings).bytes;
  for (const holding of [...holdings].sort((a, b) => a.used - b.used)) {
    if (bytes <= options.maxBytes) break;
    if (options.shown.has(holding.hash)) continue;
    removed.push(holding);
    bytes -= holding.bytes;
  }
  if (!options.dryRun) {
    try {
      for (const { hash } of removed) await store.remove(hash);
      await store.removeLeftovers();
      await rm(join(store.folder, 'damaged'), { recursive: true, force: true });
    } catch (error) {
      throw fileFailure(error, store.folder);
    }
  }
  const gone = tally(removed);
  return {
    removed: {
      entries: gone.entries + damaged.entries,
      bytes: gone.bytes + damaged.bytes + leftovers.bytes,
    },
    kept: { entries: holdings.length - removed.length, bytes },
  };
}

/**
 * Keeps pipelines from being run until `release` is called.
 *
 * @param names of pipelines; or all that are or were run with this store
 * @throws Failure `run-locked` if one of them is at work
 */
export async function holdRuns(store: Store, names: readonly string[] | 'all'): Promise<() => Promise<void>> {
  const folder = join(store.folder, 'locks');
  const locked = (await readdir(folder).catch(() => []))
    .filter((name) => name.endsWith('.lock'))
    .map((name) => name.slice(0, -'.lock'.length));
  const releases: (() => Promise<void>)[] = [];
  const release = async (): Promise<void> => {
    for (const one of releases) await one();
  };
  for (const name of names === 'all' ? locked : names) {
    const result = await takeLock(join(folder, `${name}.lock`));
    if (result.state === 'taken') {
      releases.push(result.release);
      continue;
    }
    await release();
    throw failure(
      'run-locked',
      `\`${name}\` is being run by process ${result.owner.pid} on ${result.owner.host}`,
      'wait for it, or stop it',
    );
  }
  return release;
}

async function tallyPaths(paths: readonly string[]): Promise<Tally> {
  let bytes = 0;
  for (const path of paths) bytes += await bytesBelow(path);
  return { entries: paths.length, bytes };
}

async function pathsIn(folder: string): Promise<readonly string[]> {
  return (await readdir(folder).catch(() => [])).map((name) => join(folder, name));
}

/** Bytes of a file, or of all files below a folder. */
async function bytesBelow(path: string): Promise<number> {
  let bytes = 0;
  const names = await readdir(path, { recursive: true }).catch(() => []);
  for (const name of ['', ...names]) {
    const found = await lstat(join(path, name)).catch(() => undefined);
    if (found?.isFile() === true) bytes += found.size;
  }
  return bytes;
}
