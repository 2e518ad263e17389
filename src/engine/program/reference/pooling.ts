/** Pooling: the largest element or the mean under each window, channel by channel, and the gradients with respect to the images. */
import { sizeOf } from '../../../core/shape.ts';
import type { PoolWindow } from '../program.ts';
import type { Shape } from '../types.ts';
import { forwardSize } from '../windows.ts';
import { indicesOf, numberAt, offsetOf, rounded, type Tensor } from './tensor.ts';

/** Visits the pixels inside the image under each window, row by row, with their offsets in the images and in the pooled ones. */
export function forEachPixel(
  images: Shape,
  { size, strides, padding, dilations }: PoolWindow,
  visit: (image: number, pooled: number) => void,
): void {
  const [, height = 0, width = 0] = images;
  const pooled = pooledShape(images, { size, strides, padding, dilations });
  for (const [n = 0, y = 0, x = 0, c = 0] of indicesOf(pooled)) {
    for (const [i = 0, j = 0] of indicesOf(size)) {
      const row = y * strides[0] + i * dilations[0] - padding[0][0];
      const column = x * strides[1] + j * dilations[1] - padding[1][0];
      if (row < 0 || row >= height || column < 0 || column >= width) continue;
      visit(offsetOf(images, [n, row, column, c]), offsetOf(pooled, [n, y, x, c]));
    }
  }
}

function pooledShape([batch = 0, height = 0, width = 0, channels = 0]: Shape, window: PoolWindow): Shape {
  return [batch, ...forwardSize([height, width], window.size, window), channels];
}

/**
 * pooled[window] = the largest element of the window. As in TensorFlow, NaN is never the largest; a window of nothing but NaN
 * has -Infinity.
 */
export function maxPool(images: Tensor, window: PoolWindow): Tensor {
  const shape = pooledShape(images.type.shape, window);
  return rounded(shape, largest(images, shape, window).values);
}

/** image[first largest element of the window] += gradient[window]; in a window of NaN it is the first element. */
export function maxPoolGradient(images: Tensor, gradient: Tensor, window: PoolWindow): Tensor {
  const sums = new Float64Array(images.elements.length);
  largest(images, gradient.type.shape, window).places.forEach((image, pooled) => {
    if (image >= 0) sums[image] = numberAt(sums, image) + numberAt(gradient.elements, pooled);
  });
  return rounded(images.type.shape, sums);
}

/** For each window its largest element and the offset of the first such pixel, -1 if no pixel is in the window. */
function largest(
  { type, elements }: Tensor,
  pooled: Shape,
  window: PoolWindow,
): { readonly values: Float64Array; readonly places: Int32Array } {
  const values = new Float64Array(sizeOf(pooled)).fill(-Infinity);
  const places = new Int32Array(values.length).fill(-1);
  forEachPixel(type.shape, window, (image, at) => {
    const element = numberAt(elements, image);
    const isLarger = element > numberAt(values, at);
    if (isLarger) values[at] = element;
    if (isLarger || places[at] === -1) places[at] = image;
  });
  return { values, places };
}

/**
 * pooled[window] = the sum over the pixels of the window, divided by their number; padding does not count. A window without
 * pixels has 0. Models have no such window: TensorFlow's `same` and `valid` put a pixel under every window.
 */
export function averagePool(images: Tensor, window: PoolWindow): Tensor {
  const shape = pooledShape(images.type.shape, window);
  const counts = countsOf(images.type.shape, shape, window);
  const sums = new Float64Array(counts.length);
  forEachPixel(images.type.shape, window, (image, at) => {
    sums[at] = numberAt(sums, at) + numberAt(images.elements, image);
  });
  return rounded(
    shape,
    sums.map((sum, at) => sum / Math.max(1, numberAt(counts, at))),
  );
}

/** image[pixel] += gradient[window] / number of its pixels, for each window over the pixel. */
export function averagePoolGradient(gradient: Tensor, images: Shape, window: PoolWindow): Tensor {
  const counts = countsOf(images, gradient.type.shape, window);
  const sums = new Float64Array(sizeOf(images));
  forEachPixel(images, window, (image, at) => {
    sums[image] = numberAt(sums, image) + numberAt(gradient.elements, at) / numberAt(counts, at);
  });
  return rounded(images, sums);
}

/** How many pixels lie in each window. */
function countsOf(images: Shape, pooled: Shape, window: PoolWindow): Float64Array {
  const counts = new Float64Array(sizeOf(pooled));
  forEachPixel(images, window, (_, at) => (counts[at] = numberAt(counts, at) + 1));
  return counts;
}
