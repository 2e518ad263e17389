/** Samples, from which batches are gathered by row number: in memory, or on the disk if they are too large for that. */
import type { Tensor } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import {
  gatherInto,
  NumberSource,
  typeOf,
  zeros,
  type HeldNumbers,
  type Numbers,
} from '../../formats/numbers.ts';
import type { Tf } from '../engine.ts';
import type { FreshNoise } from './noise.ts';

/**
 * Rows of equal shape. A stored value `v` stands for `v * scale + offset`, so images of bytes stay bytes: only the current
 * batch is converted. The image arrays that stages pass on are samples.
 */
export interface Samples {
  /** Row-major [count, ...shape]. */
  readonly data: Numbers;
  readonly count: number;
  /** Shape of one row. */
  readonly shape: readonly number[];
  readonly scale: number;
  readonly offset: number;
  /** Of the input of a program, where it is neither images nor targets. */
  readonly name?: string;
  /** Class labels from 0, for conditional models. */
  readonly labels?: Uint8Array | Int32Array;
  /** Noise that is added to the input of each training step, and to nothing else. */
  readonly noise?: FreshNoise;
}

export interface HeldSamples extends Samples {
  readonly data: HeldNumbers;
}

export function areHeld(samples: readonly Samples[]): samples is readonly HeldSamples[] {
  return !samples.some(({ data }) => data instanceof NumberSource);
}

/** Bytes of one row of all samples. */
export function rowBytes(samples: readonly Samples[]): number {
  return samples.reduce((sum, { data, shape }) => sum + sizeOf(shape) * data.BYTES_PER_ELEMENT, 0);
}

/** The inputs and expected outputs of a model, row by row. Both may be the same samples. */
export interface SamplePair {
  readonly x: Samples;
  readonly y: Samples;
}

/** The same samples with rows of another shape with as many values; one object where both were one. */
export function inShapes(
  { x, y }: SamplePair,
  {
    inputShape,
    outputShape,
  }: { readonly inputShape: readonly number[]; readonly outputShape: readonly number[] },
): SamplePair {
  const input = { ...x, shape: inputShape };
  return { x: input, y: x === y ? input : { ...y, shape: outputShape } };
}

/** The numbers 0 to count - 1: every row, in stored order. */
export function rowNumbers(count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, row) => row);
}

/** At most so many rows, evenly spaced: the first ones of a sorted set may all be of one class. */
export function spreadRows(count: number, most: number): Int32Array {
  const length = Math.min(count, most);
  return Int32Array.from({ length }, (_, place) => Math.floor((place * count) / length));
}

/** @throws RangeError if a row is not one of so many */
export function requireRows(rows: Int32Array, count: number): void {
  const wrong = rows.find((row) => row < 0 || row >= count);
  if (wrong !== undefined) throw new RangeError(`row ${wrong} of ${count}`);
}

/**
 * Copies rows into one batch.
 *
 * @param rows numbers of rows, each from 0 to `samples.count - 1`; a row may be named twice
 * @returns row-major [rows.length, ...shape]; each value computed in float64, then rounded to float32
 * @throws RangeError if there is no such row
 */
export function gatherRows(samples: Samples, rows: Int32Array): Float32Array {
  const { scale, offset } = samples;
  requireRows(rows, samples.count);
  const stored = storedRows(samples, rows);
  const batch = stored instanceof Float32Array ? stored : new Float32Array(stored.length);
  if (scale === 1 && offset === 0) {
    if (batch !== stored) batch.set(stored);
    return batch;
  }
  for (let index = 0; index < stored.length; index++) batch[index] = (stored[index] ?? 0) * scale + offset;
  return batch;
}

/** One batch as a tensor [rows, ...shape]. */
export function batchTensor(tf: Tf, samples: Samples, rows: Int32Array): Tensor {
  return tf.tensor(gatherRows(samples, rows), [rows.length, ...samples.shape]);
}

/** Rows in pieces of one size; the last may be smaller. */
export function* batchesOf(rows: Int32Array, size: number): Generator<Int32Array> {
  for (let start = 0; start < rows.length; start += size) yield rows.subarray(start, start + size);
}

/**
 * Copies rows as they are stored, bytes as bytes.
 *
 * @param length rows of the copy, at least as many as are named; the others are 0
 * @returns row-major [length, ...shape]
 */
export function storedRows(
  { data, shape }: Samples,
  rows: Int32Array,
  length: number = rows.length,
): HeldNumbers {
  const size = sizeOf(shape);
  const copy = zeros(typeOf(data), length * size);
  gatherInto(copy, data, rows, size);
  return copy;
}
