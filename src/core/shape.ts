/** Shapes of arrays: the lengths of their axes. */
import type { ImageShape } from './stage-type.ts';

/** The number of values that an array of this shape holds; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/** Whether a model's input or output of this shape, without the batch, holds such an image. Gray images fit without their channel axis, too. */
export function fitsImage(shape: readonly number[], image: readonly number[]): boolean {
  const channels = image.at(-1);
  const fitting = shape.length === 2 && image.length === 3 && channels === 1 ? image.slice(0, 2) : image;
  return shape.length === fitting.length && shape.every((length, axis) => length === fitting[axis]);
}

/**
 * The image that a model's output is: `[height, width]` is a gray image.
 *
 * @returns undefined for a shape that no image has
 */
export function imageOf(shape: readonly number[]): ImageShape | undefined {
  const [height, width, channels = 1, ...more] = shape;
  return height === undefined || width === undefined || more.length > 0
    ? undefined
    : [height, width, channels];
}
