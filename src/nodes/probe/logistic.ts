/** Multinomial logistic regression: a linear classifier, whose accuracy says how well a plane parts the classes. */
import { failure } from '../../core/diagnostic.ts';
import {
  prepareComputation,
  prepareRowsComputation,
  type Computation,
  type ComputingEngine,
} from '../../engine/computation.ts';
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
  engine: ComputingEngine,
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
  const entropy = prepareEntropy(engine, rows, classes.length);
  try {
    entropy.write({ points: standardize(rows, scaling), targets: oneHot(targets, classes.length) });
    const { point, iterations, converged } = await minimize({
      evaluate: (at) => penalized(at, entropy.run(split(at, size, classes.length)), count),
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
      predict: (unknown) => mostLikely(engine, unknown, scaling, point).map((place) => classes[place] ?? 0),
    };
  } finally {
    entropy.dispose();
  }
}

/**
 * The mean cross-entropy and its gradients with respect to the weights [size, classes] and the biases [classes]. Its inputs are
 * standardised rows [count, size], their classes as ones among zeros [count, classes], weights and biases.
 */
function prepareEntropy(
  engine: ComputingEngine,
  { count, size }: Matrix,
  classes: number,
): Computation<'points' | 'targets' | 'weights' | 'biases'> {
  const shapes = {
    points: [count, size],
    targets: [count, classes],
    weights: [size, classes],
    biases: [classes],
  };
  const { tf } = engine;
  return prepareComputation(engine, shapes, ({ points, targets, weights, biases }) => {
    const likely = tf.logSoftmax(tf.matMul(points, weights).add(biases));
    const excess = tf.exp(likely).sub(targets).div(count);
    return [likely.mul(targets).sum(1).mean().neg(), tf.matMul(points, excess, true, false), excess.sum(0)];
  });
}

/**
 * The objective and its gradient.
 *
 * @param point the weights, then the biases
 * @param results of `prepareEntropy`
 */
function penalized(point: Float64Array, results: readonly Float32Array[], count: number): Evaluation {
  const [entropy, byWeight = new Float32Array(), byBias] = results;
  let penalty = 0;
  const gradient = point.map((value, index) => {
    if (index >= byWeight.length) return byBias?.[index - byWeight.length] ?? 0;
    penalty += value * value;
    return (byWeight[index] ?? 0) + value / count;
  });
  return { value: (entropy?.[0] ?? Number.NaN) + penalty / (2 * count), gradient };
}

function split(point: Float64Array, size: number, classes: number) {
  const values = Float32Array.from(point);
  return { weights: values.subarray(0, size * classes), biases: values.subarray(size * classes) };
}

/** Row-major [places, classes]. */
function oneHot(places: Int32Array, classes: number): Float32Array {
  const rows = new Float32Array(places.length * classes);
  for (const [row, place] of places.entries()) rows[row * classes + place] = 1;
  return rows;
}

/** The place of each row's likeliest class. */
function mostLikely(
  engine: ComputingEngine,
  { data, count, size }: Matrix,
  scaling: Scaling,
  point: Float64Array,
): Int32Array {
  const classes = point.length / (size + 1);
  const { weights, biases } = split(point, size, classes);
  const fixed = {
    weights: { shape: [size, classes], numbers: weights },
    biases: { shape: [classes], numbers: biases },
  };
  const scoring = prepareRowsComputation(engine, size, fixed, (inputs) => [
    engine.tf.matMul(inputs.rows, inputs.weights).add(inputs.biases),
  ]);
  const found = new Int32Array(count);
  try {
    for (let start = 0; start < count; start += STRETCH) {
      const rows = Math.min(STRETCH, count - start);
      const part = { data: data.subarray(start * size, (start + rows) * size), count: rows, size };
      const [scores = new Float32Array()] = scoring.run(standardize(part, scaling));
      for (let row = 0; row < rows; row++) {
        found[start + row] = highestPlace(scores.subarray(row * classes, (row + 1) * classes));
      }
    }
  } finally {
    scoring.dispose();
  }
  return found;
}

/** The place of the highest score; of equal ones the first. */
function highestPlace(scores: Float32Array): number {
  let place = 0;
  for (let index = 1; index < scores.length; index++) {
    if ((scores[index] ?? 0) > (scores[place] ?? 0)) place = index;
  }
  return place;
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
