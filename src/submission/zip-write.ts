/** Writes the archives of submissions. */
import { constants, deflateRaw } from 'node:zlib';
import { promisify } from 'node:util';
import { zip, type ZipEntry } from '../formats/zip.ts';
import { LIMITS } from './limits.ts';

export function writeZip(entries: readonly ZipEntry[]): Promise<Uint8Array> {
  return zip(entries, shrinks);
}

/** Whether deflating saves space, without a ratio that a reader would take for a zip bomb. */
async function shrinks(data: Buffer): Promise<boolean> {
  const { length } = await promisify(deflateRaw)(data, { level: constants.Z_DEFAULT_COMPRESSION });
  return length < data.length && data.length <= length * (LIMITS.ratio / 2);
}
