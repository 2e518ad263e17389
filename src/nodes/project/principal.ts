/**
 * The first principal components of many rows: randomised subspace iteration, N. Halko, P. G. Martinsson, J. A. Tropp, "Finding
 * structure with randomness", SIAM Review 53, 2011, repeated until it stands still. Products by TensorFlow.
 */
import { EigenvalueDecomposition, Matrix as SmallMatrix } from 'ml-matrix';
import { Philox } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';
import type { Tf } from '../../engine/engine.ts';
import { Pace } from '../../engine/train/pace.ts';
import type { Matrix } from '../encode/rows.ts';
import { columnMeans } from '../probe/neighbors.ts';

export interface Principal {
  /** Row-major [rows, components], from the component of the largest variance. */
  readonly coordinates: Float32Array;
  /** Share of the variance that each component holds, 0 to 1. */
  readonly shares: readonly number[];
}

export interface PrincipalOptions {
  /** At most as many as a row has values. */
  readonly components: number;
  /** Of the start, on which the last digits depend. */
  readonly seed: Seed;
  readonly signal: AbortSignal;
}

/** Directions beyond those wanted, which let these settle faster. */
const SPARE = 10;
const ITERATIONS = 100;
/** Ends where no variance changes by a larger share: as much as sums in float32 tell. */
const TOLERANCE = 1e-7;

/** Each component points where its largest weight is positive, so that pictures are not mirrored by chance. */
export async function principalComponents(
  tf: Tf,
  rows: Matrix,
  { components, seed, signal }: PrincipalOptions,
): Promise<Principal> {
  const { count, size } = rows;
  const width = Math.min(size, components + SPARE);
  const pace = new Pace(signal);
  const centred = tf.tidy(() =>
    tf
      .tensor2d(rows.data, [count, size])
      .sub(tf.tensor1d(columnMeans(rows)))
      .as2D(count, size),
  );
  try {
    const start = new Float32Array(size * width);
    new Philox(seed).normal(start);
    let basis = orthonormal(SmallMatrix.from1DArray(size, width, [...start]));
    let known: readonly number[] = [];
    let rotation = SmallMatrix.eye(width);
    for (let iteration = 0; iteration < ITERATIONS; iteration++) {
      await pace.next();
      const image = covarianceTimes(tf, centred, basis);
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
    const directions = pointed(basis.mmul(rotation).subMatrix(0, size - 1, 0, components - 1));
    const total = readNumbers(tf.tidy(() => centred.square().sum(0))).reduce((sum, value) => sum + value, 0);
    const coordinates = readNumbers(
      tf.tidy(() => tf.matMul(centred, tf.tensor2d(toFloat32(directions), [size, components]))),
    );
    const shares = known.slice(0, components).map((value) => (total === 0 ? 0 : (value * count) / total));
    return { coordinates, shares };
  } finally {
    centred.dispose();
  }
}

type Tensor = ReturnType<Tf['tensor']>;
type Tensor2D = ReturnType<Tf['tensor2d']>;

/** The covariance matrix times `basis`, without making it. */
function covarianceTimes(tf: Tf, centred: Tensor2D, basis: SmallMatrix): SmallMatrix {
  const image = readNumbers(
    tf.tidy(() => {
      const columns = tf.tensor2d(toFloat32(basis), [basis.rows, basis.columns]);
      return tf.matMul(centred, tf.matMul(centred, columns), true, false).div(centred.shape[0]);
    }),
  );
  return SmallMatrix.from1DArray(basis.rows, basis.columns, [...image]);
}

function readNumbers(tensor: Tensor): Float32Array {
  const numbers = tensor.dataSync<'float32'>();
  tensor.dispose();
  return numbers;
}

function toFloat32(matrix: SmallMatrix): Float32Array {
  return Float32Array.from(matrix.to1DArray());
}

/** Columns at right angles and of length 1 that span the same space: the method of Gram and Schmidt, twice for its digits. */
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
    // A direction without variance stays zero, and takes part no more.
    for (let row = 0; row < column.length; row++)
      column[row] = length === 0 ? 0 : (column[row] ?? 0) / length;
  });
  return new SmallMatrix(columns.map((column) => [...column])).transpose();
}

/** Eigenvalues of a symmetric matrix from the largest, and the eigenvectors as columns in that order. */
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
