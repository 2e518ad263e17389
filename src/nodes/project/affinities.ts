/** Similarities of points as probabilities: t-SNE's P. */
import type { Neighbors } from '../probe/neighbors.ts';

/** A symmetric matrix in compressed sparse row format; its entries sum to 1. */
export interface Affinities {
  /** Where each row begins in the other two arrays; one more entry than rows. */
  readonly starts: Int32Array;
  readonly columns: Int32Array;
  readonly values: Float64Array;
}

const STEPS = 60;
/** For the logarithm of the perplexity, in nats. */
const TOLERANCE = 1e-6;

/**
 * The joint probabilities of L. van der Maaten, "Accelerating t-SNE using tree-based algorithms", JMLR 15, 2014, equations 6 and
 * 7: normal kernels over the nearest neighbours, each with the width that gives the perplexity, symmetrised.
 *
 * @param neighbors nearest neighbours of each point, without itself; three times the perplexity
 */
export function affinities({ k, indices, distances }: Neighbors, perplexity: number): Affinities {
  const count = indices.length / k;
  const conditional = new Float64Array(count * k);
  for (let point = 0; point < count; point++) {
    conditional.set(kernel(distances.subarray(point * k, (point + 1) * k), perplexity), point * k);
  }
  return symmetric(indices, conditional, count, k);
}

/** Probabilities of neighbours at these distances, such that their entropy is the logarithm of the perplexity. */
export function kernel(distances: Float64Array, perplexity: number): Float64Array {
  const nearest = distances[0] ?? 0;
  const squares = distances.map((distance) => distance * distance - nearest * nearest);
  const wanted = Math.log(perplexity);
  let [low, high, precision] = [0, Infinity, 1];
  let weights = new Float64Array(distances.length);
  for (let step = 0; step < STEPS; step++) {
    let [sum, moment] = [0, 0];
    weights = squares.map((square) => Math.exp(-precision * square));
    weights.forEach((weight, index) => {
      sum += weight;
      moment += weight * (squares[index] ?? 0);
    });
    const entropy = Math.log(sum) + (precision * moment) / sum;
    weights = weights.map((weight) => weight / sum);
    if (Math.abs(entropy - wanted) < TOLERANCE) break;
    if (entropy > wanted) {
      low = precision;
      precision = high === Infinity ? precision * 2 : (precision + high) / 2;
    } else {
      high = precision;
      precision = (precision + low) / 2;
    }
  }
  return weights;
}

/** (p_ij + p_ji) / 2n */
function symmetric(indices: Int32Array, conditional: Float64Array, count: number, k: number): Affinities {
  const rows: Map<number, number>[] = Array.from({ length: count }, () => new Map());
  const add = (row: number, column: number, value: number): void => {
    const entries = rows[row];
    entries?.set(column, (entries.get(column) ?? 0) + value);
  };
  for (let at = 0; at < indices.length; at++) {
    const [row, column] = [Math.floor(at / k), indices[at] ?? 0];
    const value = (conditional[at] ?? 0) / (2 * count);
    add(row, column, value);
    add(column, row, value);
  }
  const starts = new Int32Array(count + 1);
  rows.forEach((row, index) => {
    starts[index + 1] = (starts[index] ?? 0) + row.size;
  });
  const length = starts[count] ?? 0;
  const columns = new Int32Array(length);
  const values = new Float64Array(length);
  rows.forEach((row, index) => {
    let at = starts[index] ?? 0;
    for (const column of [...row.keys()].sort((one, other) => one - other)) {
      columns[at] = column;
      values[at++] = row.get(column) ?? 0;
    }
  });
  return { starts, columns, values };
}
