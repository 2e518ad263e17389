/**
 * A Gaussian mixture with full covariances, fitted by expectation-maximisation: A. P. Dempster, N. M. Laird, D. B. Rubin,
 * "Maximum likelihood from incomplete data via the EM algorithm", 1977. All sums use float64.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { failure } from '../../core/diagnostic.ts';
import { Philox } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';

export interface Mixture {
  /** Values of a vector. */
  readonly size: number;
  /** One per component; they sum to 1. */
  readonly weights: Float64Array;
  /** Row-major [components, size]. */
  readonly means: Float64Array;
  /** Lower Cholesky factors of the covariances, row-major [components, size, size]. */
  readonly factors: Float64Array;
}

export interface FitOptions {
  readonly components: number;
  /** Seed for choosing the initial centres. */
  readonly seed: Seed;
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/** Added to the variances, as in scikit-learn: a component with few vectors could have a variance of zero. */
const LEAST_VARIANCE = 1e-6;
/** The fit ends when the mean log-likelihood increases by less. */
const TOLERANCE = 1e-5;
const MOST_ROUNDS = 200;
/** Rounds of k-means for the initial centres. */
const CENTRE_ROUNDS = 10;
/** Sets of initial centres tried. The best one is used: a bad one leads to a bad mixture. */
const STARTS = 8;

/**
 * @param vectors row-major [count, size], at least as many as components
 * @throws Failure `interrupted`
 */
export async function fitMixture(
  vectors: Float32Array,
  size: number,
  { components, seed, signal, onProgress }: FitOptions,
): Promise<Mixture> {
  const count = vectors.length / size;
  const generator = new Philox(seed);
  let [shares, nearest] = [new Float64Array(), Number.POSITIVE_INFINITY];
  for (let start = 0; start < STARTS; start++) {
    const found = nearestShares(vectors, size, firstCentres(vectors, size, components, generator));
    if (found.distance < nearest) [shares, nearest] = [found.shares, found.distance];
    await nextTurn();
    if (signal.aborted) throw stopped();
  }
  let mixture = maximise(vectors, size, components, shares);
  let before = Number.NEGATIVE_INFINITY;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    await nextTurn();
    if (signal.aborted) throw stopped();
    onProgress?.(round / MOST_ROUNDS);
    shares = new Float64Array(count * components);
    const likelihood = expect(vectors, mixture, shares) / count;
    mixture = maximise(vectors, size, components, shares);
    if (likelihood - before < TOLERANCE) break;
    before = likelihood;
  }
  return mixture;
}

function stopped(): Error {
  return failure('interrupted', 'stopped while fitting a mixture');
}

/** The mean log-density of vectors. */
export function meanLogDensity(vectors: Float32Array, mixture: Mixture): number {
  const count = vectors.length / mixture.size;
  return expect(vectors, mixture, new Float64Array(count * mixture.weights.length)) / count;
}

/**
 * Samples vectors from a mixture.
 *
 * @param seed chooses the component of each vector, in their order
 * @param normals standard normal numbers, row-major [count, size]
 */
export function sampleMixture(
  { size, weights, means, factors }: Mixture,
  normals: Float32Array,
  seed: Seed,
): Float32Array {
  const count = normals.length / size;
  const choices = new Float32Array(count);
  new Philox(seed).uniform(choices);
  const vectors = new Float32Array(normals.length);
  choices.forEach((choice, row) => {
    const component = chosen(weights, choice);
    for (let axis = 0; axis < size; axis++) {
      let value = means[component * size + axis] ?? 0;
      const factor = (component * size + axis) * size;
      for (let other = 0; other <= axis; other++)
        value += (factors[factor + other] ?? 0) * (normals[row * size + other] ?? 0);
      vectors[row * size + axis] = value;
    }
  });
  return vectors;
}

function chosen(weights: Float64Array, choice: number): number {
  let sum = 0;
  const found = weights.findIndex((weight) => {
    sum += weight;
    return choice < sum;
  });
  return found === -1 ? weights.length - 1 : found;
}

/** Writes the share of each component in each vector to `shares`, [count, components]. Returns the sum of the log-densities. */
function expect(
  vectors: Float32Array,
  { size, weights, means, factors }: Mixture,
  shares: Float64Array,
): number {
  const components = weights.length;
  const count = vectors.length / size;
  const constants = Array.from({ length: components }, (_, component) => {
    let logarithm = 0;
    for (let axis = 0; axis < size; axis++)
      logarithm += Math.log(factors[(component * size + axis) * size + axis] ?? 0);
    return Math.log(weights[component] ?? 0) - logarithm - (size / 2) * Math.log(2 * Math.PI);
  });
  const solved = new Float64Array(size);
  let total = 0;
  for (let row = 0; row < count; row++) {
    const start = row * components;
    let largest = Number.NEGATIVE_INFINITY;
    for (let component = 0; component < components; component++) {
      let squares = 0;
      for (let axis = 0; axis < size; axis++) {
        let value = (vectors[row * size + axis] ?? 0) - (means[component * size + axis] ?? 0);
        const factor = (component * size + axis) * size;
        for (let other = 0; other < axis; other++)
          value -= (factors[factor + other] ?? 0) * (solved[other] ?? 0);
        value /= factors[factor + axis] ?? 1;
        solved[axis] = value;
        squares += value * value;
      }
      const density = (constants[component] ?? 0) - squares / 2;
      shares[start + component] = density;
      largest = Math.max(largest, density);
    }
    let sum = 0;
    for (let component = 0; component < components; component++) {
      const share = Math.exp((shares[start + component] ?? 0) - largest);
      shares[start + component] = share;
      sum += share;
    }
    for (let component = 0; component < components; component++)
      shares[start + component] = (shares[start + component] ?? 0) / sum;
    total += largest + Math.log(sum);
  }
  return total;
}

