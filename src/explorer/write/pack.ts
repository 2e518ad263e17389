/** Numbers as text for a page: see `Packed`. */
import { deflateSync } from 'node:zlib';
import type { Packed } from '../data.ts';
import { LARGEST_INTEGER, ZERO } from '../weights.ts';

export function packBytes(bytes: Uint8Array): Packed {
  return deflateSync(bytes, { level: 9 }).toString('base64');
}

/** Arrays one after the other. */
export function packFloats(...arrays: readonly Float32Array[]): Packed {
  return packBytes(
    Buffer.concat(
      arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength)),
    ),
  );
}

/** Weights as integers, and what each stands for. */
export interface Integers {
  readonly integers: Int16Array;
  readonly scale: number;
}

export function toIntegers(weights: Float32Array): Integers {
  const largest = weights.reduce((most, weight) => Math.max(most, Math.abs(weight)), 0);
  const scale = largest / LARGEST_INTEGER;
  return {
    integers: Int16Array.from(weights, (weight) => (scale === 0 ? 0 : Math.round(weight / scale))),
    scale,
  };
}

/** Arrays one after the other; the lower bytes of all before the upper ones. */
export function packIntegers(...arrays: readonly Int16Array[]): Packed {
  const bytesAt = (shift: number): readonly Uint8Array[] =>
    arrays.map((integers) => Uint8Array.from(integers, (integer) => ((integer + ZERO) >>> shift) & 255));
  return packBytes(Buffer.concat([...bytesAt(0), ...bytesAt(8)]));
}
