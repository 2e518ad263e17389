/**
 * Up-sampling by whole factors. Each pixel of the larger image is a mean of pixels of the smaller one, with weights that add up
 * to 1; the gradient takes the same weights the other way.
 */
import { sizeOf } from '../../../core/shape.ts';
import type { Shape } from '../types.ts';
import type { Pair } from '../windows.ts';
import { indicesOf, numberAt, offsetOf, rounded, type Tensor } from './tensor.ts';

/** A pixel along one axis of the smaller image, and its weight. */
type Share = readonly [pixel: number, weight: number];

/** The pixels from which a pixel of the larger image is computed, along one axis. */
export type Method = (pixel: number, factor: number, length: number) => readonly Share[];

/** The pixel that was repeated. */
export const nearest: Method = (pixel, factor) => [[Math.floor(pixel / factor), 1]];

/**
 * The two pixels between whose centres the centre of the new pixel lies, in proportion; beyond the outer centres, only the
 * pixel at the edge. Centres are at half pixels: that of pixel p is at p + 1/2.
 */
export const bilinear: Method = (pixel, factor, length) => {
  const place = Math.min(Math.max((pixel + 0.5) / factor - 0.5, 0), length - 1);
  const before = Math.floor(place);
  const share = place - before;
  return share === 0
    ? [[before, 1]]
    : [
        [before, 1 - share],
        [before + 1, share],
      ];
};

/** larger[n, y, x, c] = sum over i, j of weight(y, i) weight(x, j) smaller[n, i, j, c] */
export function upsample({ type, elements }: Tensor, factors: Pair, method: Method): Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = type.shape;
  const larger = [batch, height * factors[0], width * factors[1], channels];
  const sums = new Float64Array(sizeOf(larger));
  forEachShare(type.shape, larger, factors, method, (from, to, weight) => {
    sums[to] = numberAt(sums, to) + weight * numberAt(elements, from);
  });
  return rounded(larger, sums);
}

/** smaller[n, i, j, c] = sum over y, x of weight(y, i) weight(x, j) gradient[n, y, x, c] */
export function upsampleGradient({ type, elements }: Tensor, factors: Pair, method: Method): Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = type.shape;
  const smaller = [batch, height / factors[0], width / factors[1], channels];
  const sums = new Float64Array(sizeOf(smaller));
  forEachShare(smaller, type.shape, factors, method, (from, to, weight) => {
    sums[from] = numberAt(sums, from) + weight * numberAt(elements, to);
  });
  return rounded(smaller, sums);
}

/** Visits the offsets of each pixel of the larger image and of the pixels from which it is computed. */
function forEachShare(
  smaller: Shape,
  larger: Shape,
  factors: Pair,
  method: Method,
  visit: (from: number, to: number, weight: number) => void,
): void {
  const [, height = 0, width = 0] = smaller;
  for (const [n = 0, y = 0, x = 0, c = 0] of indicesOf(larger)) {
    for (const [row, down] of method(y, factors[0], height)) {
      for (const [column, right] of method(x, factors[1], width)) {
        visit(offsetOf(smaller, [n, row, column, c]), offsetOf(larger, [n, y, x, c]), down * right);
      }
    }
  }
}
