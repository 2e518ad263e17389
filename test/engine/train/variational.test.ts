/** Variational latents: a step and likelihoods against Keras's numbers, in every mode; and random numbers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Tensor } from '@tensorflow/tfjs';
import * as fc from 'fast-check';
import { NormalNumbers } from '../../../src/formats/normal-numbers.ts';
import { createTrainer } from '../../../src/engine/choose-trainer.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { importanceWork, trainedLatentModel } from '../../../src/engine/train/elbo.ts';
import { rowNumbers } from '../../../src/engine/train/samples.ts';
import { divergence, variationalLayer } from '../../../src/engine/train/variational.ts';
import {
  buildAutoencoder,
  disposeAutoencoder,
  type TrainableAutoencoder,
} from '../../../src/layers/build.ts';
import { numbers } from '../../layers/keras/numbers.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import {
  assertNear,
  BATCH,
  compareStep,
  engineOf,
  fill,
  images,
  modes,
  PIXELS,
  written,
} from './keras-step.ts';

/** See `test/layers/keras/make-variational.py`. */
const keras = written('variational.json') as {
  readonly weight: number;
  readonly samples: number;
  readonly nll: number;
  readonly bound: {
    readonly samples: number;
    readonly iwae: number;
    readonly reconstruction: number;
    readonly kl: number;
    readonly gradients: readonly (readonly number[])[];
  };
  readonly steps: readonly {
    readonly free: number;
    readonly loss: number;
    readonly reconstruction: number;
    readonly kl: number;
    readonly gradients: readonly (readonly number[])[];
  }[];
};

const UNITS = 3;

function build({ tf }: Engine): TrainableAutoencoder {
  return buildAutoencoder(
    tf,
    {
      input_shape: [PIXELS],
      encoder: [layer('Dense', { units: 4, activation: 'tanh' }), layer('Variational', { units: UNITS })],
      decoder: [layer('Dense', { units: PIXELS, activation: 'sigmoid' })],
    },
    seedsOf(1),
  );
}

/** The model with the weights and draws of the script. */
function kerasModel(engine: Engine): TrainableAutoencoder {
  const { tf } = engine;
  const models = build(engine);
  fill(engine, models);
  const latent = variationalLayer(models.autoencoder) ?? assert.fail();
  latent.normals = (shape) => numbers(tf, [...shape], 7);
  return models;
}

for (const [name, choice] of modes)
  for (const { free, gradients, ...losses } of keras.steps)
    test(`a step with ${free} free nats, on the ${name} engine, \`${choice}\``, async () => {
      const engine = await engineOf(name);
      const kl = { weight: keras.weight, freeBits: free, warmup: false, samples: 1 };
      const options = { loss: 'binary_crossentropy', kl, metrics: ['mse'] } as const;
      await compareStep(engine, kerasModel(engine), choice, options, { losses, gradients });
    });

for (const [name, choice] of modes)
  test(`a step of the importance-weighted bound, on the ${name} engine, \`${choice}\``, async () => {
    const engine = await engineOf(name);
    const { samples, gradients, iwae, reconstruction, kl: divergences } = keras.bound;
    const kl = { weight: 1, freeBits: 0, warmup: false, samples };
    const options = { loss: 'binary_crossentropy', kl, metrics: [] } as const;
    const losses = { loss: iwae, reconstruction, kl: divergences, iwae };
    await compareStep(engine, kerasModel(engine), choice, options, { losses, gradients });
  });

test('the bound rises with the number of samples, to the likelihood', async () => {
  const engine = await engineOf('usual');
  const models = kerasModel(engine);
  const x = images(engine);
  const signal = new AbortController().signal;
  const of = async (samples: number): Promise<number> => {
    const { trainer } = createTrainer(
      engine,
      {
        ...{
          model: models.autoencoder,
          step: models.step,
          optimizer: { SGD: { learning_rate: 1, momentum: 0, nesterov: false } },
        },
        ...{
          loss: 'binary_crossentropy',
          kl: { weight: 1, freeBits: 0, warmup: false, samples },
          metrics: [],
        },
        ...{ data: { x, y: x }, batchSize: BATCH },
      },
      'eager',
    );
    const { loss } = await trainer.evaluate({ x, y: x }, rowNumbers(BATCH), { signal });
    trainer.dispose();
    return loss;
  };
  const latent = variationalLayer(models.autoencoder) ?? assert.fail();
  latent.normals = (shape, purpose) => {
    assert.equal(purpose, 'measuring');
    const drawn = new NormalNumbers([5, 6], shape[0] ?? 0, UNITS).read(0, (shape[0] ?? 0) * UNITS);
    return engine.tf.tensor(drawn, [...shape]);
  };
  const [few, more, most] = [await of(2), await of(30), await of(2000)];
  assert.ok(few > more && more > most, `${few}, ${more}, ${most}`);
  disposeAutoencoder(models);
});

