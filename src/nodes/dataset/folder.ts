/** Image files below a folder: flat, or with one folder of them for each class. */
import { open, readdir, readFile, stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import type { Json } from '../../core/json.ts';
import type { ImageFile } from './collect.ts';

/** The largest file that is read, in bytes. */
export const FILE_LIMIT = 2 ** 26;

const IMAGE_NAME = /\.(?:png|jpe?g)$/i;

/**
 * The images in order of their names. Links are left out: they could lead anywhere.
 *
 * @throws Failure `data-missing` if there is no folder, or no image in it
 */
export async function listFolder(folder: string): Promise<readonly ImageFile[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => {
    throw failure(
      'data-missing',
      `the folder \`${folder}\` cannot be read`,
      'paths are relative to the pipeline file',
    );
  });
  const files: ImageFile[] = entries
    .filter((entry) => entry.isFile() && IMAGE_NAME.test(entry.name))
    .map(({ name }) => ({ name, read: () => readLimited(join(folder, name)) }));
  for (const { name: className } of entries.filter((entry) => entry.isDirectory())) {
    const inner = await readdir(join(folder, className), { withFileTypes: true });
    for (const entry of inner) {
      if (!entry.isFile() || !IMAGE_NAME.test(entry.name)) continue;
      const path = join(folder, className, entry.name);
      files.push({ name: `${className}/${entry.name}`, className, read: () => readLimited(path) });
    }
  }
  if (files.length === 0) throw failure('data-missing', `\`${folder}\` holds no PNG or JPEG files`);
  return files.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function readLimited(path: string): Promise<Uint8Array> {
  const { size } = await stat(path);
  if (size > FILE_LIMIT) throw failure('data-corrupt', `has ${size} bytes, more than ${FILE_LIMIT}`);
  return readFile(path);
}

/** SHA-256 of a file, or of all images below a folder with their names; null where there is nothing to read. */
export async function identityOf(path: string): Promise<Json> {
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) return null;
  const hash = createHash('sha256');
  if (found.isDirectory()) {
    for (const file of await listFolder(path).catch(() => [])) {
      const bytes = await file.read().catch(() => Buffer.of());
      hash.update(`${file.name}\n${bytes.length}\n`).update(bytes);
    }
  } else {
    const file = await open(path, 'r');
    try {
      for await (const chunk of file.createReadStream({ highWaterMark: 1 << 20 }))
        hash.update(chunk as Buffer);
    } finally {
      await file.close();
    }
  }
  return hash.digest('hex');
}