/** The mixture of maximum likelihood, given the share of each component in each vector. */
function maximise(vectors: Float32Array, size: number, components: number, shares: Float64Array): Mixture {
  const count = vectors.length / size;
  const weights = new Float64Array(components);
  const means = new Float64Array(components * size);
  const factors = new Float64Array(components * size * size);
  const difference = new Float64Array(size);
  for (let component = 0; component < components; component++) {
    let sum = 10 * Number.EPSILON;
    const mean = means.subarray(component * size, (component + 1) * size);
    for (let row = 0; row < count; row++) {
      const share = shares[row * components + component] ?? 0;
      if (share === 0) continue;
      sum += share;
      for (let axis = 0; axis < size; axis++)
        mean[axis] = (mean[axis] ?? 0) + share * (vectors[row * size + axis] ?? 0);
    }
    for (let axis = 0; axis < size; axis++) mean[axis] = (mean[axis] ?? 0) / sum;
    weights[component] = sum / count;
    const covariance = factors.subarray(component * size * size, (component + 1) * size * size);
    for (let row = 0; row < count; row++) {
      const share = shares[row * components + component] ?? 0;
      if (share === 0) continue;
      for (let axis = 0; axis < size; axis++) {
        difference[axis] = (vectors[row * size + axis] ?? 0) - (mean[axis] ?? 0);
        const scaled = (share / sum) * (difference[axis] ?? 0);
        for (let other = 0; other <= axis; other++)
          covariance[axis * size + other] =
            (covariance[axis * size + other] ?? 0) + scaled * (difference[other] ?? 0);
      }
    }
    factorise(covariance, size);
  }
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  return { size, weights: weights.map((weight) => weight / all), means, factors };
}

/** Adds `LEAST_VARIANCE` to the diagonal of a covariance, and replaces its lower half by the Cholesky factor. */
function factorise(matrix: Float64Array, size: number): void {
  for (let axis = 0; axis < size; axis++) {
    for (let other = 0; other <= axis; other++) {
      let value = matrix[axis * size + other] ?? 0;
      if (other === axis) value += LEAST_VARIANCE;
      for (let inner = 0; inner < other; inner++)
        value -= (matrix[axis * size + inner] ?? 0) * (matrix[other * size + inner] ?? 0);
      // Because of rounding, less than the added variance may remain.
      matrix[axis * size + other] =
        other === axis
          ? Math.sqrt(Math.max(value, LEAST_VARIANCE * 1e-3))
          : value / (matrix[other * size + other] ?? 1);
    }
  }
}

/** Initial centres far from each other: D. Arthur, S. Vassilvitskii, "k-means++: the advantages of careful seeding", 2007. */
function firstCentres(
  vectors: Float32Array,
  size: number,
  components: number,
  generator: Philox,
): Float64Array {
  const count = vectors.length / size;
  const centres = new Float64Array(components * size);
  const nearest = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
  const draw = new Float32Array(1);
  for (let component = 0; component < components; component++) {
    let row = generator.integer(count);
    if (component > 0) {
      generator.uniform(draw);
      let left = (draw[0] ?? 0) * nearest.reduce((sum, distance) => sum + distance, 0);
      row = nearest.findIndex((distance) => (left -= distance) < 0);
      if (row === -1) row = count - 1;
    }
    centres.set(vectors.subarray(row * size, (row + 1) * size), component * size);
    for (let other = 0; other < count; other++)
      nearest[other] = Math.min(nearest[other] ?? 0, distanceTo(vectors, other, centres, component, size));
  }
  return centres;
}

/** Runs k-means from these centres, assigns each vector to the nearest centre, and sums the squared distances. */
function nearestShares(
  vectors: Float32Array,
  size: number,
  centres: Float64Array,
): { readonly shares: Float64Array<ArrayBuffer>; readonly distance: number } {
  const components = centres.length / size;
  const count = vectors.length / size;
  let shares = new Float64Array(count * components);
  let total = 0;
  for (let round = 0; round < CENTRE_ROUNDS; round++) {
    shares = new Float64Array(count * components);
    const sums = new Float64Array(centres.length);
    const members = new Float64Array(components);
    total = 0;
    for (let row = 0; row < count; row++) {
      let [best, least] = [0, Number.POSITIVE_INFINITY];
      for (let component = 0; component < components; component++) {
        const distance = distanceTo(vectors, row, centres, component, size);
        if (distance < least) [best, least] = [component, distance];
      }
      shares[row * components + best] = 1;
      total += least;
      members[best] = (members[best] ?? 0) + 1;
      for (let axis = 0; axis < size; axis++)
        sums[best * size + axis] = (sums[best * size + axis] ?? 0) + (vectors[row * size + axis] ?? 0);
    }
    for (let index = 0; index < centres.length; index++) {
      const number = members[Math.floor(index / size)] ?? 0;
      if (number > 0) centres[index] = (sums[index] ?? 0) / number;
    }
  }
  return { shares, distance: total };
}

function distanceTo(
  vectors: Float32Array,
  row: number,
  centres: Float64Array,
  component: number,
  size: number,
): number {
  let sum = 0;
  for (let axis = 0; axis < size; axis++)
    sum += ((vectors[row * size + axis] ?? 0) - (centres[component * size + axis] ?? 0)) ** 2;
  return sum;
}
