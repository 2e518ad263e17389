/** Prepared computations, by TensorFlow and in WebAssembly. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { prepareComputation, prepareRowsComputation } from '../../src/engine/computation.ts';
import { Executor } from '../../src/engine/webassembly/executor.ts';
import { nativeEngine } from './xla/rig.ts';

const { tf } = await nativeEngine();
// Alone, so that no other thread takes memory for itself meanwhile.
const executor = new Executor({ threads: 1 });

/** Memory in use: tensors of TensorFlow, and bytes of the module. */
function held(): readonly number[] {
  return [tf.memory().numTensors, executor.instance.heldBytes];
}

/** Work that is done twice: the first time, kernels take memory that they keep. */
function assertFrees(work: () => void): void {
  work();
  const before = held();
  work();
  assert.deepEqual(held(), before);
}

for (const [name, engine] of [
  ['TensorFlow', { tf }],
  ['WebAssembly', { tf, executor }],
] as const) {
  test(`${name}: inputs are 0 at first, and keep their numbers until others are written`, () =>
    assertFrees(() => {
      // Memory of programs before is used again: it must not show.
      const other = prepareComputation(engine, { x: [2, 2], y: [2, 2] }, ({ x, y }) => [tf.matMul(x, y)]);
      other.run({ x: Float32Array.of(9, 9, 9, 9), y: Float32Array.of(9, 9, 9, 9) });
      other.dispose();
      const computation = prepareComputation(engine, { x: [2, 2], y: [2, 2] }, ({ x, y }) => [
        tf.matMul(x, y),
        x,
      ]);
      const run = (numbers: Parameters<typeof computation.run>[0]): number[][] =>
        computation.run(numbers).map((elements) => [...elements]);
      const zeros = [0, 0, 0, 0];
      assert.deepEqual(run({}), [zeros, zeros]);
      computation.write({ x: Float32Array.of(1, 2, 3, 4) });
      assert.deepEqual(run({}), [zeros, [1, 2, 3, 4]]);
      assert.deepEqual(run({ y: Float32Array.of(0, 1, 1, 0) })[0], [2, 1, 4, 3]);
      assert.deepEqual(run({ y: Float32Array.of(2, 0, 0, 2) })[0], [2, 4, 6, 8]);
      computation.dispose();
    }));

  test(`${name}: too few numbers, and a function that fails, leave nothing behind`, () =>
    assertFrees(() => {
      const computation = prepareComputation(engine, { x: [2, 2] }, ({ x }) => [x.transpose()]);
      computation.write({ x: Float32Array.of(1, 2, 3, 4) });
      assert.throws(() => computation.run({ x: Float32Array.of(5, 6, 7) }));
      assert.deepEqual([...(computation.run({})[0] ?? [])], [1, 3, 2, 4], 'the former numbers are there');
      computation.dispose();
      assert.throws(() => {
        const failing = prepareComputation(engine, { x: [2, 2] }, ({ x }) => {
          x.transpose();
          throw new RangeError('it fails');
        });
        try {
          failing.run({});
        } finally {
          failing.dispose();
        }
      }, RangeError);
    }));

  test(`${name}: results are copies`, () => {
    const computation = prepareComputation(engine, { x: [2] }, ({ x }) => [x]);
    const numbers = Float32Array.of(1, 2);
    const [result] = computation.run({ x: numbers });
    result?.fill(7);
    assert.deepEqual(
      [[...numbers], [...(computation.run({})[0] ?? [])]],
      [
        [1, 2],
        [1, 2],
      ],
    );
    computation.dispose();
  });

  test(`${name}: rows come in chunks of any size`, () =>
    assertFrees(() => {
      const columns = { shape: [2, 1], numbers: Float32Array.of(1, 10) };
      const computation = prepareRowsComputation(engine, 2, { columns }, ({ rows, columns: factors }) => [
        tf.matMul(rows, factors),
      ]);
      const sums = (...rows: number[]): number[] => [...(computation.run(Float32Array.from(rows))[0] ?? [])];
      assert.deepEqual(sums(1, 2, 3, 4), [21, 43]);
      assert.deepEqual(sums(5, 6, 7, 8), [65, 87]);
      assert.deepEqual(sums(1, 1), [11]);
      assert.deepEqual(sums(1, 2, 3, 4, 5, 6), [21, 43, 65]);
      computation.dispose();
    }));
}
