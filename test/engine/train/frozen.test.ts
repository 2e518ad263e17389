/** Steps with frozen layers against Keras's numbers, in every mode: see `test/layers/keras/make-frozen.py`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { packageRoot } from '../../../src/core/package-root.ts';
import { createTrainer } from '../../../src/engine/choose-trainer.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { freezeLayers } from '../../../src/layers/start.ts';
import type { Freeze } from '../../../src/schema/generated/settings.ts';
import { numbers } from '../../layers/keras/numbers.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { testEngine } from './engine.ts';

const keras = JSON.parse(
  readFileSync(join(packageRoot, 'test/layers/keras/frozen.json'), 'utf8'),
) as readonly {
  readonly freeze: Freeze;
  readonly losses: readonly number[];
  readonly validation: number;
  readonly weights: readonly (readonly number[])[];
}[];

const [PIXELS, BATCH, RATE] = [6, 4, 0.2];
const OFFSETS: Readonly<Record<string, number>> = { gamma: 1, moving_variance: 1.5 };

const engines = new Map<string, Engine>();
before(async () => {
  engines.set('usual', await testEngine());
  engines.set('portable', await loadEngine({ choice: 'portable', threads: 1 }));
});

const kernel_regularizer = { l1: 0.01, l2: 0.05 };

const architecture: Architecture = {
  input_shape: [PIXELS],
  encoder: [
    layer('Reshape', { target_shape: [3, 2, 1] }),
    layer('Conv2D', { filters: 2, kernel_size: 2, kernel_regularizer }),
    layer('BatchNormalization', { momentum: 0.8 }),
    'Flatten',
    layer('Dense', { units: 3, activation: 'tanh', kernel_regularizer }),
  ],
  decoder: [
    layer('Dense', {
      units: 4,
      activation: 'softplus',
      kernel_regularizer,
      activity_regularizer: kernel_regularizer,
    }),
    layer('BatchNormalization', { axis: 1, scale: false }),
    layer('Dense', { units: PIXELS }),
  ],
};

function assertNear(actual: ArrayLike<number>, wanted: readonly number[], what: string): void {
  assert.equal(actual.length, wanted.length, what);
  for (const [index, value] of wanted.entries()) {
    const distance = Math.abs((actual[index] ?? Number.NaN) - value);
    assert.ok(distance <= 2e-5 * Math.max(1, Math.abs(value)), `${what}: ${actual[index]}, not ${value}`);
  }
}

for (const [name, choice] of [
  ['usual', 'auto'],
  ['usual', 'eager'],
  ['portable', 'auto'],
] as const)
  for (const { freeze, losses, validation, weights: wanted } of keras)
    test(`steps with ${JSON.stringify(freeze)} frozen, on the ${name} engine, \`${choice}\``, async () => {
      const engine = engines.get(name) ?? assert.fail();
      const { tf } = engine;
      const models = buildAutoencoder(tf, architecture, seedsOf(1));
      const weights = models.autoencoder.layers.flatMap((each) => each.weights);
      for (const [index, weight] of weights.entries())
        tf.tidy(() => {
          const offset = OFFSETS[weight.originalName.replace(/^.*\//, '')] ?? 0;
          weight.write(
            numbers(tf, weight.shape as number[], index)
              .mul(0.5)
              .add(offset),
          );
        });
      const thaw = freezeLayers(models, freeze);
      const { trainableWeights } = models.autoencoder;
      const before = weights.map((weight) => weight.read().dataSync<'float32'>().slice());
      const data = tf.tidy(() => numbers(tf, [BATCH, PIXELS], 3).add(1).div(2).dataSync<'float32'>().slice());
      const x = { data, count: BATCH, shape: [PIXELS], scale: 1, offset: 0 };
      const { trainer } = createTrainer(
        engine,
        {
          model: models.autoencoder,
          step: models.step,
          optimizer: { SGD: { learning_rate: RATE, momentum: 0, nesterov: false } },
          loss: 'mse',
          metrics: [],
          data: { x, y: x },
          batchSize: BATCH,
        },
        choice,
      );
      const signal = new AbortController().signal;
      for (const loss of losses)
        assertNear([(await trainer.trainEpoch(rowNumbers(BATCH), { signal })).loss], [loss], 'the loss');
      const validated = await trainer.evaluate({ x, y: x }, rowNumbers(BATCH), { signal });
      assertNear([validated.loss], [validation], 'the validation loss');
      for (const [index, weight] of weights.entries()) {
        const after = weight.read().dataSync<'float32'>();
        assertNear(after, wanted[index] ?? [], weight.originalName);
        const isStatistic = weight.originalName.includes('moving');
        if (!isStatistic && !trainableWeights.includes(weight)) assert.deepEqual(after, before[index]);
      }
      trainer.dispose();
      thaw();
      assert.equal(models.autoencoder.nonTrainableWeights.length, 4, 'the statistics');
      disposeAutoencoder(models);
    });

test('only weights that are trained have variables of the optimizer', async () => {
  const engine = engines.get('usual') ?? assert.fail();
  const models = buildAutoencoder(engine.tf, architecture, seedsOf(1));
  freezeLayers(models, 'encoder');
  const data = new Float32Array(BATCH * PIXELS);
  const x = { data, count: BATCH, shape: [PIXELS], scale: 1, offset: 0 };
  const { trainer } = createTrainer(
    engine,
    {
      model: models.autoencoder,
      step: models.step,
      optimizer: { SGD: { learning_rate: RATE, momentum: 0.9, nesterov: false } },
      loss: 'mse',
      metrics: [],
      data: { x, y: x },
      batchSize: BATCH,
    },
    'eager',
  );
  const slots = trainer.state.filter(
    ({ name }) => name.startsWith('optimizer/') && name.endsWith('momentum'),
  );
  // Kernel and bias of two layers, and the offset of the normalization between them.
  assert.equal(slots.length, 5);
  trainer.dispose();
  disposeAutoencoder(models);
});
