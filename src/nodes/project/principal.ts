/**
 * The first principal components of many rows, by randomised subspace iteration: N. Halko, P. G. Martinsson, J. A. Tropp,
 * "Finding structure with randomness", SIAM Review 53, 2011, repeated until it converges. The engine computes the products.
 */
import { EigenvalueDecomposition, Matrix as SmallMatrix } from 'ml-matrix';
import { Philox } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';
import { prepareComputation, type ComputingEngine } from '../../engine/computation.ts';
import { Pace } from '../../engine/train/pace.ts';
import type { Matrix } from '../encode/rows.ts';
import { centred, columnMeans } from '../probe/neighbors.ts';

export interface Principal {
  /** Row-major [rows, components], components by descending variance. */
  readonly coordinates: Float32Array;
  /** Share of the variance explained by each component, 0 to 1. */
  readonly shares: readonly number[];
}

export interface PrincipalOptions {
  /** At most the number of values in a row. */
  readonly components: number;
  /** Seed of the start, which affects only rounding. */
  readonly seed: Seed;
  readonly signal: AbortSignal;
}

/** Additional directions, with which the wanted ones converge faster. */
const SPARE = 10;
const ITERATIONS = 100;
/** Converged when no variance changes by a larger share. Sums in float32 are not more precise. */
const TOLERANCE = 1e-7;

/** Each component's sign makes its largest weight positive, so that figures are not mirrored at random. */
export async function principalComponents(
  engine: ComputingEngine,
  rows: Matrix,
  { components, seed, signal }: PrincipalOptions,
): Promise<Principal> {
  const { count } = rows;
  const points = centred(rows, columnMeans(rows));
  const width = Math.min(rows.size, components + SPARE);
  const start = new Float32Array(rows.size * width);
  new Philox(seed).normal(start);
  const found = await leadingDirections(engine, points, {
    start: SmallMatrix.from1DArray(rows.size, width, [...start]),
    components,
    pace: new Pace(signal),
  });
  const { coordinates, total } = along(engine, points, pointed(found.directions));
  const shares = found.variances.map((value) => (total === 0 ? 0 : (value * count) / total));
  return { coordinates, shares };
}

interface IterationOptions {
  /** Initial directions, as columns. */
  readonly start: SmallMatrix;
  readonly components: number;
  readonly pace: Pace;
}

/** Directions of the largest variance as columns, and the variance along each. */
async function leadingDirections(
  engine: ComputingEngine,
  points: Matrix,
  { start, components, pace }: IterationOptions,
): Promise<{ readonly directions: SmallMatrix; readonly variances: readonly number[] }> {
  const { count, size } = points;
  const { tf } = engine;
  const shapes = { points: [count, size], basis: [size, start.columns] };
  // The covariance matrix times the basis, without computing the matrix.
  const covariance = prepareComputation(engine, shapes, (inputs) => [
    tf.matMul(inputs.points, tf.matMul(inputs.points, inputs.basis), true, false).div(count),
  ]);
  try {
    covariance.write({ points: points.data });
    let basis = orthonormal(start);
    let known: readonly number[] = [];
    let rotation = SmallMatrix.eye(start.columns);
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      await pace.next();
      const [numbers = []] = covariance.run({ basis: toFloat32(basis) });
      const image = SmallMatrix.from1DArray(size, start.columns, [...numbers]);
      const within = basis.transpose().mmul(image);
      const { vectors, values } = symmetricEigen(within);
      rotation = vectors;
      const still = values
        .slice(0, components)
        .every(
          (value, index) => Math.abs(value - (known[index] ?? Infinity)) <= TOLERANCE * (values[0] ?? 0),
        );
      known = values;
      if (still) break;
      basis = orthonormal(image);
    }
    const directions = basis.mmul(rotation).subMatrix(0, size - 1, 0, components - 1);
    return { directions, variances: known.slice(0, components) };
  } finally {
    covariance.dispose();
  }
}

/** The coordinates of centred points along directions, and the sum of all squared values. */
function along(
  engine: ComputingEngine,
  { data, count, size }: Matrix,
  directions: SmallMatrix,
): { readonly coordinates: Float32Array; readonly total: number } {
  const shapes = { points: [count, size], columns: [size, directions.columns] };
  const computation = prepareComputation(engine, shapes, ({ points, columns }) => [
    engine.tf.matMul(points, columns),
    points.square().sum(0),
  ]);
  try {
    const [coordinates = new Float32Array(), squares = new Float32Array()] = computation.run({
      points: data,
      columns: toFloat32(directions),
    });
    return { coordinates, total: squares.reduce((sum, value) => sum + value, 0) };
  } finally {
    computation.dispose();
  }
}

function toFloat32(matrix: SmallMatrix): Float32Array {
  return Float32Array.from(matrix.to1DArray());
}

/** Orthonormal columns that span the same space, by the Gram-Schmidt method, applied twice for precision. */
function orthonormal(matrix: SmallMatrix): SmallMatrix {
  const columns = matrix
    .transpose()
    .to2DArray()
    .map((column) => Float64Array.from(column));
  columns.forEach((column, index) => {
    for (let round = 0; round < 2; round++) {
      for (const before of columns.slice(0, index)) {
        const along = column.reduce((sum, value, row) => sum + value * (before[row] ?? 0), 0);
        before.forEach((value, row) => {
          column[row] = (column[row] ?? 0) - along * value;
        });
      }
    }
    const length = Math.hypot(...column);
    // A direction without variance becomes zero and has no further effect.
    for (let row = 0; row < column.length; row++)
      column[row] = length === 0 ? 0 : (column[row] ?? 0) / length;
  });
  return new SmallMatrix(columns.map((column) => [...column])).transpose();
}

/** Eigenvalues of a symmetric matrix in descending order, and the eigenvectors as columns in the same order. */
function symmetricEigen(matrix: SmallMatrix): {
  readonly vectors: SmallMatrix;
  readonly values: readonly number[];
} {
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const order = realEigenvalues
    .map((_, index) => index)
    .sort((one, other) => (realEigenvalues[other] ?? 0) - (realEigenvalues[one] ?? 0));
  return {
    vectors: eigenvectorMatrix.subMatrixColumn(order),
    values: order.map((index) => Math.max(0, realEigenvalues[index] ?? 0)),
  };
}

function pointed(directions: SmallMatrix): SmallMatrix {
  for (let column = 0; column < directions.columns; column++) {
    const weights = directions.getColumn(column);
    const largest = weights.reduce((most, weight) => (Math.abs(weight) > Math.abs(most) ? weight : most), 0);
    if (largest < 0) directions.mulColumn(column, -1);
  }
  return directions;
}
