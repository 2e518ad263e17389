/**
 * Moving and removing files that other programs may have open. Windows refuses this even if the other program only reads, such as
 * a virus scanner or a viewer. Most programs close the file soon, so the operation is retried for a while.
 */
import { chmod, lstat, rename, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Errors that Windows reports for a file that is open, read-only or being deleted. It reports the same for missing permissions.
 */
const REFUSALS: ReadonlySet<string> = new Set(['EBUSY', 'EPERM', 'EACCES']);

/** Between two tries, in milliseconds; about three seconds in total. */
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
 * Retries an operation that Windows may refuse at first.
 *
 * @throws the error of the last try
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
      // Windows reports the same error for an open file, a read-only one, and a folder, which is never replaced.
      if (there?.isDirectory() === true) throw Object.assign(new Error('EEXIST'), { code: 'EEXIST' });
      if (there !== undefined) await chmod(to, 0o666).catch(() => undefined);
      throw error;
    }
  });
}

/** Removes a file, if it exists. */
export async function remove(path: string): Promise<void> {
  await patiently(() => rm(path, { force: true }));
}

/** Removes a file, or a folder with its content, if it exists. */
export async function removeAll(path: string): Promise<void> {
  await patiently(() => rm(path, { recursive: true, force: true }));
}
