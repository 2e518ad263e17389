/**
 * Moving and removing what other programs may have open. Elsewhere that is no hindrance; Windows refuses it, also to a program that only
 * reads, such as a virus scanner or a viewer. Most let go within a moment, so it is tried again for a while.
 */
import { chmod, lstat, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/** What Windows says of a file that is open, read only, or about to vanish. It says the same where rights are missing. */
const REFUSALS: ReadonlySet<string> = new Set(['EBUSY', 'EPERM', 'EACCES']);

/** In milliseconds, between two tries; together some three seconds. */
const PAUSES = [10, 20, 50, 100, 200, 400, 800, 1500] as const;

/** Whether an error may mean that another program has the file open. */
export function mayBeInUse(error: unknown, platform: NodeJS.Platform = process.platform): boolean {
  return (
    platform === 'win32' &&
    error instanceof Error &&
    'code' in error &&
    typeof error.code === 'string' &&
    REFUSALS.has(error.code)
  );
}

/**
 * Does something that Windows may refuse at first.
 *
 * @throws what it refused with at last
 */
export async function patiently<Value>(
  action: () => Promise<Value>,
  { platform = process.platform, pauses = PAUSES }: PatienceOptions = {},
): Promise<Value> {
  for (const pause of pauses) {
    try {
      return await action();
    } catch (error) {
      if (!mayBeInUse(error, platform)) throw error;
      await sleep(pause);
    }
  }
  return action();
}

export interface PatienceOptions {
  readonly platform?: NodeJS.Platform;
  readonly pauses?: readonly number[];
}

/** Renames a file or a folder; a file in its place is replaced. */
export async function move(from: string, to: string): Promise<void> {
  await patiently(async () => {
    try {
      await rename(from, to);
    } catch (error) {
      const there = mayBeInUse(error) ? await lstat(to).catch(() => undefined) : undefined;
      // Windows has one word for all: what is open, what is read only, and a folder, which is never replaced.
      if (there?.isDirectory() === true) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
      if (there !== undefined) await chmod(to, 0o666).catch(() => undefined);
      throw error;
    }
  });
}

/** Removes a file, if it is there. */
export async function remove(path: string): Promise<void> {
  await patiently(() => rm(path, { force: true }));
}

/** Removes a file, or a folder with all that is in it, if it is there. */
export async function removeAll(path: string): Promise<void> {
  await patiently(() => rm(path, { recursive: true, force: true }));
}
