/** Numbers as text in a page. Typed arrays are little-endian, as all machines with a browser are. */
import { ZERO } from '../weights.ts';
import { DamagedModel } from './damaged.ts';

/** @throws DamagedModel if there are not exactly `length` bytes */
export async function unpackBytes(text: string, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await unpack(text, length).catch((error: unknown) => {
    throw error instanceof DamagedModel ? error : new DamagedModel('its numbers cannot be unpacked');
  });
  if (bytes.length === length) return bytes;
  throw new DamagedModel('it has too few or too many numbers');
}

/** @throws DamagedModel if there are not exactly `length` finite numbers of float32 */
export async function unpackFloats(text: string, length: number): Promise<Float32Array<ArrayBuffer>> {
  const floats = new Float32Array((await unpackBytes(text, length * 4)).buffer);
  if (floats.every(Number.isFinite)) return floats;
  throw new DamagedModel('it has numbers that are not finite');
}

/** Integers of 16 bits, of which the lower bytes come first. @throws as `unpackBytes` */
export async function unpackIntegers(text: string, length: number): Promise<Int16Array<ArrayBuffer>> {
  const bytes = await unpackBytes(text, length * 2);
  const integers = new Int16Array(length);
  for (let at = 0; at < length; at++)
    integers[at] = (bytes[at] ?? 0) + 256 * (bytes[length + at] ?? 0) - ZERO;
  return integers;
}

/**
 * Bytes that a page contains; no more than `most` are unpacked.
 *
 * @throws DamagedModel if there are more; what the browser throws if they cannot be unpacked
 */
export async function unpack(text: string, most: number): Promise<Uint8Array<ArrayBuffer>> {
  const letters = atob(text);
  const packed = new Uint8Array(letters.length);
  for (let at = 0; at < letters.length; at++) packed[at] = letters.charCodeAt(at);
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream('deflate'));
  const bytes = new Uint8Array(most);
  let end = 0;
  for (const reader = stream.getReader(); ;) {
    const { done, value } = await reader.read();
    if (done) return bytes.slice(0, end);
    if (end + value.length > most) {
      await reader.cancel();
      throw new DamagedModel('it has too many numbers');
    }
    bytes.set(value, end);
    end += value.length;
  }
}
