import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Philox } from '../../../src/core/philox.ts';
import { ensureEngine } from '../../../src/engine/tensorflow/install.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { statelessChoice, statelessUniform } from '../../../src/engine/tfjs/uniform.ts';

test("TensorFlow's stateless numbers are those of our own Philox, and leave no tensors behind", async () => {
  await ensureEngine('native', () => undefined, new AbortController().signal);
  const { tf } = await loadEngine({ choice: 'native', threads: 2 });
  const before = tf.memory().numTensors;
  // The larger ones are filled by several threads, which must not change the order.
  for (const [seed, step, shape] of [
    [[0, 0], 0, [4]],
    [[123456789, 987654321], 7, [3, 5]],
    [[0xffffffff, 0x80000000], 2 ** 31 - 1, [101]],
    [[42, 1], 3, [1000, 1000]],
  ] as const) {
    const expected = new Float32Array(shape.reduce((product: number, length) => product * length, 1));
    new Philox(seed, step * 2 ** 32).uniform(expected);
    const counter = tf.scalar(step, 'int32');
    const actual = statelessUniform(tf, shape, seed, counter);
    assert.deepEqual(actual.shape, [...shape]);
    assert.deepEqual(await actual.data(), expected);
    const halves = new Float32Array(expected.length);
    new Philox(seed, step * 2 ** 32).uniformHalves(halves);
    const chosen = statelessChoice(tf, shape, 0.3, seed, counter);
    assert.deepEqual(
      await chosen.data(),
      Uint8Array.from(halves, (value) => (value < Math.fround(0.3) ? 1 : 0)),
    );
    tf.dispose([counter, actual, chosen]);
  }
  assert.equal(tf.memory().numTensors, before);
});
