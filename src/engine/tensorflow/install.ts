/** Installs TensorFlow on this machine, once for all checkouts of a user. */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeFolder, writeFileAtomic } from '../../files/atomic.ts';
import { lockLost, takeLock, type HeldLock } from '../../files/lock.ts';
import { CACHE_TAG, writeMissing } from '../../files/marks.ts';
import type { Owner } from '../../files/owner.ts';
import { isAlive } from '../../files/process.ts';
import { Failure, failure } from '../../core/diagnostic.ts';
import type { EngineChoice, EngineIdentity } from '../engine.ts';
import { engineIdentity } from '../identity.ts';
import type { InstallProgress } from './install/command.ts';
import { areKernelsSettled, installKernels, removeKernelDrafts } from './install/compile-kernels.ts';
import { chosenRoute } from './install/routes.ts';
import { stripLibraries } from './install/strip.ts';
import {
  cacheFolder,
  engineFolder,
  readEngineRecord,
  readInstallFailure,
  installFailureFile,
  namedFolder,
  type EngineRecord,
} from './location.ts';
import { hasTensorFlow, PLATFORM, WHEELS } from './pins.ts';

export interface EnsuredEngine {
  readonly identity: EngineIdentity;
  /** One line: the portable engine is used, and what another engine needs. */
  readonly notice?: string;
}

/**
 * Makes sure that there is an engine: installs TensorFlow on first use; if that fails and `auto` was chosen, the portable engine
 * is used. A failed attempt is remembered; `installEngine` tries again.
 *
 * @throws Failure `engine-install-failed` or `engine-missing` if `native` was chosen and is not available; `interrupted`
 */
export async function ensureEngine(
  choice: EngineChoice,
  onProgress: InstallProgress,
  signal: AbortSignal,
): Promise<EnsuredEngine> {
  if (choice === 'portable') return { identity: await engineIdentity('portable') };
  const record = await readEngineRecord();
  if (record !== undefined) {
    await removeKernelDrafts();
    if (!areKernelsSettled(record)) await addKernels(onProgress, signal);
    return { identity: await engineIdentity('native') };
  }
  // No notice is needed: nothing can be done about it, and nothing is missing.
  if (choice === 'auto' && !hasTensorFlow()) return { identity: await engineIdentity('portable') };
  const failed = choice === 'auto' ? await readInstallFailure() : undefined;
  if (failed !== undefined) return portable(failed);
  try {
    await installEngine(onProgress, signal);
    return { identity: await engineIdentity('native') };
  } catch (error) {
    if (choice === 'native' || signal.aborted || !(error instanceof Failure)) throw error;
    const reason = error.diagnostics.map(({ message, hint }) =>
      hint === undefined ? message : `${message} (${hint})`,
    );
    // A failure with a folder that the user names says nothing about other runs. If the cache cannot be written, the next run tries
    // again: that is no reason for this run to fail.
    if (namedFolder() === undefined) {
      const note = `${JSON.stringify({ reason: reason.join('; ') })}\n`;
      await writeFileAtomic(installFailureFile(), note).catch(() => undefined);
    }
    return portable(reason.join('; '));
  }
}

/** To an engine that is there. Where nothing can be written, as in another user's cache, it serves without them. */
async function addKernels(onProgress: InstallProgress, signal: AbortSignal): Promise<void> {
  try {
    await installEngine(onProgress, signal);
  } catch (error) {
    if (!(error instanceof Failure) || signal.aborted) throw error;
  }
}

async function portable(reason: string): Promise<EnsuredEngine> {
  return {
    identity: await engineIdentity('portable'),
    notice: `portable (programs in WebAssembly); \`hourglass engine install\` adds TensorFlow, which could not be installed: ${reason}`,
  };
}

/**
 * Installs TensorFlow. If several processes do so at once, one installs it and the others wait; what a killed installation left
 * is removed.
 *
 * @throws Failure `engine-missing` on a platform that has no build, `engine-install-failed` with the reason
 */
export async function installEngine(onProgress: InstallProgress, signal: AbortSignal): Promise<EngineRecord> {
  const folder = engineFolder();
  for (;;) {
    const lock = await takeLock(`${folder}.lock`, 'choose another with `HOURGLASS_CACHE`');
    if (lock.state === 'taken') {
      try {
        // Backups leave it out. Where that cannot be written, the installation says why.
        await writeMissing(join(cacheFolder(), 'CACHEDIR.TAG'), CACHE_TAG).catch(() => undefined);
        const own = AbortSignal.any([signal, lock.lost]);
        const known = await readEngineRecord();
        const record = known ?? (await installHere(folder, lock, onProgress, own));
        if (known !== undefined) await shorten(known, folder);
        await installKernels(record, onProgress, own);
        return record;
      } catch (error) {
        throw lock.lost.aborted ? lockLost() : error;
      } finally {
        await lock.release();
      }
    }
    onProgress(describeWait(lock.owner, `${folder}.lock`));
    await sleep(500, undefined, { signal }).catch(() => {
      throw failure('interrupted', 'stopped while waiting for TensorFlow');
    });
  }
}

/** Earlier versions kept the libraries whole. A folder that the user named is not ours to change. */
async function shorten({ route }: EngineRecord, folder: string): Promise<void> {
  const pin = WHEELS[PLATFORM];
  if (route !== 'folder' && pin !== undefined) await stripLibraries(folder, pin);
}

/** Nothing can be known about another machine's process, so only the user can tell whether it is still running. */
function describeWait({ pid, host }: Owner, path: string): string {
  return host === hostname()
    ? `waiting for process ${pid}, which is installing TensorFlow`
    : `waiting for process ${pid} on ${host}, which is installing TensorFlow; if it no longer exists, delete \`${path}\``;
}

async function installHere(
  folder: string,
  lock: HeldLock,
  onProgress: InstallProgress,
  signal: AbortSignal,
): Promise<EngineRecord> {
  await removeLeftovers(folder);
  const route = chosenRoute();
  if (signal.aborted) throw failure('interrupted', 'stopped while installing TensorFlow');
  const draft = `${folder}.tmp-${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    await makeFolder(draft);
    const made = await route.install({ folder: draft, onProgress, signal });
    const record: EngineRecord = {
      tensorflow: made.tensorflow,
      platform: PLATFORM,
      route: route.name,
      addon: made.addon.startsWith(draft) ? join(folder, basename(made.addon)) : made.addon,
      ...(route.source === undefined ? {} : { source: route.source }),
      installed: new Date().toISOString(),
    };
    await writeFileAtomic(join(draft, 'engine.json'), `${JSON.stringify(record, null, 2)}\n`);
    await lock.check();
    await rm(folder, { recursive: true, force: true });
    await rename(draft, folder);
    await rm(installFailureFile(), { force: true });
    return record;
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
}

/** Removes drafts whose processes have ended. */
async function removeLeftovers(folder: string): Promise<void> {
  const parent = dirname(folder);
  if (!existsSync(parent)) return;
  const prefix = `${basename(folder)}.tmp-`;
  for (const name of await readdir(parent)) {
    if (!name.startsWith(prefix) || isAlive(Number(name.slice(prefix.length).split('-')[0]))) continue;
    await rm(join(parent, name), { recursive: true, force: true });
  }
}

/** Removes the engine. Returns whether there was one. */
export async function removeEngine(): Promise<boolean> {
  const folder = engineFolder();
  const there = existsSync(folder);
  await rm(folder, { recursive: true, force: true });
  await rm(installFailureFile(), { force: true });
  await removeLeftovers(folder);
  return there;
}
