/** Files that tell version control and backup programs to ignore a folder. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from './atomic.ts';

/** As specified by https://bford.info/cachedir/. */
export const CACHE_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of Hourglass: everything in it can be made again.
`;

/**
 * Makes git ignore a folder, unless it already has a `.gitignore`.
 *
 * @throws Failure `disk-full` or `output-not-writable`
 */
export async function markIgnored(folder: string): Promise<void> {
  await writeMissing(join(folder, '.gitignore'), '*\n');
}

/** Writes a file, unless its name is taken. */
export async function writeMissing(path: string, text: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) === undefined) await writeFileAtomic(path, text);
}
