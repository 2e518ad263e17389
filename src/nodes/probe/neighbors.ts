/** Exact nearest neighbours by Euclidean distance, with matrix products by the engine, in chunks. */
import {
  prepareComputation,
  prepareRowsComputation,
  type ComputingEngine,
} from '../../engine/computation.ts';
import { Pace } from '../../engine/train/pace.ts';
import type { Matrix, RowBlocks } from '../encode/rows.ts';

export interface Neighbors {
  /** Neighbours of each query. */
  readonly k: number;
  /** Row-major [queries, k]: numbers of reference rows, nearest first; equally near ones by ascending number. */
  readonly indices: Int32Array;
  /** Their distances, computed in float64. */
  readonly distances: Float64Array;
}

export interface NeighborOptions {
  /** At most the number of references, without the query itself. */
  readonly k: number;
  /** Whether query n is reference n, which does not count as its own neighbour. */
  readonly withoutSelf?: boolean;
  readonly signal: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

/** Distances in memory at once. */
const STRETCH = 2 ** 24;

/** @throws Failure `interrupted` once the signal is aborted */
export async function nearestNeighbors(
  engine: ComputingEngine,
  queries: Matrix,
  references: Matrix,
  { k, withoutSelf = false, signal, onProgress }: NeighborOptions,
): Promise<Neighbors> {
  const { size } = references;
  const indices = new Int32Array(queries.count * k);
  const distances = new Float64Array(queries.count * k);
  const pace = new Pace(signal);
  const rows = Math.max(1, Math.floor(STRETCH / references.count));
  // Differences between large numbers lose precision, so the mean is subtracted first.
  const mean = columnMeans(references);
  const known = referenceTerms(engine, centred(references, mean));
  // Minus half the squared distance, without the query's own square, which is the same for all references.
  const scoring = prepareRowsComputation(engine, size, known, ({ rows: points, transposed, halfSquares }) => [
    engine.tf.matMul(points, transposed).sub(halfSquares),
  ]);
  try {
    for (let start = 0; start < queries.count; start += rows) {
      const count = Math.min(rows, queries.count - start);
      // One more, since the query itself is among the references.
      const wanted = Math.min(k + (withoutSelf ? 1 : 0), references.count);
      const part = { data: queries.data.subarray(start * size, (start + count) * size), count, size };
      const [scores = new Float32Array()] = scoring.run(centred(part, mean).data);
      for (let query = 0; query < count; query++) {
        const own = start + query;
        const row = scores.subarray(query * references.count, (query + 1) * references.count);
        const near = highest(row, wanted)
          .filter((index) => !withoutSelf || index !== own)
          .map((index) => ({ index, distance: distance(queries, own, references, index) }))
          .sort((one, other) => one.distance - other.distance || one.index - other.index);
        near.slice(0, k).forEach((neighbor, rank) => {
          indices[own * k + rank] = neighbor.index;
          distances[own * k + rank] = neighbor.distance;
        });
      }
      if (pace.due()) onProgress?.((start + count) / queries.count);
      await pace.next();
    }
  } finally {
    scoring.dispose();
  }
  return { k, indices, distances };
}

/**
 * The same for rows that are not all in memory: finds the nearest in each block of references, then the nearest of those.
 *
 * @throws Failure `interrupted` once the signal is aborted
 */
export async function nearestInBlocks(
  engine: ComputingEngine,
  queries: RowBlocks,
  references: RowBlocks,
  { k, signal, onProgress }: Omit<NeighborOptions, 'withoutSelf'>,
): Promise<Neighbors> {
  const indices = new Int32Array(queries.count * k);
  const distances = new Float64Array(queries.count * k).fill(Infinity);
  const turns = queries.blocks.length * references.blocks.length;
  let done = 0;
  for (const block of queries.blocks) {
    const asked = block.read();
    for (const { start, count, read } of references.blocks) {
      const own = await nearestNeighbors(engine, asked, read(), {
        k: Math.min(k, count),
        signal,
        onProgress: (share) => onProgress?.((done + share) / turns),
      });
      for (let query = 0; query < block.count; query++) keepNearest(block.start + query, query, start, own);
      done += 1;
    }
  }
  return { k, indices, distances };

  /** Merges the neighbours from one block into those known so far. */
  function keepNearest(query: number, row: number, first: number, own: Neighbors): void {
    for (let rank = 0; rank < own.k; rank++) {
      const distance = own.distances[row * own.k + rank] ?? Infinity;
      let place = query * k + k;
      while (place > query * k && distance < (distances[place - 1] ?? 0)) {
        place -= 1;
        if (place + 1 < query * k + k) {
          distances[place + 1] = distances[place] ?? 0;
          indices[place + 1] = indices[place] ?? 0;
        }
      }
      if (place === query * k + k) break;
      distances[place] = distance;
      indices[place] = first + (own.indices[row * own.k + rank] ?? 0);
    }
  }
}

/** The references as columns, and half the squared length of each. */
function referenceTerms(engine: ComputingEngine, { data, count, size }: Matrix) {
  const computation = prepareComputation(engine, { points: [count, size] }, ({ points }) => [
    points.transpose(),
    points.square().sum(1).div(2),
  ]);
  try {
    const [transposed = new Float32Array(), halfSquares = new Float32Array()] = computation.run({
      points: data,
    });
    return {
      transposed: { shape: [size, count], numbers: transposed },
      halfSquares: { shape: [count], numbers: halfSquares },
    };
  } finally {
    computation.dispose();
  }
}

/**
 * Indices of the highest scores, in descending order, the first of equal ones first. TensorFlow.js's own `topk` sorts all scores.
 */
function highest(scores: Float32Array, wanted: number): number[] {
  const places: number[] = [];
  const values: number[] = [];
  let least = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < scores.length; index++) {
    const score = scores[index] ?? Number.NEGATIVE_INFINITY;
    if (score <= least && places.length === wanted) continue;
    let place = Math.min(places.length, wanted - 1);
    for (; place > 0 && score > (values[place - 1] ?? Number.NEGATIVE_INFINITY); place--) {
      values[place] = values[place - 1] ?? 0;
      places[place] = places[place - 1] ?? 0;
    }
    values[place] = score;
    places[place] = index;
    least = values.at(-1) ?? least;
  }
  return places;
}

/** Rows minus the means of their columns. */
export function centred({ data, count, size }: Matrix, means: Float32Array): Matrix {
  const moved = new Float32Array(data.length);
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < size; column++) {
      const index = row * size + column;
      moved[index] = (data[index] ?? 0) - (means[column] ?? 0);
    }
  }
  return { data: moved, count, size };
}

export function columnMeans(rows: Matrix): Float32Array {
  const sums = new Float64Array(rows.size);
  addColumns(sums, rows);
  return Float32Array.from(sums, (sum) => sum / rows.count);
}

/** Adds the values of rows to the sums of their columns. */
export function addColumns(sums: Float64Array, { data, count, size }: Matrix): void {
  for (let row = 0; row < count; row++) {
    for (let column = 0; column < size; column++) {
      sums[column] = (sums[column] ?? 0) + (data[row * size + column] ?? 0);
    }
  }
}

function distance(one: Matrix, row: number, other: Matrix, index: number): number {
  let sum = 0;
  for (let column = 0; column < one.size; column++) {
    const difference =
      (one.data[row * one.size + column] ?? 0) - (other.data[index * one.size + column] ?? 0);
    sum += difference * difference;
  }
  return Math.sqrt(sum);
}
