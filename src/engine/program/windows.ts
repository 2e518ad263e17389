/** Windows that move over images: of convolutions and of pooling. */
import { ProgramError } from './types.ts';

/** Of rows and of columns, or of a beginning and an end. */
export type Pair = readonly [number, number];

/** How a window moves. Each is given for rows, then for columns. */
export interface Window {
  /** Pixels from one place of the window to the next, from 1. */
  readonly strides: Pair;
  /** Zeros before and after the image. */
  readonly padding: readonly [Pair, Pair];
  /** Pixels from one pixel of the window to the next, from 1. */
  readonly dilations: Pair;
}

/** How far a window of `size` pixels reaches. */
function reach(size: number, dilation: number): number {
  return (size - 1) * dilation + 1;
}

/**
 * How many places a window has: rows and columns of what a convolution or a pooling computes.
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
 * @param outputs rows and columns of the gradient that is given
 * @param image rows and columns of the images
 * @throws ProgramError where a window over these images has other outputs
 */
export function transposedSize(outputs: Pair, size: Pair, window: Window, image: Pair): void {
  const [rows, columns] = forwardSize(image, size, window);
  if (rows !== outputs[0] || columns !== outputs[1]) {
    throw new ProgramError(
      `a window over ${image.join('x')} gives ${rows}x${columns}, not ${outputs.join('x')}`,
    );
  }
}
