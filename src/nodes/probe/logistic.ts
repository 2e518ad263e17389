/** Multinomial logistic regression: a linear classifier, whose accuracy shows how well the classes are linearly separable. */
import { failure } from '../../core/diagnostic.ts';
import {
  prepareComputation,
  prepareRowsComputation,
  type Computation,
  type ComputingEngine,
} from '../../engine/computation.ts';
import { Pace } from '../../engine/train/pace.ts';
import type { Matrix, RowBlock, RowBlocks } from '../encode/rows.ts';
import { addColumns } from './neighbors.ts';
import { minimize, type Evaluation } from './lbfgs.ts';

export interface LogisticOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

export interface LogisticModel {
  readonly iterations: number;
  readonly converged: boolean;
  /** The most likely class of each row, among the classes of the training rows. */
  predict(rows: RowBlocks): Int32Array;
}

/** Maximum number of weights: about twenty numbers are kept for each. */
const MOST_WEIGHTS = 2 ** 22;
const ITERATIONS = 500;
/** Of the gradient of the mean loss. */
const TOLERANCE = 1e-4;
/** Rows whose likelihoods are computed at once. */
const STRETCH = 10_000;

/**
 * Minimises the mean cross-entropy plus |weights|² / (2 n) for n rows: scikit-learn's penalty with `C=1`. The columns are
 * standardised with the means and standard deviations of the training rows. Constant columns have no effect.
 *
 * @throws Failure `out-of-range` if classes times values are too many, `interrupted` once the signal is aborted
 */
