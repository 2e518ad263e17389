/** Multinomial logistic regression: a linear classifier, whose accuracy says how well a plane parts the classes. */
import { failure } from '../../core/diagnostic.ts';
import type { Tf } from '../../engine/engine.ts';
import { Pace } from '../../engine/train/pace.ts';
import type { Matrix } from '../encode/rows.ts';
import { columnMeans } from './neighbors.ts';
import { minimize, type Evaluation } from './lbfgs.ts';

export interface LogisticOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

export interface LogisticModel {
  readonly iterations: number;
  readonly converged: boolean;
  /** The class of each row that is most likely, among those of the training rows. */
  predict(rows: Matrix): Int32Array;
}

type Tensor2D = ReturnType<Tf['tensor2d']>;

/** Weights that are fitted at most: some twenty numbers are kept for each. */
const MOST_WEIGHTS = 2 ** 22;
const ITERATIONS = 500;
/** Of the gradient of the mean loss. */
const TOLERANCE = 1e-4;
/** Rows whose likelihoods are computed at one time. */
const STRETCH = 10_000;

/**
 * Minimises the mean cross-entropy plus |weights|² / (2 n), n being the number of rows: scikit-learn's penalty with `C=1`. The
 * columns are standardised by the means and standard deviations of the training rows; those of one value count for nothing.
 *
 * @throws Failure `out-of-range` if there are too many classes for so many values, `interrupted` once the signal is aborted
 */
export async function fitLogistic(
  tf: Tf,
  rows: Matrix,
  labels: ArrayLike<number>,
  { signal, onProgress }: LogisticOptions,
): Promise<LogisticModel> {
  const { count, size } = rows;
  const classes = [...new Set(Array.from(labels))].sort((one, other) => one - other);
  if (classes.length * (size + 1) > MOST_WEIGHTS) {
    throw failure(
      'out-of-range',
      `logistic regression of ${classes.length} classes by ${size} values has more than ${MOST_WEIGHTS} weights`,
      'use `classifiers: [knn]`, or data of fewer classes',
    );
  }
  const places = new Map(classes.map((label, place) => [label, place]));
  const targets = Int32Array.from(labels, (label) => places.get(label) ?? 0);
  const scaling = standardScaling(rows);
  const pace = new Pace(signal);
  const known = tf.tidy(() => ({
    points: tf.tensor2d(standardize(rows, scaling), [count, size]),
    targets: tf.oneHot(tf.tensor1d(targets, 'int32'), classes.length).toFloat().as2D(count, classes.length),
  }));
  try {
    const { point, iterations, converged } = await minimize({
      evaluate: (at) => penalizedEntropy(tf, known, at),
      start: new Float64Array((size + 1) * classes.length),
      iterations: ITERATIONS,
      tolerance: TOLERANCE,
      async before(iteration) {
        if (pace.due()) onProgress?.(iteration / ITERATIONS);
        await pace.next();
      },
    });
    return {
      iterations,
      converged,
      predict: (unknown) => mostLikely(tf, unknown, scaling, point).map((place) => classes[place] ?? 0),
    };
  } finally {
    known.points.dispose();
    known.targets.dispose();
  }
}

/**
 * The objective and its gradient.
 *
 * @param known standardised rows [n, size], and their classes as ones among zeros [n, classes]
 * @param point the weights [size, classes], then the biases [classes]
 */
function penalizedEntropy(
  tf: Tf,
  known: { readonly points: Tensor2D; readonly targets: Tensor2D },
  point: Float64Array,
): Evaluation {
  const [count, size] = known.points.shape;
  const classes = point.length / (size + 1);
  const results = tf.tidy(() => {
    const { weights, biases } = split(tf, point, size, classes);
    const likely = tf.logSoftmax(tf.matMul(known.points, weights).add(biases));
    const excess = tf.exp(likely).sub(known.targets).div(count);
    return [
      likely.mul(known.targets).sum(1).mean().neg(),
      tf.matMul(known.points, excess, true, false),
      excess.sum(0),
    ];
  });
  const [entropy, byWeight, byBias] = results.map((tensor) => tensor.dataSync<'float32'>());
  tf.dispose(results);
  if (entropy === undefined || byWeight === undefined || byBias === undefined)
    throw new Error('TensorFlow gave no results');
  let penalty = 0;
  const gradient = point.map((value, index) => {
    if (index >= byWeight.length) return byBias[index - byWeight.length] ?? 0;
    penalty += value * value;
    return (byWeight[index] ?? 0) + value / count;
  });
  return { value: (entropy[0] ?? Number.NaN) + penalty / (2 * count), gradient };
}

function split(tf: Tf, point: Float64Array, size: number, classes: number) {
  const values = Float32Array.from(point);
  return {
    weights: tf.tensor2d(values.subarray(0, size * classes), [size, classes]),
    biases: tf.tensor1d(values.subarray(size * classes)),
  };
}

/** The place of each row's likeliest class. */
function mostLikely(
  tf: Tf,
  { data, count, size }: Matrix,
  scaling: Scaling,
  point: Float64Array,
): Int32Array {
  const found = new Int32Array(count);
  for (let start = 0; start < count; start += STRETCH) {
    const rows = Math.min(STRETCH, count - start);
    const part = { data: data.subarray(start * size, (start + rows) * size), count: rows, size };
    const places = tf.tidy(() => {
      const { weights, biases } = split(tf, point, size, point.length / (size + 1));
      const points = tf.tensor2d(standardize(part, scaling), [rows, size]);
      return tf.matMul(points, weights).add(biases).argMax(1).dataSync<'int32'>();
    });
    found.set(places, start);
  }
  return found;
}

interface Scaling {
  readonly means: Float32Array;
  /** What a difference from the mean is multiplied by; 0 for columns of one value. */
  readonly factors: Float32Array;
}

function standardScaling(rows: Matrix): Scaling {
  const { data, count, size } = rows;
  const means = columnMeans(rows);
  const squares = new Float64Array(size);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < size; column++) {
      squares[column] =
        (squares[column] ?? 0) + ((data[row * size + column] ?? 0) - (means[column] ?? 0)) ** 2;
    }
  }
  const factors = Float32Array.from(squares, (sum) => (sum > 0 ? 1 / Math.sqrt(sum / count) : 0));
  return { means, factors };
}

function standardize({ data, size }: Matrix, { means, factors }: Scaling): Float32Array {
  return data.map((value, index) => (value - (means[index % size] ?? 0)) * (factors[index % size] ?? 0));
}
