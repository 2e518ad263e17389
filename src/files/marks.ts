/** Files that tell other programs what a folder is: nothing for version control, and nothing for backups. */
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from './atomic.ts';

/** As https://bford.info/cachedir/ has it. */
export const CACHE_TAG = `Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of Hourglass: everything in it can be made again.
`;

/**
 * Keeps git from listing a folder, unless it has a `.gitignore` of its own.
 *
 * @throws Failure `disk-full` or `output-not-writable`
 */
export async function markIgnored(folder: string): Promise<void> {
  await writeMissing(join(folder, '.gitignore'), '*\n');
}

/** Writes a file, unless something has its name. */
export async function writeMissing(path: string, text: string): Promise<void> {
  if ((await lstat(path).catch(() => undefined)) === undefined) await writeFileAtomic(path, text);
}
