/** Shapes of arrays: the lengths of their axes. */

/** The number of values that an array of this shape holds; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
