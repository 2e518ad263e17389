import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Philox } from '../../src/core/philox.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { statelessUniform } from '../../src/engine/random.ts';

test('the portable engine draws the same numbers, and trains convolutions', async () => {
  const { tf, identity } = await loadEngine({ choice: 'portable', threads: 4 });
  assert.equal(identity.kind, 'portable');

  const expected = new Float32Array(10);
  new Philox([5, 6], 9 * 2 ** 32).uniform(expected);
  const step = tf.scalar(9, 'int32');
  assert.deepEqual(await statelessUniform(tf, [10], [5, 6], step).data(), expected);

  // Kernels that WebAssembly lacks are borrowed from JavaScript: the result must be that of JavaScript alone.
  const gradient = (): Float32Array =>
    tf.tidy(() => {
      const x = tf.linspace(0, 1, 36).as4D(1, 6, 6, 1);
      const loss = tf.grad((kernel) =>
        tf
          .conv2d(x, kernel.as4D(3, 3, 1, 2), 2, 'same')
          .square()
          .sum(),
      );
      return Float32Array.from(loss(tf.linspace(-1, 1, 18)).dataSync());
    });
  const before = tf.memory().numTensors;
  const borrowed = gradient();
  assert.equal(tf.memory().numTensors, before);
  await tf.setBackend('cpu');
  const reference = gradient();
  borrowed.forEach((value, index) => assert.ok(Math.abs(value - (reference[index] ?? NaN)) < 1e-4));
});
