/**
 * The one resizer: linear interpolation with half-pixel centres, row by row and column by column. A new pixel is the weighted
 * mean of those around its centre. The weights fall linearly to 0 at a distance of one pixel of the coarser of the two images,
 * which blurs what a smaller image could not show. Pillow's `BILINEAR` and TensorFlow's `resize` with `antialias=True` do the same.
 */
import type { ImageShape } from '../core/stage-type.ts';

/** For each new place: the first old place, and the weights of it and those behind it, whose sum is 1. */
type Taps = readonly { readonly first: number; readonly weights: Float64Array }[];

function tapsOf(before: number, after: number): Taps {
  const ratio = before / after;
  const reach = Math.max(1, ratio);
  return Array.from({ length: after }, (_, place) => {
    const center = (place + 0.5) * ratio - 0.5;
    const first = Math.max(0, Math.ceil(center - reach));
    const last = Math.min(before - 1, Math.floor(center + reach));
    const weights = Float64Array.from({ length: last - first + 1 }, (_weight, index) =>
      Math.max(0, 1 - Math.abs(first + index - center) / reach),
    );
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/**
 * Makes a function that resizes one image after the other.
 *
 * @returns takes an image, row-major [height, width, channels], and returns it in the new size; the next call overwrites the result
 */
export function resizer(
  [height, width, channels]: ImageShape,
  [rows, columns]: readonly [number, number],
): (image: Uint8Array | Uint16Array | Float32Array) => Float64Array {
  const vertical = tapsOf(height, rows);
  const horizontal = tapsOf(width, columns);
  const between = new Float64Array(rows * width * channels);
  const result = new Float64Array(rows * columns * channels);
  return (image) => {
    apply(between, image, vertical, width * channels, 1);
    apply(result, between, horizontal, channels, rows);
    return result;
  };
}

/** Filters along an axis whose places are `step` values apart, `times` times. */
function apply(
  out: Float64Array,
  image: Uint8Array | Uint16Array | Float32Array | Float64Array,
  taps: Taps,
  step: number,
  times: number,
): void {
  const length = image.length / times;
  let target = 0;
  for (let start = 0; start < image.length; start += length) {
    for (const { first, weights } of taps) {
      for (let inner = 0; inner < step; inner++) {
        let sum = 0;
        let place = start + first * step + inner;
        for (const weight of weights) {
          sum += weight * (image[place] ?? 0);
          place += step;
        }
        out[target++] = sum;
      }
    }
  }
}
