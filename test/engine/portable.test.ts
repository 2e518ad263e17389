import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Philox } from '../../src/core/philox.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { statelessUniform } from '../../src/engine/random.ts';
import { Machine } from './machine.ts';

test('where Node.js has no WebAssembly, the portable engine is plain JavaScript, says so, and draws the same', async (t) => {
  const machine = new Machine(t);
  const { value } = await machine.draw('portable', { NODE_OPTIONS: '--jitless' });
  const expected = new Float32Array(10);
  new Philox([5, 6], 9 * 2 ** 32).uniform(expected);
  assert.equal(value?.backend, 'cpu');
  assert.match(value.version, /^tfjs-cpu /);
  assert.deepEqual(value.numbers, [...expected]);
});

test('the portable engine draws the same numbers, and trains convolutions', async () => {
  const { tf, identity } = await loadEngine({ choice: 'portable', threads: 4 });
  assert.equal(identity.kind, 'portable');

  const expected = new Float32Array(10);
  new Philox([5, 6], 9 * 2 ** 32).uniform(expected);
  const step = tf.scalar(9, 'int32');
  assert.deepEqual(await statelessUniform(tf, [10], [5, 6], step).data(), expected);

  // Kernels that WebAssembly lacks, or gets wrong where the step is larger than the kernel, are borrowed from JavaScript:
  // the results must be those of JavaScript alone.
  const compute = (): Float32Array[] =>
    tf.tidy(() =>
      [1, 2, 3, 4, 5].flatMap((strides) =>
        (['same', 'valid'] as const).flatMap((padding) => {
          const x = tf.linspace(0, 1, 144).as4D(1, 12, 12, 1);
          const kernel = tf.linspace(-1, 1, 18);
          const convolve = (k: typeof kernel) => tf.conv2d(x, k.as4D(3, 3, 1, 2), strides, padding);
          const gradient = tf.grad((k) => convolve(k.as1D()).square().sum());
          const fused = tf.fused.conv2d({
            ...{ x, filter: kernel.as4D(3, 3, 1, 2), strides, pad: padding },
            ...{ bias: tf.tensor1d([0.1, 0.2]), activation: 'relu' },
          });
          const wave = tf.sin(tf.linspace(0, 50, 144)).as4D(1, 12, 12, 1);
          const pooled = tf.grad((y) =>
            tf
              .maxPool(y.as4D(1, 12, 12, 1), 2, strides, padding)
              .square()
              .sum(),
          );
          return [convolve(kernel), gradient(kernel), fused, pooled(wave)].map((tensor) =>
            Float32Array.from(tensor.dataSync()),
          );
        }),
      ),
    );
  const before = tf.memory().numTensors;
  const borrowed = compute();
  assert.equal(tf.memory().numTensors, before);
  await tf.setBackend('cpu');
  compute().forEach((reference, index) => {
    reference.forEach((value, at) => assert.ok(Math.abs(value - (borrowed[index]?.[at] ?? NaN)) < 1e-3));
  });
});
