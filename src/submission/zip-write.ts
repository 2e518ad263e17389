/** Zip files of which equal contents give equal bytes. */
import { constants, deflateRaw } from 'node:zlib';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import yazl from 'yazl';
import { LIMITS } from './limits.ts';

export interface ZipEntry {
  /** Relative, with `/`. */
  readonly path: string;
  readonly data: Uint8Array;
}

/** Zip keeps local times without a zone: this one is its first in every zone. */
const TIME = new Date(1980, 0, 1);
const MODE = 0o100644;

/** Packs files in the order of their names, with one time, one mode and no other attributes. */
export async function writeZip(entries: readonly ZipEntry[]): Promise<Uint8Array> {
  const zip = new yazl.ZipFile();
  const whole = buffer(zip.outputStream);
  for (const { path, data } of [...entries].sort((a, b) => (a.path < b.path ? -1 : 1))) {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const compress = await shrinks(bytes);
    zip.addBuffer(bytes, path, { mtime: TIME, mode: MODE, forceDosTimestamp: true, compress });
  }
  zip.end();
  return whole;
}

/** Whether deflating is worth it, and leaves no ratio that a reader would take for a bomb. */
async function shrinks(data: Buffer): Promise<boolean> {
  const { length } = await promisify(deflateRaw)(data, { level: constants.Z_DEFAULT_COMPRESSION });
  return length < data.length && data.length <= length * (LIMITS.ratio / 2);
}
