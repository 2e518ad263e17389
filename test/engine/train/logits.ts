/** The cross-entropy from logits against float64, for the tests of each engine. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LayersModel } from '@tensorflow/tfjs';
import fc from 'fast-check';
import type { LayerSpec } from '../../../src/schema/generated/settings.ts';
import type { Engine, Tf } from '../../../src/engine/engine.ts';
import { eagerTrainer } from '../../../src/engine/train/eager.ts';
import { forwardWithLogits } from '../../../src/engine/train/forward.ts';
import { losses } from '../../../src/engine/train/losses.ts';
import { meanOf } from '../../../src/core/statistics.ts';
import { measureImages } from '../../../src/engine/train/metrics.ts';
import { rowNumbers, type Samples } from '../../../src/engine/train/samples.ts';
import type { Trainer, TrainerOptions } from '../../../src/engine/train/trainer.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer, seedsOf } from '../../layers/specs.ts';

/** From almost 0 to far beyond the values at which a float32 sigmoid becomes 0 or 1. */
export const LOGITS = [1e-3, 0.5, 5, 20, 100, 1e4].flatMap((size) => [-size, size]);

export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** In float64, with what each term loses taken care of. */
export const entropy = (x: number, y: number): number =>
  (x > 0 ? x * (1 - y) : -x * y) + Math.log1p(Math.exp(-Math.abs(x)));

/** The mean loss of logits, and its gradient by each of them. */
function differentiate(tf: Tf, logits: readonly number[], targets: readonly number[]) {
  return tf.tidy(() => {
    const target = tf.tensor1d([...targets]);
    const { value, grad } = tf.valueAndGrad((x) =>
      losses.binary_crossentropy(tf, target, { values: tf.sigmoid(x), logits: x }),
    )(tf.tensor1d([...logits]));
    return { loss: value.dataSync()[0] ?? Number.NaN, gradient: [...grad.dataSync()] };
  });
}

function close(actual: number | undefined, wanted: number, tolerance: number, what: string): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - wanted) <= tolerance, `${what}: ${actual}, not ${wanted}`);
}

function checkLoss(tf: Tf, logits: readonly number[], targets: readonly number[]): void {
  const { loss, gradient } = differentiate(tf, logits, targets);
  const count = logits.length;
  const wanted = logits.reduce((sum, x, index) => sum + entropy(x, targets[index] ?? 0), 0) / count;
  const largest = Math.max(...logits.map(Math.abs));
  close(loss, wanted, 1e-6 + 1e-5 * wanted + 3e-7 * largest, 'the loss');
  for (const [index, x] of logits.entries()) {
    const slope = (sigmoid(x) - (targets[index] ?? 0)) / count;
    close(gradient[index], slope, 4e-7 / count + 1e-6 * Math.abs(slope), `the gradient at ${x}`);
  }
}

/** Layers behind a sigmoid, and whether there are logits while training and otherwise. */
const ENDS: readonly (readonly [readonly LayerSpec[], training: boolean, inference: boolean])[] = [
  [[], true, true],
  [['Flatten', layer('Reshape', { target_shape: [4, 4, 1] })], true, true],
  [[layer('Activation', { activation: 'linear' })], true, true],
  [
    [
      layer('ZeroPadding2D', { padding: 1 }),
      layer('Cropping2D', {
        cropping: [
          [0, 2],
          [1, 1],
        ],
      }),
    ],
    true,
    true,
  ],
  [[layer('UpSampling2D', { size: 2 }), layer('MaxPooling2D', { pool_size: 2 })], true, true],
  [[layer('MaxPooling2D', { pool_size: 3, strides: 1, padding: 'same' })], true, true],
  [[layer('Dropout', { rate: 0.5 })], false, true],
  [[layer('Dropout', { rate: 0 }), layer('GaussianNoise', { stddev: 0 })], true, true],
  [[layer('GaussianNoise', { stddev: 0.1 })], false, true],
  [[layer('UpSampling2D', { size: 1, interpolation: 'bilinear' })], false, false],
  [[layer('AveragePooling2D', { pool_size: 1 })], false, false],
  [['BatchNormalization'], false, false],
  [['ReLU'], false, false],
  [[layer('Activation', { activation: 'tanh' })], false, false],
];

