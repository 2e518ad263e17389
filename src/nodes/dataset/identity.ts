/** The identity of a user's files and folders, for cache keys. */
import { createHash, type Hash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { atSetting, failure } from '../../core/diagnostic.ts';
import type { Json } from '../../core/json.ts';
import { errorCode } from '../../files/atomic.ts';
import { listFolder } from './pictures/folder.ts';
import { shownName } from './names.ts';
import { withRegular } from './pictures/regular.ts';
import { Unusable } from './pictures/skipped.ts';

/**
 * SHA-256 of a file; for a folder of images, of the names and bytes of the images and the names of files that are passed over.
 *
 * @param without as in `listFolder`
 * @throws Failure `data-missing` where there is nothing that can be read
 */
export async function identityOf(path: string, without?: string): Promise<string> {
  const found = await stat(path).catch((error: unknown) => {
    const code = errorCode(error);
    const what = code === 'ENOENT' || code === 'ENOTDIR' ? 'does not exist' : `cannot be read (${code})`;
    throw failure('data-missing', `\`${shownName(path)}\` ${what}`);
  });
  const hash = createHash('sha256');
  try {
    if (found.isDirectory()) await hashFolder(hash, path, without);
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

/** The same of what a setting names: what is wrong with it is told there. */
export function identityAt(key: string, path: string, without?: string): Promise<string> {
  return atSetting([key], () => identityOf(path, without));
}

async function hashStream(hash: Hash, chunks: AsyncIterable<unknown>): Promise<void> {
  for await (const chunk of chunks) hash.update(chunk as Buffer);
}

async function hashFolder(hash: Hash, folder: string, without: string | undefined): Promise<void> {
  const { loose, sorted, skipped } = await listFolder(folder, without);
  const add = (...values: readonly Json[]): void => void hash.update(`${JSON.stringify(values)}\n`);
  for (const { name, read } of [...loose, ...sorted]) {
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
