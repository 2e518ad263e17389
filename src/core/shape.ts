/** Shapes of arrays: the lengths of their axes. */
import type { ImageShape } from './stage-type.ts';

/** The number of values in an array of this shape; 1 for a scalar. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}

/**
 * Whether such an image fits a model's input or output of this shape, without the batch axis. A gray image may lack its channel
 * axis.
 */
export function fitsImage(shape: readonly number[], image: readonly number[]): boolean {
  const channels = image.at(-1);
  const fitting = shape.length === 2 && image.length === 3 && channels === 1 ? image.slice(0, 2) : image;
  return shape.length === fitting.length && shape.every((length, axis) => length === fitting[axis]);
}

/**
 * The image format of a model's output: `[height, width]` is a gray image.
 *
 * @returns undefined if no image has this shape
 */
export function imageOf(shape: readonly number[]): ImageShape | undefined {
  const [height, width, channels = 1, ...more] = shape;
  return height === undefined || width === undefined || more.length > 0
    ? undefined
    : [height, width, channels];
}
