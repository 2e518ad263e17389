/** Penalties on layers' outputs against Keras's numbers, in every mode. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { packageRoot } from '../../../src/core/package-root.ts';
import { createTrainer } from '../../../src/engine/choose-trainer.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import type { JsonObject } from '../../../src/core/json.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { inferAutoencoder } from '../../../src/layers/shapes.ts';
import { numbers } from '../../layers/keras/numbers.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { testEngine } from './engine.ts';

/** See `test/layers/keras/make-activity.py`. */
const keras = JSON.parse(
  readFileSync(join(packageRoot, 'test/layers/keras/activity.json'), 'utf8'),
) as readonly {
  readonly penalty: JsonObject;
  readonly loss: number;
  readonly gradients: readonly (readonly number[])[];
}[];

const [PIXELS, BATCH] = [6, 3];

const engines = new Map<string, Engine>();
before(async () => {
  engines.set('usual', await testEngine());
  engines.set('portable', await loadEngine({ choice: 'portable', threads: 1 }));
});

function architecture(penalty: JsonObject): Architecture {
  const activity_regularizer = { l1: 0, l2: 0, ...penalty };
  return {
    input_shape: [PIXELS],
    encoder: [
      layer('Reshape', { target_shape: [3, 2, 1] }),
      layer('Conv2D', { filters: 2, kernel_size: 2, activation: 'sigmoid', activity_regularizer }),
      'Flatten',
      layer('Dense', { units: 3, activation: 'sigmoid', activity_regularizer }),
    ],
    decoder: [layer('ActivityRegularization', { l1: 0.02, l2: 0.03 }), layer('Dense', { units: PIXELS })],
  };
}

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
  for (const { penalty, loss, gradients } of keras)
    test(`a step with ${JSON.stringify(penalty)}, on the ${name} engine, \`${choice}\``, async () => {
      const engine = engines.get(name) ?? assert.fail();
      const { tf } = engine;
      const models = buildAutoencoder(tf, architecture(penalty), seedsOf(1));
      const { weights } = models.autoencoder;
      for (const [index, weight] of weights.entries())
        tf.tidy(() => void weight.write(numbers(tf, weight.shape as number[], index)));
      const data = tf.tidy(() => numbers(tf, [BATCH, PIXELS], 3).add(1).div(2).dataSync<'float32'>().slice());
      const x = { data, count: BATCH, shape: [PIXELS], scale: 1, offset: 0 };
      const before = weights.map((weight) => weight.read().dataSync<'float32'>().slice());
      const held = tf.memory().numTensors;
      const { trainer } = createTrainer(
        engine,
        {
          model: models.autoencoder,
          step: models.step,
          optimizer: { SGD: { learning_rate: 1, momentum: 0, nesterov: false } },
          loss: 'mse',
          metrics: [],
          data: { x, y: x },
          batchSize: BATCH,
        },
        choice,
      );
      const signal = new AbortController().signal;
      const validated = await trainer.evaluate({ x, y: x }, rowNumbers(BATCH), { signal });
      const trained = await trainer.trainEpoch(rowNumbers(BATCH), { signal });
      assertNear([validated.loss, trained.loss], [loss, loss], 'the loss');
      for (const [index, weight] of weights.entries()) {
        const after = weight.read().dataSync<'float32'>();
        const moved = (before[index] ?? []).map((value, place) => value - (after[place] ?? NaN));
        assertNear(moved, gradients[index] ?? [], `the gradient of ${weight.originalName}`);
      }
      trainer.dispose();
      assert.equal(tf.memory().numTensors, held, 'tensors are left behind');
      disposeAutoencoder(models);
    });

test('a divergence of means needs outputs between 0 and 1', () => {
  const check = (activation: string): readonly string[] => {
    const found: string[] = [];
    const kl = { l1: 0, l2: 0, kl: { rho: 0.1, weight: 1 } };
    inferAutoencoder(
      {
        input_shape: [4],
        encoder: [layer('Dense', { units: 2, activation, activity_regularizer: kl })],
        decoder: [layer('Dense', { units: 4 })],
      },
      ({ code, at }) => found.push(`${code} ${at.join('.')}`),
    );
    return found;
  };
  assert.deepEqual(check('sigmoid'), []);
  assert.deepEqual(check('relu'), ['bad-setting encoder.0.Dense.activity_regularizer']);
});
