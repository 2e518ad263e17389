import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/core/diagnostic.ts';
import { loadTfjs } from '../../../src/engine/tensorflow/addon.ts';
import { slotCount } from '../../../src/engine/train/optimizers/optimizer.ts';
import type { Samples } from '../../../src/engine/train/samples.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { checkMemory, estimateMemory, largestBatch, modelSize } from '../../../src/nodes/train/memory.ts';

function samples(count: number): Samples {
  return { data: new Float32Array(count * 10), count, shape: [10], scale: 1, offset: 0 };
}

const SIZE = { pairs: 0, largeParameters: 0, slots: 0, compiled: false, kernels: 0 };

test("a model's memory consists of its weights and the outputs of its layers", () => {
  const tf = loadTfjs();
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 4, inputShape: [10] }), tf.layers.dense({ units: 10 })],
  });
  const { parameters, activations } = modelSize(model);
  assert.equal(parameters, 10 * 4 + 4 + 4 * 10 + 10);
  // The input layer gives its ten values, too.
  assert.ok(activations === 14 || activations === 24, String(activations));
});

test('samples of the latents of one image are all decoded; pairs of images need memory, too', () => {
  const tf = loadTfjs();
  const encoder = [layer('Dense', { units: 7 }), layer('Variational', { units: 3 })];
  const models = buildAutoencoder(
    tf,
    { input_shape: [10], encoder, decoder: [layer('Dense', { units: 10 })] },
    seedsOf(1),
  );
  const [one, five] = [modelSize(models.autoencoder), modelSize(models.autoencoder, 5)];
  assert.equal(one.activations, 10 + 7 + 3 + 10);
  assert.equal(five.activations, 10 + 7 + 5 * (3 + 10));
  disposeAutoencoder(models);
  const size = { ...SIZE, data: [], parameters: 0, activations: 0, batchSize: 100 };
  assert.ok(estimateMemory({ ...size, pairs: 3 }) >= 3 * 100 * 100 * 4);
});

test('no batch is larger than the images that there are', () => {
  const [training, validation] = [samples(100), samples(150)];
  const data = [training, validation].map((each) => ({ x: each, y: each }));
  assert.equal(largestBatch(data, 65_536), 150);
  assert.equal(largestBatch(data, 32), 32);
});

test('images that are input and target at once are counted once; a larger batch needs more', () => {
  const [one, other] = [samples(1000), samples(1000)];
  const size = { ...SIZE, parameters: 100, activations: 100, batchSize: 32 };
  const same = estimateMemory({ ...size, data: [{ x: one, y: one }] });
  const different = estimateMemory({ ...size, data: [{ x: one, y: other }] });
  assert.ok(different - same >= 40_000);
  assert.ok(estimateMemory({ ...size, data: [], batchSize: 64 }) > estimateMemory({ ...size, data: [] }));
});

test('optimizer state, graph and kernels need memory, too', () => {
  const size = { ...SIZE, data: [], parameters: 1000, activations: 0, batchSize: 1 };
  const plain = estimateMemory(size);
  const adam = { learning_rate: 0.1, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
  const slots = [
    { SGD: { learning_rate: 0.1, momentum: 0, nesterov: false } },
    { SGD: { learning_rate: 0.1, momentum: 0.9, nesterov: false } },
    { Nadam: adam },
    { Adam: { ...adam, amsgrad: true } },
  ].map(slotCount);
  assert.deepEqual(slots, [0, 1, 2, 3]);
  // The variables, their new values after a step, and a checkpoint.
  assert.ok(estimateMemory({ ...size, slots: 2 }) - plain >= 2 * 3 * 4000);
  assert.ok(estimateMemory({ ...size, compiled: true }) > plain);
  assert.equal(estimateMemory({ ...size, kernels: 77 }) - plain, 77);
});

test('a training that cannot fit is refused before it begins', () => {
  const size = { ...SIZE, data: [], parameters: 10 ** 9, activations: 0, batchSize: 1 };
  assert.doesNotThrow(() => checkMemory(size, 2 ** 40));
  assert.throws(
    () => checkMemory(size, 2 ** 30),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'stage-failed',
  );
});
