/** The penalty of a Wasserstein autoencoder: a step against TensorFlow's numbers, in every mode, and the estimate itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { statelessNormal } from '../../../src/engine/tfjs/uniform.ts';
import { discrepancy, type MmdKernel } from '../../../src/engine/train/mmd.ts';
import { buildAutoencoder, type TrainableAutoencoder } from '../../../src/layers/build.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { assertNear, compareStep, engineOf, fill, modes, PIXELS, written } from './keras-step.ts';

/** See `test/layers/keras/make-mmd.py`. */
const keras = written('mmd.json') as {
  readonly weight: number;
  readonly prior: readonly (readonly number[])[];
  readonly steps: readonly {
    readonly kernel: MmdKernel;
    readonly loss: number;
    readonly reconstruction: number;
    readonly mmd: number;
    readonly gradients: readonly (readonly number[])[];
  }[];
};

const [UNITS, COUNT] = [3, 4];
const seed = { radius: [1, 2], angle: [3, 4] } as const;

function kerasModel(engine: Engine): TrainableAutoencoder {
  const models = buildAutoencoder(
    engine.tf,
    {
      input_shape: [PIXELS],
      encoder: [
        layer('Dense', { units: 4, activation: 'tanh' }),
        layer('Dense', { units: UNITS, name: 'code' }),
      ],
      decoder: [layer('Dense', { units: PIXELS })],
    },
    seedsOf(1),
  );
  fill(engine, models);
  return models;
}

for (const [name, choice] of modes)
  for (const { kernel, gradients, ...losses } of keras.steps)
    test(`a step with \`${kernel}\`, on the ${name} engine, \`${choice}\``, async () => {
      const engine = await engineOf(name);
      const seeds = { training: seed, measuring: seed };
      const mmd = { weight: keras.weight, kernel, layer: 'code', measured: 0, seeds };
      const options = { loss: 'mse', mmd, metrics: ['mae'] } as const;
      await compareStep(engine, kerasModel(engine), choice, options, { losses, gradients }, COUNT);
    });

test('the prior is sampled as the script has it', async () => {
  const { tf } = await engineOf('portable');
  const drawn = tf.tidy(() => statelessNormal(tf, [COUNT, UNITS], seed, tf.scalar(0, 'int32')).dataSync());
  assertNear(drawn, keras.prior.flat(), 'the prior');
});

test('the estimate is about 0 for the prior itself, and grows with the distance from it', async () => {
  const { tf } = await engineOf('usual');
  const zero = tf.scalar(0, 'int32');
  for (const kernel of ['imq', 'rbf'] as const) {
    const estimates = [0, 1, 3].map((shift) =>
      tf.tidy(() => {
        const prior = statelessNormal(tf, [700, 4], seed, zero);
        const encoded = statelessNormal(tf, [400, 4], { radius: [5, 6], angle: [7, 8] }, zero).add(shift);
        return discrepancy(kernel, { encoded, prior }).dataSync()[0] ?? NaN;
      }),
    );
    const [same = NaN, near = NaN, far = NaN] = estimates;
    assert.ok(Math.abs(same) < 0.01, `${same}`);
    assert.ok(near > 0.05 && far > 2 * near && far < 2, `${near}, ${far}`);
  }
});
