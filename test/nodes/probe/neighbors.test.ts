/** Neighbours, compared with a search through all points. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { Failure } from '../../../src/core/diagnostic.ts';
import { Philox } from '../../../src/core/philox.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import type { Matrix } from '../../../src/nodes/encode/rows.ts';
import { nearestNeighbors } from '../../../src/nodes/probe/neighbors.ts';
import { voteOfNeighbors } from '../../../src/nodes/probe/vote.ts';
import { testEngine } from '../../engine/train/engine.ts';

const signal = new AbortController().signal;

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

/** Points far from zero, so that careless arithmetic loses their differences. */
function points(count: number, size: number, seed: number): Matrix {
  const data = new Float32Array(count * size);
  new Philox([seed, 0]).uniform(data);
  return { data: data.map((value) => 1000 + value), count, size };
}

function search(queries: Matrix, references: Matrix, k: number, withoutSelf: boolean): number[] {
  const { size } = references;
  return Array.from({ length: queries.count }, (_, query) =>
    Array.from({ length: references.count }, (__, index) => {
      let square = 0;
      for (let column = 0; column < size; column++) {
        square +=
          ((queries.data[query * size + column] ?? 0) - (references.data[index * size + column] ?? 0)) ** 2;
      }
      return { index, square };
    })
      .filter(({ index }) => !withoutSelf || index !== query)
      .sort((one, other) => one.square - other.square || one.index - other.index)
      .slice(0, k)
      .map(({ index }) => index),
  ).flat();
}

test('the nearest are found, from the nearest', async () => {
  const references = points(300, 5, 1);
  const queries = points(40, 5, 2);
  const held = engine.tf.memory().numTensors;
  const found = await nearestNeighbors(engine, queries, references, { k: 7, signal });
  assert.deepEqual([...found.indices], search(queries, references, 7, false));
  assert.equal(engine.tf.memory().numTensors, held);
});

test('a point is not its own neighbour, but its duplicate is', async () => {
  const all = points(60, 3, 3);
  all.data.copyWithin(3 * 50, 3 * 10, 3 * 11);
  const found = await nearestNeighbors(engine, all, all, { k: 4, withoutSelf: true, signal });
  assert.deepEqual([...found.indices], search(all, all, 4, true));
  assert.deepEqual([found.indices[40], found.indices[200]], [50, 10]);
  assert.equal(found.distances[40], 0);
});

test('stops when asked', async () => {
  const all = points(10, 2, 4);
  const work = nearestNeighbors(engine, all, all, { k: 1, signal: AbortSignal.abort() });
  await assert.rejects(work, (error) => error instanceof Failure);
});

test('the most frequent class wins, the lowest of equally frequent ones', () => {
  const labels = [5, 5, 2, 2, 9];
  const vote = (indices: number[]): number[] => [
    ...voteOfNeighbors({ k: 3, indices: Int32Array.from(indices), distances: new Float64Array(6) }, labels),
  ];
  assert.deepEqual(vote([4, 0, 1, 0, 2, 4]), [5, 2]);
});