export async function fitLogistic(
  engine: ComputingEngine,
  rows: RowBlocks,
  labels: Int32Array,
  { signal, onProgress }: LogisticOptions,
): Promise<LogisticModel> {
  const { count, size } = rows;
  const classes = [...new Set(labels)].sort((one, other) => one - other);
  if (classes.length * (size + 1) > MOST_WEIGHTS) {
    throw failure(
      'out-of-range',
      `logistic regression with ${classes.length} classes and ${size} values would have more than ${MOST_WEIGHTS} weights`,
      'use `classifiers: [knn]`, or data with fewer classes',
    );
  }
  const places = new Map(classes.map((label, place) => [label, place]));
  const targets = labels.map((label) => places.get(label) ?? 0);
  const scaling = standardScaling(rows);
  const pace = new Pace(signal);
  const entropy = prepareEntropy(engine, rows, { scaling, targets, classes: classes.length });
  try {
    const { point, iterations, converged } = await minimize({
      evaluate: (at) => penalized(at, entropy.at(split(at, size, classes.length)), count),
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

interface Entropy {
  /** The mean cross-entropy, and its gradients with respect to the weights [size, classes] and the biases [classes]. */
  at(point: { readonly weights: Float32Array; readonly biases: Float32Array }): readonly ArrayLike<number>[];
  dispose(): void;
}

/** A single block is loaded once. Several blocks are read again at every evaluation, and their results are summed. */
function prepareEntropy(
  engine: ComputingEngine,
  { blocks, count, size }: RowBlocks,
  {
    scaling,
    targets,
    classes,
  }: { readonly scaling: Scaling; readonly targets: Int32Array; readonly classes: number },
): Entropy {
  const computations = new Map<number, Computation<EntropyInput>>();
  const load = (block: RowBlock): Computation<EntropyInput> => {
    const known = computations.get(block.count);
    const computation = known ?? blockEntropy(engine, { rows: block.count, size, classes, all: count });
    computations.set(block.count, computation);
    if (known === undefined || blocks.length > 1) {
      const own = targets.subarray(block.start, block.start + block.count);
      computation.write({ points: standardize(block.read(), scaling), targets: oneHot(own, classes) });
    }
    return computation;
  };
  return {
    at(point) {
      const [first] = blocks;
      if (first !== undefined && blocks.length === 1) return load(first).run(point);
      let sums: readonly Float64Array[] = [];
      for (const block of blocks) {
        const before = sums;
        sums = load(block)
          .run(point)
          .map((values, part) =>
            Float64Array.from(values, (value, index) => value + (before[part]?.[index] ?? 0)),
          );
      }
      return sums;
    },
    dispose() {
      for (const computation of computations.values()) computation.dispose();
    },
  };
}

type EntropyInput = 'points' | 'targets' | 'weights' | 'biases';

/**
 * The contribution of one block to the mean cross-entropy and its gradients. The inputs are standardised rows [rows, size], their
 * one-hot classes [rows, classes], weights and biases.
 */
function blockEntropy(
  engine: ComputingEngine,
  {
    rows,
    size,
    classes,
    all,
  }: { readonly rows: number; readonly size: number; readonly classes: number; readonly all: number },
): Computation<EntropyInput> {
  const shapes = {
    points: [rows, size],
    targets: [rows, classes],
    weights: [size, classes],
    biases: [classes],
  };
  const { tf } = engine;
  return prepareComputation(engine, shapes, ({ points, targets, weights, biases }) => {
    const likely = tf.logSoftmax(tf.matMul(points, weights).add(biases));
    const excess = tf.exp(likely).sub(targets).div(all);
    const mean = likely.mul(targets).sum(1).mean().neg();
    const share = rows === all ? mean : mean.mul(rows / all);
    return [share, tf.matMul(points, excess, true, false), excess.sum(0)];
  });
}

/**
 * The objective and its gradient.
 *
 * @param point the weights, followed by the biases
 * @param results of `Entropy.at`
 */
function penalized(point: Float64Array, results: readonly ArrayLike<number>[], count: number): Evaluation {
  const [entropy, byWeight = [], byBias] = results;
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

/** The index of each row's most likely class. */
function mostLikely(
  engine: ComputingEngine,
  { blocks, count, size }: RowBlocks,
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
    for (const block of blocks) {
      const { data } = block.read();
      for (let start = 0; start < block.count; start += STRETCH) {
        const rows = Math.min(STRETCH, block.count - start);
        const part = { data: data.subarray(start * size, (start + rows) * size), count: rows, size };
        const [scores = new Float32Array()] = scoring.run(standardize(part, scaling));
        for (let row = 0; row < rows; row++) {
          const place = highestPlace(scores.subarray(row * classes, (row + 1) * classes));
          found[block.start + start + row] = place;
        }
      }
    }
  } finally {
    scoring.dispose();
  }
  return found;
}

/** The index of the highest score; the first, if several are equal. */
function highestPlace(scores: Float32Array): number {
  let place = 0;
  for (let index = 1; index < scores.length; index++) {
    if ((scores[index] ?? 0) > (scores[place] ?? 0)) place = index;
  }
  return place;
}

interface Scaling {
  readonly means: Float32Array;
  /** Factors for the differences from the mean; 0 for constant columns. */
  readonly factors: Float32Array;
}

function standardScaling({ blocks, count, size }: RowBlocks): Scaling {
  const sums = new Float64Array(size);
  for (const block of blocks) addColumns(sums, block.read());
  const means = Float32Array.from(sums, (sum) => sum / count);
  const squares = new Float64Array(size);
  for (const block of blocks) {
    const { data } = block.read();
    for (let row = 0; row < block.count; row++) {
      for (let column = 0; column < size; column++) {
        squares[column] =
          (squares[column] ?? 0) + ((data[row * size + column] ?? 0) - (means[column] ?? 0)) ** 2;
      }
    }
  }
  const factors = Float32Array.from(squares, (sum) => (sum > 0 ? 1 / Math.sqrt(sum / count) : 0));
  return { means, factors };
}

function standardize({ data, size }: Matrix, { means, factors }: Scaling): Float32Array {
  return data.map((value, index) => (value - (means[index % size] ?? 0)) * (factors[index % size] ?? 0));
}