/** What can have the sigmoid. */
const SIGMOIDS: readonly (readonly LayerSpec[])[] = [
  [layer('Activation', { activation: 'sigmoid' })],
  [layer('Dense', { units: 1, activation: 'sigmoid' })],
  [layer('Conv2D', { filters: 1, kernel_size: 3, padding: 'same', activation: 'sigmoid' })],
  [layer('Conv2D', { filters: 1, kernel_size: 2, dilation_rate: 2, padding: 'same', activation: 'sigmoid' })],
  [layer('Conv2DTranspose', { filters: 1, kernel_size: 3, padding: 'same', activation: 'sigmoid' })],
];

function ending(...layers: readonly LayerSpec[]): Architecture {
  return {
    input_shape: [4, 4, 1],
    encoder: [layer('Conv2D', { filters: 1, kernel_size: 3, padding: 'same', name: 'first' })],
    decoder: [...layers],
  };
}

const signal = new AbortController().signal;
const work = { signal };

function samples(count: number): Samples {
  const data = Uint8Array.from({ length: count * 16 }, (_, index) => (index * 97 + (index >> 3) * 31) % 256);
  return { data, count, shape: [4, 4, 1], scale: 1 / 255, offset: 0 };
}

/** Tests of one engine. */
export function testLogits(engine: () => Promise<Engine>): void {
  test('the cross-entropy of logits and its gradient are right from 0 to far beyond saturation', async () => {
    const { tf } = await engine();
    const pairs = [0, ...LOGITS].flatMap((x) => [0, 0.25, 1].map((y) => [x, y] as const));
    for (const [x, y] of pairs) checkLoss(tf, [x], [y]);
    const logit = fc.oneof(
      fc.float({ min: -120, max: 120, noNaN: true }),
      fc.constantFrom(0, ...LOGITS.map(Math.fround)),
      fc.float({ min: -1e5, max: 1e5, noNaN: true }),
    );
    const share = fc.oneof(fc.constantFrom(0, 1), fc.float({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.array(fc.tuple(logit, share), { minLength: 1, maxLength: 20 }), (values) => {
        checkLoss(
          tf,
          values.map(([x]) => x),
          values.map(([, y]) => y),
        );
      }),
      { numRuns: 60 },
    );
  });

  test('an infinite logit costs nothing where it is right; NaN stays NaN', async () => {
    const { tf } = await engine();
    const right = differentiate(tf, [Infinity, -Infinity], [1, 0]);
    assert.equal(right.loss, 0);
    for (const slope of right.gradient) assert.equal(Math.abs(slope), 0);
    const wrong = differentiate(tf, [Infinity, -Infinity], [0, 1]);
    assert.ok(wrong.loss > 1e38);
    assert.deepEqual(wrong.gradient, [0.5, -0.5]);
    assert.ok(Number.isNaN(differentiate(tf, [Number.NaN], [1]).loss));
    assert.ok(Number.isNaN(differentiate(tf, [Number.NaN], [1]).gradient[0]));
  });

  test('logits are found behind layers that only move values', async () => {
    const { tf } = await engine();
    const first = SIGMOIDS[0] ?? [];
    const all = [
      ...ENDS.map((end) => [first, ...end] as const),
      ...SIGMOIDS.map((start) => [start, [], true, true] as const),
      // Neither has a sigmoid, though Keras takes the inputs of a softmax for logits.
      ...(['tanh', 'softmax'] as const).map(
        (activation) => [[layer('Activation', { activation })], [], false, false] as const,
      ),
    ];
    for (const [start, end, inTraining, inInference] of all) {
      const models = buildAutoencoder(tf, ending(...start, ...end), seedsOf(1));
      const held = tf.memory().numTensors;
      for (const training of [true, false]) {
        const found = tf.tidy(() => {
          const input = tf.linspace(-5, 5, 48).reshape([3, 4, 4, 1]);
          const compute = forwardWithLogits(tf, models.autoencoder);
          const { values, logits } = compute(input, training);
          if (logits === undefined) return false;
          assert.deepEqual(logits.shape, values.shape);
          const farthest = tf.sigmoid(logits).sub(values).abs().max().dataSync()[0];
          close(farthest, 0, 2e-7, JSON.stringify(end));
          return true;
        });
        assert.equal(found, training ? inTraining : inInference, JSON.stringify([start, end, training]));
      }
      assert.equal(tf.memory().numTensors, held, 'tensors are left behind');
      disposeAutoencoder(models);
    }
  });

  test('training, validation and evaluation measure the same cross-entropy', async () => {
    const { tf } = await engine();
    const still = { SGD: { learning_rate: 0, momentum: 0, nesterov: false } } as const;
    const x = samples(7);
    // Saturated: probabilities would be clipped, and give other numbers.
    const sharpened = layer('Conv2D', { filters: 1, kernel_size: 1, activation: 'sigmoid', name: 'sharp' });
    for (const end of [[], ['Flatten', layer('Reshape', { target_shape: [4, 4, 1] })]] as const) {
      const models = buildAutoencoder(tf, ending(sharpened, ...end), seedsOf(1));
      fillWeight(tf, models.autoencoder, 'sharp/kernel', 60);
      const trainer = trainerOf(tf, models, { data: { x, y: x }, optimizer: still });
      const rows = rowNumbers(7);
      const trained = await trainer.trainEpoch(rows, work);
      const validated = await trainer.evaluate({ x, y: x }, rows, work);
      const measured = await measureImages({ tf }, models.autoencoder, { x, y: x }, rows, {
        metrics: ['binary_crossentropy'],
        kind: { shape: [4, 4, 1], span: 1 },
        batchSize: 3,
        signal,
      });
      const wanted = meanOf(measured.get('binary_crossentropy') ?? new Float64Array());
      assert.ok(wanted > 5, `${wanted} is not saturated`);
      for (const { loss, binary_crossentropy: metric } of [trained, validated]) {
        close(loss, wanted, 1e-5 * wanted, 'the loss');
        assert.equal(metric, loss);
      }
      trainer.dispose();
      disposeAutoencoder(models);
    }
  });

  test('a convolutional decoder learns even if steps saturate its sigmoid', async () => {
    const { tf } = await engine();
    const models = buildAutoencoder(
      tf,
      ending(
        layer('Conv2DTranspose', { filters: 2, kernel_size: 3, padding: 'same', activation: 'relu' }),
        layer('Conv2D', { filters: 1, kernel_size: 3, padding: 'same', activation: 'sigmoid', name: 'last' }),
      ),
      seedsOf(1),
    );
    fillWeight(tf, models.autoencoder, 'last/bias', 20);
    const x = samples(32);
    const adam = { learning_rate: 0.3, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false };
    const trainer = trainerOf(tf, models, { data: { x, y: x }, optimizer: { Adam: adam } });
    const epochs: number[] = [];
    for (let epoch = 0; epoch < 12; epoch++)
      epochs.push((await trainer.trainEpoch(rowNumbers(32), work)).loss);
    assert.ok((epochs[0] ?? 0) > 3, `it begins with ${epochs[0]}`);
    assert.ok((epochs.at(-1) ?? 9) < 0.75, `it ends with ${epochs.at(-1)}`);
    trainer.dispose();
    disposeAutoencoder(models);
  });
}

function trainerOf(
  tf: Tf,
  { autoencoder, step }: ReturnType<typeof buildAutoencoder>,
  options: Pick<TrainerOptions, 'data' | 'optimizer'>,
): Trainer {
  return eagerTrainer(tf, {
    model: autoencoder,
    step,
    loss: 'binary_crossentropy',
    metrics: ['binary_crossentropy'],
    batchSize: 4,
    ...options,
  });
}

/** Sets all numbers of a weight. */
export function fillWeight(tf: Tf, model: LayersModel, name: string, value: number): void {
  const weight = model.weights.find(({ originalName }) => originalName === name);
  assert.ok(weight !== undefined);
  tf.tidy(() => {
    weight.write(tf.fill(weight.shape.map(Number), value));
  });
}
