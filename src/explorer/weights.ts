/** Weights as integers, in a page and where it is written. */
import type { Shape } from '../engine/program/types.ts';

/** The integer of a variable's largest weight. With one bit less than 16, weights compress to the size of float16. */
export const LARGEST_INTEGER = 2 ** 14;

/** What is added to an integer, so that it has no sign. */
export const ZERO = 2 ** 15;

/**
 * Whether the elements of a variable are rounded. Vectors, such as biases and variances, have few elements, and some of them a
 * wide range.
 */
export function isRounded(shape: Shape): boolean {
  return shape.length > 1;
}

/** The weights that integers stand for, in float32. */
export function weightsOf(integers: Int16Array, scale: number): Float32Array<ArrayBuffer> {
  return Float32Array.from(integers, (integer) => integer * scale);
}
