/** The summary of a data set for exercise 1: shapes and ranges, before and after normalisation. */
import { extremesOfNumbers } from '../../formats/image-rows.ts';
import { piecesOf } from '../../formats/numbers.ts';
import type { ImageArray } from '../../formats/images.ts';

/** Statistics of all values of a split. */
// A type, not an interface: it is JSON.
export type Moments = {
  readonly minimum: number;
  readonly maximum: number;
  readonly mean: number;
  readonly standard_deviation: number;
};

export type Summary = {
  /** [count, height, width, channels] */
  readonly shape: readonly number[];
  readonly as_loaded: Moments & { readonly dtype: string };
  readonly normalized: Moments & { readonly dtype: string };
  readonly images_per_class?: Readonly<Record<string, number>>;
};

/**
 * Shape, statistics of the values as stored and of the intensities, and images of each class, by name if it has one.
 *
 * @param dtype the type in the source
 */
export function summarize(images: ImageArray, dtype: string): Summary {
  const { data, count, shape, scale, offset, labels, classes } = images;
  const [minimum, maximum] = extremesOfNumbers(data);
  let [sum, squares] = [0, 0];
  for (const piece of piecesOf(data)) {
    if (piece instanceof Uint8Array) {
      // There are only 256 different bytes, and sums of integers are exact in any order.
      countBytes(piece).forEach((times, value) => {
        sum += times * value;
        squares += times * value * value;
      });
      continue;
    }
    for (let index = 0; index < piece.length; index++) {
      const value = piece[index] ?? 0;
      sum += value;
      squares += value * value;
    }
  }
  const mean = sum / data.length;
  const deviation = Math.sqrt(Math.max(0, squares / data.length - mean * mean));
  return {
    shape: [count, ...shape],
    as_loaded: {
      dtype,
      minimum,
      maximum,
      mean,
      standard_deviation: deviation,
    },
    normalized: {
      dtype: 'float32',
      minimum: minimum * scale + offset,
      maximum: maximum * scale + offset,
      mean: mean * scale + offset,
      standard_deviation: deviation * Math.abs(scale),
    },
    ...(labels === undefined ? {} : { images_per_class: countClasses(labels, classes) }),
  };
}

/** How often each byte occurs. Uses four tables, because incrementing a count that was just written would stall. */
export function countBytes(bytes: Uint8Array): Float64Array {
  const tables = Array.from({ length: 4 }, () => new Uint32Array(256));
  const [one, two, three, four] = tables as [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  const whole = bytes.length - (bytes.length % 4);
  for (let index = 0; index < whole; index += 4) {
    add(one, bytes[index] ?? 0);
    add(two, bytes[index + 1] ?? 0);
    add(three, bytes[index + 2] ?? 0);
    add(four, bytes[index + 3] ?? 0);
  }
  for (let index = whole; index < bytes.length; index++) add(one, bytes[index] ?? 0);
  return Float64Array.from({ length: 256 }, (_, value) =>
    tables.reduce((sum, table) => sum + (table[value] ?? 0), 0),
  );
}

function add(table: Uint32Array, value: number): void {
  table[value] = (table[value] ?? 0) + 1;
}

function countClasses(
  labels: Uint8Array | Int32Array,
  classes: readonly string[] = [],
): Readonly<Record<string, number>> {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return Object.fromEntries(
    [...counts].sort(([a], [b]) => a - b).map(([label, n]) => [classes[label] ?? String(label), n]),
  );
}
