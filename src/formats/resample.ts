/**
 * The only resizer: linear interpolation with half-pixel centres, along rows and along columns. A new pixel is the weighted mean
 * of the pixels around its centre. The weights decrease linearly to 0 at a distance of one pixel of the coarser image, which
 * removes details that a smaller image cannot show. Pillow's `BILINEAR` and TensorFlow's `resize` with `antialias=True` do the
 * same.
 */
import type { ImageShape } from '../core/stage-type.ts';

/** For each new position: the first old position, and the weights of this one and the following ones, whose sum is 1. */
interface Taps {
  readonly first: Int32Array;
  /** Where the weights of each position begin in `weights`, followed by the end of the last. */
  readonly start: Int32Array;
  readonly weights: Float64Array;
}

function tapsOf(before: number, after: number): Taps {
  const ratio = before / after;
  const reach = Math.max(1, ratio);
  const [first, start] = [new Int32Array(after), new Int32Array(after + 1)];
  const weights: number[] = [];
  for (let place = 0; place < after; place++) {
    const center = (place + 0.5) * ratio - 0.5;
    const low = Math.max(0, Math.ceil(center - reach));
    const high = Math.min(before - 1, Math.floor(center + reach));
    let sum = 0;
    for (let tap = low; tap <= high; tap++) sum += Math.max(0, 1 - Math.abs(tap - center) / reach);
    for (let tap = low; tap <= high; tap++)
      weights.push(Math.max(0, 1 - Math.abs(tap - center) / reach) / sum);
    first[place] = low;
    start[place + 1] = weights.length;
  }
  return { first, start, weights: Float64Array.from(weights) };
}

export type Resizable = Uint8Array | Uint16Array | Float32Array;

/**
 * Returns a function that resizes one image at a time.
 *
 * @returns a function from an image, row-major [height, width, channels], to the resized image; the next call overwrites the
 *   result
 */
export function resizer(
  [height, width, channels]: ImageShape,
  [rows, columns]: readonly [number, number],
): (image: Resizable) => Float64Array {
  const vertical = tapsOf(height, rows);
  const horizontal = tapsOf(width, columns);
  const between = new Float64Array(rows * width * channels);
  const result = new Float64Array(rows * columns * channels);
  return (image) => {
    alongColumns(between, image, vertical, width * channels);
    for (let channel = 0; channel < channels; channel++)
      alongRows(result, between, horizontal, { width, channels, channel });
    return result;
  };
}

/** Computes each new row of `length` values from old rows. Whole rows are added, as they are contiguous in memory. */
function alongColumns(
  out: Float64Array,
  image: Resizable,
  { first, start, weights }: Taps,
  length: number,
): void {
  for (let row = 0; row < first.length; row++) {
    const target = row * length;
    const [begin = 0, end = 0] = [start[row], start[row + 1]];
    let source = (first[row] ?? 0) * length;
    out.fill(0, target, target + length);
    // Terms are always added in the order of the taps: adding several at a time gives the same bits as one by one.
    for (let tap = begin; tap < end;) {
      const count = Math.min(4, end - tap);
      addRows(out, image, { target, source, length, weights: weights.subarray(tap, tap + count) });
      tap += count;
      source += count * length;
    }
  }
}

interface Rows {
  readonly target: number;
  /** Where the first of the consecutive rows begins. */
  readonly source: number;
  readonly length: number;
  /** One to four weights, one per row. */
  readonly weights: Float64Array;
}

/** Adds weighted rows to another row. */
function addRows(out: Float64Array, image: Resizable, { target, source, length, weights }: Rows): void {
  const [a = 0, b = 0, c = 0, d = 0] = weights;
  const [second, third, fourth] = [source + length, source + 2 * length, source + 3 * length];
  switch (weights.length) {
    case 1:
      for (let at = 0; at < length; at++)
        out[target + at] = (out[target + at] ?? 0) + a * (image[source + at] ?? 0);
      return;
    case 2:
      for (let at = 0; at < length; at++)
        out[target + at] =
          (out[target + at] ?? 0) + a * (image[source + at] ?? 0) + b * (image[second + at] ?? 0);
      return;
    case 3:
      for (let at = 0; at < length; at++)
        out[target + at] =
          (out[target + at] ?? 0) +
          a * (image[source + at] ?? 0) +
          b * (image[second + at] ?? 0) +
          c * (image[third + at] ?? 0);
      return;
    default:
      for (let at = 0; at < length; at++)
        out[target + at] =
          (out[target + at] ?? 0) +
          a * (image[source + at] ?? 0) +
          b * (image[second + at] ?? 0) +
          c * (image[third + at] ?? 0) +
          d * (image[fourth + at] ?? 0);
  }
}

/** Computes the new values of one channel in all rows. */
function alongRows(
  out: Float64Array,
  image: Float64Array,
  { first, start, weights }: Taps,
  { width, channels, channel }: { width: number; channels: number; channel: number },
): void {
  const columns = first.length;
  let target = channel;
  for (let row = channel; row < image.length; row += width * channels) {
    for (let column = 0; column < columns; column++, target += channels) {
      const end = start[column + 1] ?? 0;
      let sum = 0;
      let source = row + (first[column] ?? 0) * channels;
      for (let tap = start[column] ?? 0; tap < end; tap++, source += channels)
        sum += (weights[tap] ?? 0) * (image[source] ?? 0);
      out[target] = sum;
    }
  }
}
