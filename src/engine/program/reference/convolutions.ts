/**
 * Convolutions and their gradients (V. Dumoulin, F. Visin, "A guide to convolution arithmetic for deep learning",
 * arXiv:1603.07285). Without padding and with strides and dilations of 1, a convolution is
 *
 *     output[n, y, x, o] = sum over i, j, c of image[n, y + i, x + j, c] filter[i, j, c, o]
 *
 * It is a sum of products of a pixel of the image and a tap of the filter. Each gradient adds up the same products with two of
 * the three roles exchanged, so one walk over all products serves all three instructions.
 */
import { sizeOf } from '../../../core/shape.ts';
import type { Attributes } from '../program.ts';
import type { Shape } from '../types.ts';
import { forwardSize, type Window } from '../windows.ts';
import { finish } from './products.ts';
import { reduceSum } from './reductions.ts';
import { indicesOf, numberAt, offsetOf, rounded, type Tensor } from './tensor.ts';

/** Offsets of the elements of images, filter and outputs that belong together. */
type Visit = (image: number, tap: number, output: number) => void;

interface Shapes {
  /** [batch, height, width, inputs] */
  readonly images: Shape;
  /** [rows, columns, inputs, outputs] */
  readonly filter: Shape;
  /** [batch, height, width, outputs] */
  readonly outputs: Shape;
}

/** Visits every product of a convolution; padding is 0 and adds nothing. */
function forEachProduct({ images, filter, outputs }: Shapes, window: Window, visit: Visit): void {
  const [, height = 0, width = 0] = images;
  const { strides, padding, dilations } = window;
  for (const [n = 0, y = 0, x = 0, o = 0] of indicesOf(outputs)) {
    for (const [i = 0, j = 0, c = 0] of indicesOf(filter.slice(0, 3))) {
      const row = y * strides[0] + i * dilations[0] - padding[0][0];
      const column = x * strides[1] + j * dilations[1] - padding[1][0];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      visit(
        offsetOf(images, [n, row, column, c]),
        offsetOf(filter, [i, j, c, o]),
        offsetOf(outputs, [n, y, x, o]),
      );
    }
  }
}

/** output += image filter, in float64, rounded once; then the epilogue. */
export function convolution(
  images: Tensor,
  filter: Tensor,
  rest: readonly Tensor[],
  { epilogue, ...window }: Attributes['convolution'],
): Tensor {
  const [batch = 0, height = 0, width = 0] = images.type.shape;
  const [rows = 0, columns = 0, , channels = 0] = filter.type.shape;
  const outputs = [batch, ...forwardSize([height, width], [rows, columns], window), channels];
  const sums = new Float64Array(sizeOf(outputs));
  forEachProduct(
    { images: images.type.shape, filter: filter.type.shape, outputs },
    window,
    (image, tap, output) => {
      sums[output] =
        numberAt(sums, output) + numberAt(images.elements, image) * numberAt(filter.elements, tap);
    },
  );
  return finish(rounded(outputs, sums), epilogue, rest);
}

/** image += output filter: what each pixel of the images adds to the outputs, weighted by their gradient. */
export function convolutionInputGradient(
  gradient: Tensor,
  filter: Tensor,
  rest: readonly Tensor[],
  { epilogue, size, ...window }: Attributes['convolution_input_gradient'],
): Tensor {
  const [batch = 0] = gradient.type.shape;
  const [, , channels = 0] = filter.type.shape;
  const images = [batch, ...size, channels];
  const sums = new Float64Array(sizeOf(images));
  forEachProduct(
    { images, filter: filter.type.shape, outputs: gradient.type.shape },
    window,
    (image, tap, output) => {
      sums[image] =
        numberAt(sums, image) + numberAt(gradient.elements, output) * numberAt(filter.elements, tap);
    },
  );
  return finish(rounded(images, sums), epilogue, rest);
}

/**
 * filter += image output: what each tap of the filter adds to the outputs, weighted by their gradient. With `sums`, also the
 * sum of an operand over batch, rows and columns.
 */
export function convolutionFilterGradient(
  images: Tensor,
  gradient: Tensor,
  { size, sums: summed, ...window }: Attributes['convolution_filter_gradient'],
): readonly Tensor[] {
  const filter = [...size, images.type.shape[3] ?? 0, gradient.type.shape[3] ?? 0];
  const sums = new Float64Array(sizeOf(filter));
  forEachProduct(
    { images: images.type.shape, filter, outputs: gradient.type.shape },
    window,
    (image, tap, output) => {
      sums[tap] =
        numberAt(sums, tap) + numberAt(images.elements, image) * numberAt(gradient.elements, output);
    },
  );
  const result = rounded(filter, sums);
  if (summed === 'none') return [result];
  const operand = summed === 'images' ? images : gradient;
  return [result, reduceSum(operand, { axes: [0, 1, 2], keep: false })];
}
