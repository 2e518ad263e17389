/** The identity of a user's files and folders, for cache keys. */
import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { atSetting, failure } from '../../core/diagnostic.ts';
import type { Json } from '../../core/json.ts';
import { errorCode } from '../../files/atomic.ts';
import { shownName } from './names.ts';
import { withRegular } from './pictures/regular.ts';
import { Unusable } from './pictures/skipped.ts';
import type { ImageTree } from './pictures/tree.ts';

/** Lists the images of a folder. */
export type FolderLister = (folder: string) => Promise<ImageTree>;

/**
 * SHA-256 of a file; for a folder of images, of the names and bytes of the images and the names of skipped files.
 *
 * @param list lists a folder; without it, folders are refused
 * @throws Failure `data-missing` if nothing can be read
 */
export async function identityOf(path: string, list?: FolderLister): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    const code = errorCode(error);
    const what = code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be read (${code})`;
    throw failure('data-missing', `\`${shownName(path)}\` ${what}`);
  });
  const hash = createHash('sha256');
  try {
    if (found.isDirectory() && list !== undefined) await hashTree(hash, await list(path));
    else
      await withRegular(
        path,
        (file) => hashStream(hash, file.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })),
        { follow: true },
      );
  } catch (error) {
    throw error instanceof Unusable
      ? failure('data-missing', `\`${shownName(path)}\` ${error.message}`)
      : error;
  }
  return hash.digest('hex');
}

/** The same for a path in a setting, where errors are reported. */
export function identityAt(
  at: string | readonly string[],
  path: string,
  list?: FolderLister,
): Promise<string> {
  return atSetting(typeof at === 'string' ? [at] : at, () => identityOf(path, list));
}

async function hashStream(hash: Hash, chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const chunk of chunks) hash.update(chunk as Buffer);
}

async function hashTree(hash: Hash, { images, skipped, read: readAll }: ImageTree): Promise<void> {
  const add = (...values: readonly Json[]): void => void hash.update(`${JSON.stringify(values)}\n`);
  for await (const { name, read } of readAll(images)) {
    try {
      const bytes = await read();
      add(name, bytes.length);
      hash.update(bytes);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      add(name, error.kind);
    }
  }
  for (const { name, kind } of skipped) add(name, kind);
}
