/** One run of a pipeline at a time. A lock names its owner, so that a dead owner's lock is taken over. */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isJsonObject } from '../core/json.ts';
import { errorCode, fileFailure } from './atomic.ts';
import { isAlive, processStart } from './process.ts';

export interface LockOwner {
  readonly pid: number;
  readonly host: string;
  /** When the process started, in the system's own units: tells a reused process number. Empty where unknown. */
  readonly processStart: string;
  /** ISO 8601. */
  readonly since: string;
}

/** Removing a stale lock takes a moment; whoever seems to need longer has died over it. */
const MENDING_MILLISECONDS = 10_000;

export type LockResult =
  | { readonly state: 'taken'; release(): Promise<void> }
  | { readonly state: 'held'; readonly owner: LockOwner };

/**
 * Takes a lock file, or says who holds it. A lock whose owner is dead on this machine is taken over; one from another
 * machine is respected, since nothing can be known of its owner.
 */
export async function takeLock(path: string): Promise<LockResult> {
  const mine: LockOwner = {
    pid: process.pid,
    host: hostname(),
    processStart: processStart(process.pid),
    since: new Date().toISOString(),
  };
  const unique = `${path}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(unique, JSON.stringify(mine), { flush: true });
    for (;;) {
      // A link appears with its content, and only one process can make it.
      if (await linked(unique, path)) return { state: 'taken', release: () => rm(path, { force: true }) };
      const owner = await readOwner(path);
      if (owner !== undefined && isHeld(owner)) return { state: 'held', owner };
      await removeStale(path, unique);
    }
  } catch (error) {
    throw fileFailure(error, path);
  } finally {
    await rm(unique, { force: true }).catch(() => undefined);
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  return link(from, to).then(
    () => true,
    (error: unknown) => {
      if (errorCode(error) === 'EEXIST') return false;
      throw error;
    },
  );
}

function isHeld(owner: LockOwner): boolean {
  if (owner.host !== hostname()) return true;
  if (!isAlive(owner.pid)) return false;
  const start = processStart(owner.pid);
  return start === '' || owner.processStart === '' || start === owner.processStart;
}

/**
 * Removes a dead owner's lock, one process at a time: without the second lock, a slow process could remove the lock
 * that a quick one has just taken.
 */
async function removeStale(path: string, unique: string): Promise<void> {
  const mending = `${path}.mending`;
  if (!(await linked(unique, mending))) {
    const found = await stat(mending).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > MENDING_MILLISECONDS)
      await rm(mending, { force: true });
    await sleep(5);
    return;
  }
  try {
    const owner = await readOwner(path);
    if (owner === undefined || !isHeld(owner)) await rm(path, { force: true });
  } finally {
    await rm(mending, { force: true });
  }
}

async function readOwner(path: string): Promise<LockOwner | undefined> {
  const text = await readFile(path, 'utf8').catch(() => '');
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return undefined;
    const { pid, host, processStart, since } = value;
    return typeof pid === 'number' &&
      typeof host === 'string' &&
      typeof processStart === 'string' &&
      typeof since === 'string'
      ? { pid, host, processStart, since }
      : undefined;
  } catch {
    return undefined;
  }
}
