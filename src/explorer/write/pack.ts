/** Numbers as text for a page: see `Packed`. */
import { deflateSync } from 'node:zlib';
import { fromFloat16, toFloat16 } from '../../formats/float16.ts';
import type { Packed } from '../data.ts';

export function packBytes(bytes: Uint8Array): Packed {
  return deflateSync(bytes, { level: 9 }).toString('base64');
}

export function packFloats({ buffer, byteOffset, byteLength }: Float32Array): Packed {
  return packBytes(new Uint8Array(buffer, byteOffset, byteLength));
}

/** As float16, the lower bytes of all numbers before the upper ones. */
export function packHalves(numbers: Float32Array): Packed {
  const bytes = new Uint8Array(2 * numbers.length);
  numbers.forEach((number, index) => {
    const half = toFloat16(number);
    bytes[index] = half & 255;
    bytes[numbers.length + index] = half >>> 8;
  });
  return packBytes(bytes);
}

/** The numbers, rounded to float16. */
export function asHalves(numbers: Float32Array): Float32Array {
  return fromFloat16(Uint16Array.from(numbers, toFloat16));
}
