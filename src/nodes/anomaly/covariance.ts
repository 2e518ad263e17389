/**
 * The distance of vectors from others, by their covariance: P. C. Mahalanobis, "On the generalised distance in statistics", 1936.
 * The covariance is shrunk towards a multiple of the identity, by the share that O. Ledoit and M. Wolf derive in "A
 * well-conditioned estimator for large-dimensional covariance matrices", 2004, so that it can be inverted even if there are few
 * vectors, or values that never vary. All sums use float64.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { failure } from '../../core/diagnostic.ts';
import { FEWEST_REFERENCES } from './names.ts';

export interface Covariance {
  /** Values of a vector. */
  readonly size: number;
  readonly mean: Float64Array;
  /** The lower Cholesky factor of the covariance, row-major [size, size]. */
  readonly factor: Float64Array;
  /** The share of the identity, from 0 to 1. */
  readonly shrinkage: number;
}

interface Work {
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/** Vectors between two checks for an interruption. */
const BLOCK = 256;
/** Of the mean variance: rounding may leave less of a pivot. */
const LEAST_PIVOT = 1e-10;

/**
 * @param vectors row-major [count, size], finite
 * @throws Failure `bad-setting` if all vectors are equal; `interrupted`
 */
export async function fitCovariance(vectors: Float32Array, size: number, work: Work): Promise<Covariance> {
  const count = vectors.length / size;
  const mean = new Float64Array(size);
  vectors.forEach((value, index) => {
    mean[index % size] = (mean[index % size] ?? 0) + value / count;
  });
  const matrix = new Float64Array(size * size);
  const centred = new Float64Array(size);
  // Of the squared lengths, for the shrinkage.
  let fourth = 0;
  for (let row = 0; row < count; row++) {
    let squares = 0;
    for (let axis = 0; axis < size; axis++) {
      const value = (vectors[row * size + axis] ?? 0) - (mean[axis] ?? 0);
      centred[axis] = value;
      squares += value * value;
      for (let other = 0; other <= axis; other++)
        matrix[axis * size + other] =
          (matrix[axis * size + other] ?? 0) + (value * (centred[other] ?? 0)) / count;
    }
    fourth += squares * squares;
    await pause(row, count, work);
  }
  // Rounding of the mean may leave variances of 0 above 0.
  if (vectors.every((value, index) => value === vectors[index % size])) {
    throw failure(
      'bad-setting',
      'the latents of all reference images are equal, so there is no distance from them',
      'use `score: squared_error`, or train the model for longer',
      ['score'],
    );
  }
  const { average, shrinkage } = shrink(matrix, size, fourth / count, count);
  factorise(matrix, size, average * LEAST_PIVOT);
  return { size, mean, factor: matrix, shrinkage };
}

/**
 * Shrinks the lower half of a covariance.
 *
 * @param fourth the mean of the squared squared lengths of the vectors
 * @returns the mean variance, and the share of the identity
 */
function shrink(
  matrix: Float64Array,
  size: number,
  fourth: number,
  count: number,
): { readonly average: number; readonly shrinkage: number } {
  let [trace, squares] = [0, 0];
  for (let axis = 0; axis < size; axis++) {
    trace += matrix[axis * size + axis] ?? 0;
    for (let other = 0; other <= axis; other++)
      squares += (other === axis ? 1 : 2) * (matrix[axis * size + other] ?? 0) ** 2;
  }
  const average = trace / size;
  const distance = (squares - 2 * average * trace + size * average ** 2) / size;
  const error = Math.min((fourth - squares) / (size * count), distance);
  const shrinkage = size === 1 || !(error > 0) ? 0 : error / distance;
  for (let axis = 0; axis < size; axis++) {
    for (let other = 0; other <= axis; other++) {
      const value = (1 - shrinkage) * (matrix[axis * size + other] ?? 0);
      matrix[axis * size + other] = other === axis ? value + shrinkage * average : value;
    }
  }
  return { average, shrinkage };
}

/** Replaces the lower half of a covariance by its Cholesky factor. */
function factorise(matrix: Float64Array, size: number, least: number): void {
  for (let axis = 0; axis < size; axis++) {
    for (let other = 0; other <= axis; other++) {
      let value = matrix[axis * size + other] ?? 0;
      for (let inner = 0; inner < other; inner++)
        value -= (matrix[axis * size + inner] ?? 0) * (matrix[other * size + inner] ?? 0);
      matrix[axis * size + other] =
        other === axis ? Math.sqrt(Math.max(value, least)) : value / (matrix[other * size + other] ?? 1);
    }
  }
}

/**
 * The distance of each vector from the mean.
 *
 * @throws Failure `interrupted`
 */
export async function distancesFrom(
  { size, mean, factor }: Covariance,
  vectors: Float32Array,
  work: Work,
): Promise<Float64Array> {
  const distances = new Float64Array(vectors.length / size);
  const solved = new Float64Array(size);
  for (let row = 0; row < distances.length; row++) {
    let squares = 0;
    for (let axis = 0; axis < size; axis++) {
      let value = (vectors[row * size + axis] ?? 0) - (mean[axis] ?? 0);
      for (let other = 0; other < axis; other++)
        value -= (factor[axis * size + other] ?? 0) * (solved[other] ?? 0);
      value /= factor[axis * size + axis] ?? 1;
      solved[axis] = value;
      squares += value * value;
    }
    distances[row] = Math.sqrt(squares);
    await pause(row, distances.length, work);
  }
  return distances;
}

/** Vectors for each value from which on leaving some out changes nothing worth the time. */
const ENOUGH = 100;

/** Parts of the vectors that are left out in turn. */
const FOLDS = FEWEST_REFERENCES;

/**
 * The distances of the vectors from which a covariance is learned. Few vectors are closer to their own mean, by their own
 * covariance, than others of the same distribution. So each is then measured by the covariance of the others.
 *
 * @param vectors row-major [count, size], finite; at least `FEWEST_REFERENCES`
 * @param covariance of all vectors
 * @throws Failure `bad-setting` if the vectors that are left are equal; `interrupted`
 */
export async function heldOutDistances(
  covariance: Covariance,
  vectors: Float32Array,
  { signal, onProgress }: Work,
): Promise<Float64Array> {
  const { size } = covariance;
  const count = vectors.length / size;
  if (count >= ENOUGH * size) return distancesFrom(covariance, vectors, { signal });
  const distances = new Float64Array(count);
  for (let fold = 0; fold < FOLDS; fold++) {
    const rows = Array.from({ length: count }, (_, row) => row);
    const take = (chosen: readonly number[]): Float32Array => {
      const taken = new Float32Array(chosen.length * size);
      for (const [place, row] of chosen.entries())
        taken.set(vectors.subarray(row * size, (row + 1) * size), place * size);
      return taken;
    };
    const left = await fitCovariance(take(rows.filter((row) => row % FOLDS !== fold)), size, { signal });
    const out = rows.filter((row) => row % FOLDS === fold);
    const found = await distancesFrom(left, take(out), { signal });
    for (const [place, row] of out.entries()) distances[row] = found[place] ?? 0;
    onProgress?.((fold + 1) / FOLDS);
  }
  return distances;
}

async function pause(row: number, count: number, { signal, onProgress }: Work): Promise<void> {
  if (row % BLOCK !== 0) return;
  await nextTurn();
  if (signal.aborted) throw failure('interrupted', 'stopped while measuring distances');
  onProgress?.(row / count);
}
