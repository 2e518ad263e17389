/**
 * Keras's initializers, sampled with Philox: the same numbers for the same seed, on every engine. tfjs has initializers of the
 * same names, but uses other generators, and its normal initializers lack the correction of the standard deviation.
 */
import type { InitializerName } from '../schema/generated/settings.ts';
import { Philox } from '../core/philox.ts';
import type { Seed } from '../core/seed.ts';
import { sizeOf } from '../core/shape.ts';
import type { Shape } from './layer.ts';

/** Half the width of Keras's `RandomUniform`. */
const UNIFORM_LIMIT = 0.05;
/** Standard deviation of Keras's `RandomNormal` and `TruncatedNormal`. */
const NORMAL_STDDEV = 0.05;
/** Standard deviation of a standard normal distribution whose values beyond 2 are resampled. */
const TRUNCATED_STDDEV = 0.8796256610342398;

/** How variance scaling weights the two sides of a weight, and its factor. */
const SCALING = {
  glorot: { scale: 1, fan: ([fanIn, fanOut]: Fans) => (fanIn + fanOut) / 2 },
  he: { scale: 2, fan: ([fanIn]: Fans) => fanIn },
  lecun: { scale: 1, fan: ([fanIn]: Fans) => fanIn },
} as const;

type Fans = readonly [fanIn: number, fanOut: number];

/**
 * The initial values of a weight, row-major.
 *
 * @param shape for `orthogonal`, with two axes or more
 */
export function initialValues(
  initializer: InitializerName,
  shape: Shape,
  seed: Seed,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(sizeOf(shape));
  const generator = new Philox(seed);
  switch (initializer) {
    case 'zeros':
      return values;
    case 'ones':
      return values.fill(1);
    case 'random_uniform':
      return uniform(values, UNIFORM_LIMIT, generator);
    case 'random_normal':
      generator.normal(values);
      return scale(values, NORMAL_STDDEV);
    case 'truncated_normal':
      return truncatedNormal(values, NORMAL_STDDEV, generator);
    case 'orthogonal':
      return orthogonal(values, shape, generator);
    case 'glorot_uniform':
      return uniform(values, Math.sqrt(3 * variance('glorot', shape)), generator);
    case 'he_uniform':
      return uniform(values, Math.sqrt(3 * variance('he', shape)), generator);
    case 'lecun_uniform':
      return uniform(values, Math.sqrt(3 * variance('lecun', shape)), generator);
    case 'glorot_normal':
      return scaledNormal(values, variance('glorot', shape), generator);
    case 'he_normal':
      return scaledNormal(values, variance('he', shape), generator);
    case 'lecun_normal':
      return scaledNormal(values, variance('lecun', shape), generator);
  }
}

/**
 * The initial values of a matrix that consists of several matrices side by side, each sampled as if it were alone.
 *
 * @param shape [rows, columns of all matrices together]
 * @param seed of each matrix
 */
export function initialHeads(
  initializer: InitializerName,
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
 * The variance by variance scaling: X. Glorot and Y. Bengio, "Understanding the difficulty of training deep
 * feedforward neural networks", 2010; K. He et al., "Delving deep into rectifiers", 2015; Y. LeCun et al., "Efficient
 * backprop", 1998.
 */
function variance(kind: keyof typeof SCALING, shape: Shape): number {
  const { scale: factor, fan } = SCALING[kind];
  return factor / Math.max(1, fan(fansOf(shape)));
}

/** Inputs and outputs of a unit by Keras's rule, which treats any weight of three axes or more as a kernel. */
function fansOf(shape: Shape): Fans {
  if (shape.length < 2) {
    const size = shape[0] ?? 1;
    return [size, size];
  }
  const field = sizeOf(shape.slice(0, -2));
  return [(shape.at(-2) ?? 1) * field, (shape.at(-1) ?? 1) * field];
}

function uniform<Values extends Float32Array>(values: Values, limit: number, generator: Philox): Values {
  generator.uniform(values);
  for (let index = 0; index < values.length; index++) values[index] = ((values[index] ?? 0) * 2 - 1) * limit;
  return values;
}

function scale<Values extends Float32Array>(values: Values, factor: number): Values {
  for (let index = 0; index < values.length; index++) values[index] = (values[index] ?? 0) * factor;
  return values;
}

/** Normal values of a given variance, after resampling values beyond two standard deviations. */
function scaledNormal<Values extends Float32Array>(
  values: Values,
  target: number,
  generator: Philox,
): Values {
  return truncatedNormal(values, Math.sqrt(target) / TRUNCATED_STDDEV, generator);
}

/** Normal values; those beyond two standard deviations are resampled. */
function truncatedNormal<Values extends Float32Array>(
  values: Values,
  stddev: number,
  generator: Philox,
): Values {
  const drawn = new Float32Array(Math.min(Math.max(values.length, 16), 65536));
  let filled = 0;
  while (filled < values.length) {
    generator.normal(drawn);
    for (const value of drawn) {
      if (Math.abs(value) <= 2 && filled < values.length) values[filled++] = value * stddev;
    }
  }
  return values;
}

/**
 * A random matrix with orthonormal rows or columns, whichever are fewer: the Q of the QR decomposition, with a positive
 * diagonal of R, of a matrix of normal numbers. A. M. Saxe et al., "Exact solutions to the nonlinear dynamics of learning in
 * deep linear neural networks", 2013. A kernel of more axes counts as a matrix with its last axis as columns.
 */
function orthogonal<Values extends Float32Array>(values: Values, shape: Shape, generator: Philox): Values {
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
      values[place] = vector[position] ?? 0;
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