test('the likelihood by importance samples', async () => {
  const engine = await engineOf('usual');
  const { tf } = engine;
  const models = kerasModel(engine);
  const model = trainedLatentModel(tf, models) ?? assert.fail();
  const work = importanceWork(tf, model, 'binary_crossentropy', keras.samples);
  const [losses] = tf.tidy(() => {
    const x = tf.tensor(images(engine).data as Float32Array, [BATCH, PIXELS]);
    const draws = numbers(tf, [BATCH, keras.samples * UNITS], 7);
    return work.compute([x, draws]).map((tensor: Tensor) => [...tensor.dataSync()]);
  });
  const mean = (losses ?? []).reduce((sum, value) => sum + value, 0) / BATCH;
  assertNear([mean], [keras.nll], 'the likelihood');
  disposeAutoencoder(models);
});

test('a latent gives its means outside of training, and in it samples of its distribution', async () => {
  const engine = await engineOf('portable');
  const { tf } = engine;
  const models = build(engine);
  const latent = variationalLayer(models.encoder) ?? assert.fail();
  const rows = 4000;
  tf.tidy(() => {
    const mean = tf.tensor([[0.5, -1, 2]]).tile([rows, 1]);
    const logVariance = tf.tensor([[0, -2, 1]]).tile([rows, 1]);
    const draw = (purpose: 'training' | 'measuring'): Float32Array =>
      latent.sample({ mean, logVariance }, purpose).dataSync<'float32'>();
    const first = draw('training');
    for (const [unit, [center, deviation]] of [
      [0.5, 1],
      [-1, Math.exp(-1)],
      [2, Math.exp(0.5)],
    ].entries()) {
      const values = first.filter((_, index) => index % UNITS === unit);
      const average = values.reduce((sum, value) => sum + value, 0) / rows;
      const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / rows;
      assert.ok(Math.abs(average - (center ?? 0)) < 0.06 * (deviation ?? 0), String(average));
      assert.ok(Math.abs(Math.sqrt(variance) / (deviation ?? 0) - 1) < 0.04, String(variance));
    }
    const measured = draw('measuring');
    models.step.assign(tf.scalar(1, 'int32'));
    assert.notDeepEqual(draw('training'), first);
    assert.deepEqual(draw('measuring'), measured);
    const x = tf.tensor(images(engine).data as Float32Array, [BATCH, PIXELS]);
    const means = models.encoder.predict(x) as Tensor;
    assert.deepEqual(means.shape, [BATCH, UNITS]);
    assert.deepEqual([...means.dataSync()], [...(models.encoder.predict(x) as Tensor).dataSync()]);
  });
  disposeAutoencoder(models);
});

test('a divergence is 0 of the prior itself, and else positive', async () => {
  const { tf } = await engineOf('portable');
  const number = fc.double({ min: -4, max: 4, noNaN: true });
  const of = (mean: number, logVariance: number): number =>
    tf.tidy(
      () =>
        divergence({ mean: tf.tensor([[mean]]), logVariance: tf.tensor([[logVariance]]) }).dataSync()[0] ??
        NaN,
    );
  assert.equal(of(0, 0), 0);
  fc.assert(
    fc.property(number, number, (mean, logVariance) => {
      const wanted = (Math.exp(logVariance) + mean ** 2 - 1 - logVariance) / 2;
      const found = of(mean, logVariance);
      assert.ok(found >= -1e-6 && Math.abs(found - wanted) < 1e-5 * (1 + wanted), `${found}, not ${wanted}`);
    }),
    { numRuns: 60 },
  );
});

test('normal numbers depend on their row, not on other rows in the batch', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(19)), (size, rows) => {
      const source = new NormalNumbers([1, 2], 20, size);
      const all = source.read(0, 20 * size);
      const gathered = new Float32Array(rows.length * size);
      source.gather(Int32Array.from(rows), gathered);
      const wanted = rows.flatMap((row) => [...all.subarray(row * size, (row + 1) * size)]);
      assert.deepEqual([...gathered], wanted);
      assert.deepEqual(source.read(3, 7), all.slice(3, 7));
    }),
    { numRuns: 60 },
  );
  const many = new NormalNumbers([3, 4], 5000, 3).read(0, 15_000);
  const mean = many.reduce((sum, value) => sum + value, 0) / many.length;
  const variance = many.reduce((sum, value) => sum + value * value, 0) / many.length;
  assert.ok(Math.abs(mean) < 0.03 && Math.abs(variance - 1) < 0.05);
  assert.equal(new Set(many).size > 14_900, true);
});
