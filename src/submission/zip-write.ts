/** Writes zip files: equal contents give equal bytes. */
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

/** Zip stores local times without a time zone. This is its earliest time, the same in every zone. */
const TIME = new Date(1980, 0, 1);
const MODE = 0o100644;

/** Packs files in the order of their names, with the same time and mode and no other attributes. */
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

/** Whether deflating saves space, without a ratio that a reader would take for a zip bomb. */
async function shrinks(data: Buffer): Promise<boolean> {
  const { length } = await promisify(deflateRaw)(data, { level: constants.Z_DEFAULT_COMPRESSION });
  return length < data.length && data.length <= length * (LIMITS.ratio / 2);
}
