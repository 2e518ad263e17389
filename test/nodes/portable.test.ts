/** What nodes compute on the portable engine, beside TensorFlow. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeImageSet } from '../../src/formats/images.ts';
import { Philox } from '../../src/core/philox.ts';
import { pcaNode } from '../../src/nodes/pca/node.ts';
import { oneBlock } from '../../src/nodes/encode/rows.ts';
import { fitLogistic } from '../../src/nodes/probe/logistic.ts';
import { nearestNeighbors } from '../../src/nodes/probe/neighbors.ts';
import { principalComponents } from '../../src/nodes/project/principal.ts';
import { Executor } from '../../src/engine/webassembly/executor.ts';
import { bytes, nativeEngine } from '../engine/xla/rig.ts';
import { fakeContext, temporaryFolder } from './context.ts';
import { grouped } from './project/rig.ts';

const native = await nativeEngine();
// Alone, so that no other thread takes memory for itself meanwhile.
const executor = new Executor({ threads: 1 });
const portable = { ...native, executor };
const signal = new AbortController().signal;

/** The numbers that both engines compute, which leave nothing in use. */
async function both(
  compute: (engine: typeof native) => Promise<ArrayLike<number>>,
): Promise<readonly [readonly number[], readonly number[]]> {
  const held = (): readonly number[] => [native.tf.memory().numTensors, executor.instance.heldBytes];
  // Kernels keep what memory they take the first time.
  await compute(portable);
  const before = held();
  const [wanted, found] = [await compute(native), await compute(portable)];
  assert.deepEqual(held(), before);
  return [Array.from(wanted), Array.from(found)];
}

function assertClose(
  [wanted, found]: readonly [readonly number[], readonly number[]],
  tolerance: number,
): void {
  assert.equal(found.length, wanted.length);
  for (const [index, value] of wanted.entries()) {
    const other = found[index] ?? Number.NaN;
    assert.ok(Math.abs(other - value) <= tolerance, `number ${index} is ${other}, by TensorFlow ${value}`);
  }
}

test('pca', async (t) => {
  const root = temporaryFolder(t);
  const data = join(root, 'data');
  mkdirSync(data);
  const [train, held] = [bytes([3, 3, 1], 5003, 1), bytes([3, 3, 1], 70, 2)];
  const set = (part: typeof train) => ({ ...part, shape: [3, 3, 1] as const });
  await writeImageSet(data, {
    shape: [3, 3, 1],
    range: [0, 1],
    splits: { train: set(train), test: set(held) },
  });
  const numbers = await both(async (engine) => {
    const context = fakeContext(
      root,
      { type: 'pca', data: 'data', components: [1, 4, 9], split: 'test' } as const,
      {
        inputs: { data: { stage: 'data', kind: 'images', folder: data } },
        engine: async () => engine,
      },
    );
    return Object.values((await pcaNode.run(context)).metrics ?? {});
  });
  assert.equal(numbers[0].length, 6);
  assertClose(numbers, 1e-5);
});

test('the nearest neighbours', async () => {
  const [queries, references] = [grouped(40, 5, 3, 4), grouped(300, 5, 3, 4)];
  const [wanted, found] = await both(
    async (engine) => (await nearestNeighbors(engine, queries, references, { k: 4, signal })).indices,
  );
  assert.deepEqual(found, wanted);
});

test('logistic regression', async () => {
  const rows = grouped(120, 4, 3, 3);
  const noise = new Float32Array(120);
  new Philox([7, 0]).uniform(noise);
  // Some are of other classes, so that the weights are finite.
  const labels = Int32Array.from(noise, (value, row) => (value < 0.1 ? (row + 1) % 3 : row % 3) + 4);
  const [wanted, found] = await both(async (engine) => {
    const model = await fitLogistic(engine, oneBlock(rows), labels, { signal });
    assert.ok(model.converged);
    return model.predict(oneBlock({ ...rows, data: Float32Array.from(rows.data, (value) => value + 0.1) }));
  });
  assert.deepEqual(found, wanted);
});

test('principal components', async () => {
  const rows = grouped(200, 6, 2, 5);
  const options = { components: 2, seed: [1, 2], signal } as const;
  assertClose(
    await both(async (engine) => {
      const { coordinates, shares } = await principalComponents(engine, rows, options);
      return [...coordinates, ...shares];
    }),
    1e-3,
  );
});
