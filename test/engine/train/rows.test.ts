/** Computations by row, in batches whose last one is not full. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { loadEngine } from '../../../src/engine/load.ts';
import { computeRows } from '../../../src/engine/train/rows.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';

const engine = await loadEngine({ choice: 'portable', threads: 1 });
after(() => engine.executor?.dispose());

/** So wide that batches are not enlarged, as they are for rows of few elements. */
const WIDTH = 2 ** 17;

test('every row has all of its results, however many rows are left for the last batch', async () => {
  const check = async (batchSize: number, count: number): Promise<void> => {
    // The number of a row is its first element; the others are 0.
    const data = new Uint8Array(count * WIDTH);
    for (let row = 0; row < count; row++) data[row * WIDTH] = row;
    const work = {
      samples: [{ data, count, shape: [WIDTH], scale: 1, offset: 0 }],
      state: [],
      compute: ([x]: readonly (typeof engine.tf.Tensor.prototype)[]) =>
        x === undefined ? [] : [x.sum(1), x.slice([0, 0], [-1, 3])],
    };
    const [sums, firsts]: [number[], number[]] = [[], []];
    const options = { batchSize, signal: new AbortController().signal };
    for await (const { rows, results } of computeRows(engine, work, rowNumbers(count), options)) {
      assert.deepEqual(
        results.map(({ length }) => length),
        [rows.length, 3 * rows.length],
      );
      sums.push(...(results[0] ?? []));
      firsts.push(...(results[1] ?? []));
    }
    const numbers = Array.from({ length: count }, (_, row) => row);
    assert.deepEqual(sums, numbers);
    assert.deepEqual(
      firsts,
      numbers.flatMap((row) => [row, 0, 0]),
    );
  };
  // 15 / 22 * 22 is less than 15 in float64.
  await check(22, 37);
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 60 }), check), {
    numRuns: 12,
  });
});
