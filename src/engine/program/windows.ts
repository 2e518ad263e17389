/** Windows that move over images, in convolutions and pooling. */
import { ProgramError } from './types.ts';

/** Two numbers: for rows and columns, or before and after. */
export type Pair = readonly [number, number];

/** How a window moves: for rows, then for columns. */
export interface Window {
  /** Pixels from one position of the window to the next, from 1. */
  readonly strides: Pair;
  /** Zeros before and after the image. */
  readonly padding: readonly [Pair, Pair];
  /** Pixels of the image from one pixel of the window to the next, from 1. */
  readonly dilations: Pair;
}

/** The pixels of an image that a window of `size` pixels spans. */
function reach(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

/**
 * The positions of a window: rows and columns of what a convolution or a pooling computes.
 *
 * @throws ProgramError where it has none
 */
export function forwardSize(image: Pair, size: Pair, { strides, padding, dilations }: Window): Pair {
  const along = (axis: 0 | 1): number => {
    const room = image[axis] + padding[axis][0] + padding[axis][1] - reach(size[axis], dilations[axis]);
    if (room < 0) throw new ProgramError(`a window of ${size[axis]} pixels does not fit into ${image[axis]}`);
    return Math.floor(room / strides[axis]) + 1;
  };
  return [along(0), along(1)];
}

/**
 * Checks that the gradient with respect to a convolution's outputs fits the images that it is computed for.
 *
 * @param outputs rows and columns of the gradient
 * @param image rows and columns of the images
 * @throws ProgramError if a window over these images has outputs of another size
 */
export function checkGradientSize(outputs: Pair, size: Pair, window: Window, image: Pair): void {
  const [rows, columns] = forwardSize(image, size, window);
  if (rows !== outputs[0] || columns !== outputs[1]) {
    throw new ProgramError(
      `a window has ${rows}x${columns} positions over ${image.join('x')} pixels, not ${outputs.join('x')}`,
    );
  }
}
