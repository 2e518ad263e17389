/** Writes zip files: equal contents give equal bytes. */
import { buffer } from 'node:stream/consumers';
import yazl from 'yazl';

export interface ZipEntry {
  /** Relative, with `/`. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** Zip stores local times without a time zone. This is its earliest time, the same in every zone. */
const TIME = new Date(1980, 0, 1);
const MODE = 0o100644;

/**
 * Packs files in the order of their names, with the same time and mode and no other attributes.
 *
 * @param compresses whether a file is deflated; otherwise it is stored
 */
export async function zip(
  entries: readonly ZipEntry[],
  compresses: (data: Buffer) => Promise<boolean> | boolean,
): Promise<Uint8Array> {
  const file = new yazl.ZipFile();
  const whole = buffer(file.outputStream);
  for (const { path, data } of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const compress = await compresses(bytes);
    file.addBuffer(bytes, path, { mtime: TIME, mode: MODE, forceDosTimestamp: true, compress });
  }
  file.end();
  return whole;
}
