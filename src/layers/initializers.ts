/**
 * Keras's initializers, sampled with Philox: the same numbers for the same seed, on every engine. tfjs has initializers of the
 * same names, but uses other generators, and its normal initializers lack the correction of the standard deviation.
 */
import type { InitializerSpec, VarianceScalingArguments } from '../schema/generated/settings.ts';
import { initializerOf } from '../schema/initializers.ts';
import { Philox } from '../core/philox.ts';
import type { Seed } from '../core/seed.ts';
import { sizeOf } from '../core/shape.ts';
import type { Shape } from './layer.ts';

/** Standard deviation of a standard normal distribution whose values beyond 2 are resampled. */
const TRUNCATED_STDDEV = 0.8796256610342398;

/**
 * The initial values of a weight, row-major.
 *
 * @param shape for `Orthogonal`, with two axes or more; for `Identity`, with two
 */
export function initialValues(spec: InitializerSpec, shape: Shape, seed: Seed): Float32Array<ArrayBuffer> {
  const values = new Float32Array(sizeOf(shape));
  const generator = new Philox(seed);
  const initializer = initializerOf(spec);
  if ('Constant' in initializer) return values.fill(initializer.Constant.value);
  if ('Identity' in initializer) return identity(values, shape, initializer.Identity.gain);
  if ('Orthogonal' in initializer) return orthogonal(values, shape, initializer.Orthogonal.gain, generator);
  if ('VarianceScaling' in initializer) return scaled(values, shape, initializer.VarianceScaling, generator);
  if ('RandomUniform' in initializer) {
    const { minval, maxval } = initializer.RandomUniform;
    return uniform(values, (minval + maxval) / 2, (maxval - minval) / 2, generator);
  }
  if ('TruncatedNormal' in initializer) {
    const { mean, stddev } = initializer.TruncatedNormal;
    return truncatedNormal(values, mean, stddev, generator);
  }
  const { mean, stddev } = initializer.RandomNormal;
  return normal(values, mean, stddev, generator);
}

/**
 * The initial values of a matrix that consists of several matrices side by side, each sampled as if it were alone.
 *
 * @param shape [rows, columns of all matrices together]
 * @param seed of each matrix
 */
export function initialHeads(
  initializer: InitializerSpec,
  shape: Shape,
  heads: number,
  seed: (head: number) => Seed,
): Float32Array<ArrayBuffer> {
  const [rows = 0, columns = 0] = shape;
  const width = columns / heads;
  const values = new Float32Array(rows * columns);
  for (let head = 0; head < heads; head++) {
    const own = initialValues(initializer, [rows, width], seed(head));
    for (let row = 0; row < rows; row++)
      values.set(own.subarray(row * width, (row + 1) * width), row * columns + head * width);
  }
  return values;
}

/**
 * Variance scaling: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks", 2010;
 * K. He et al., "Delving deep into rectifiers", 2015; Y. LeCun et al., "Efficient backprop", 1998.
 */
function scaled<Values extends Float32Array>(
  values: Values,
  shape: Shape,
  { scale, mode, distribution }: VarianceScalingArguments,
  generator: Philox,
): Values {
  const [fanIn, fanOut] = fansOf(shape);
  const fan = { fan_in: fanIn, fan_out: fanOut, fan_avg: (fanIn + fanOut) / 2 }[mode];
  const variance = scale / Math.max(1, fan);
  switch (distribution) {
    case 'uniform':
      return uniform(values, 0, Math.sqrt(3 * variance), generator);
    case 'untruncated_normal':
      return normal(values, 0, Math.sqrt(variance), generator);
    case 'truncated_normal':
      return truncatedNormal(values, 0, Math.sqrt(variance) / TRUNCATED_STDDEV, generator);
  }
}

/** Inputs and outputs of a unit by Keras's rule, which treats any weight of three axes or more as a kernel. */
function fansOf(shape: Shape): readonly [fanIn: number, fanOut: number] {
  if (shape.length < 2) {
    const size = shape[0] ?? 1;
    return [size, size];
  }
  const field = sizeOf(shape.slice(0, -2));
  return [(shape.at(-2) ?? 1) * field, (shape.at(-1) ?? 1) * field];
}

/** Uniform values within `half` of the middle. */
function uniform<Values extends Float32Array>(
  values: Values,
  middle: number,
  half: number,
  generator: Philox,
): Values {
  generator.uniform(values);
  for (let index = 0; index < values.length; index++)
    values[index] = middle + ((values[index] ?? 0) * 2 - 1) * half;
  return values;
}

function normal<Values extends Float32Array>(
  values: Values,
  mean: number,
  stddev: number,
  generator: Philox,
): Values {
  generator.normal(values);
  for (let index = 0; index < values.length; index++) values[index] = mean + (values[index] ?? 0) * stddev;
  return values;
}

/** Normal values; those beyond two standard deviations are resampled. */
function truncatedNormal<Values extends Float32Array>(
  values: Values,
  mean: number,
  stddev: number,
  generator: Philox,
): Values {
  const drawn = new Float32Array(Math.min(Math.max(values.length, 16), 65536));
  let filled = 0;
  while (filled < values.length) {
    generator.normal(drawn);
    for (const value of drawn) {
      if (Math.abs(value) <= 2 && filled < values.length) values[filled++] = mean + value * stddev;
    }
  }
  return values;
}

function identity<Values extends Float32Array>(values: Values, shape: Shape, gain: number): Values {
  const [rows = 0, columns = 0] = shape;
  for (let index = 0; index < Math.min(rows, columns); index++) values[index * columns + index] = gain;
  return values;
}

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer: the Q of the QR decomposition, with a positive
 * diagonal of R, of a matrix of normal numbers, times `gain`. A. M. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in
 * deep linear neural networks", 2013. A kernel of more axes counts as a matrix with its last axis as columns.
 */
function orthogonal<Values extends Float32Array>(
  values: Values,
  shape: Shape,
  gain: number,
  generator: Philox,
): Values {
  const columns = shape.at(-1) ?? 1;
  const rows = values.length / columns;
  const length = Math.max(rows, columns);
  const count = Math.min(rows, columns);
  const drawn = new Float32Array(values.length);
  generator.normal(drawn);
  const vectors = Array.from({ length: count }, (_, vector) =>
    Float64Array.from(drawn.subarray(vector * length, (vector + 1) * length)),
  );
  orthonormalize(vectors);
  for (const [index, vector] of vectors.entries()) {
    for (let position = 0; position < length; position++) {
      const place = rows < columns ? index * columns + position : position * columns + index;
      values[place] = (vector[position] ?? 0) * gain;
    }
  }
  return values;
}

/** The modified Gram-Schmidt process, which is exact to well below float32 on normal vectors. */
function orthonormalize(vectors: readonly Float64Array[]): void {
  for (const [index, vector] of vectors.entries()) {
    const norm = Math.sqrt(dot(vector, vector));
    for (let position = 0; position < vector.length; position++)
      vector[position] = (vector[position] ?? 0) / norm;
    for (let later = index + 1; later < vectors.length; later++) {
      const other = vectors[later];
      if (other === undefined) continue;
      const share = dot(vector, other);
      for (let position = 0; position < other.length; position++) {
        other[position] = (other[position] ?? 0) - share * (vector[position] ?? 0);
      }
    }
  }
}

function dot(one: Float64Array, other: Float64Array): number {
  let sum = 0;
  for (let position = 0; position < one.length; position++)
    sum += (one[position] ?? 0) * (other[position] ?? 0);
  return sum;
}
