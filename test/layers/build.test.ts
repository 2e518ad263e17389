import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import { Failure } from '../../src/core/diagnostic.ts';
import { sha256 } from '../../src/core/json.ts';
import type { Tf } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../src/layers/build.ts';
import { initialValues } from '../../src/layers/initializers.ts';
import { denoiser, layer, seedsOf, small } from './specs.ts';

let tf: Tf;
before(async () => {
  ({ tf } = await loadEngine({ choice: 'portable', threads: 1 }));
});

/** SHA-256 of all weights with their names. */
function digest(model: tfjs.LayersModel): string {
  const values = model.weights.map((weight) => [weight.originalName, ...weight.read().dataSync()].join(' '));
  return sha256(values.join('\n'));
}

function names(model: tfjs.LayersModel): readonly string[] {
  return model.layers.map((each) => each.name);
}

test('three models: the autoencoder is the encoder and then the decoder', () => {
  const { encoder, decoder, autoencoder } = buildAutoencoder(tf, denoiser, seedsOf(1));
  assert.deepEqual([encoder.name, decoder.name, autoencoder.name], ['encoder', 'decoder', 'autoencoder']);
  assert.deepEqual(encoder.outputShape, [null, 16]);
  assert.deepEqual(decoder.inputs[0]?.shape, [null, 16]);
  assert.deepEqual(autoencoder.outputShape, [null, 28, 28, 1]);
  assert.deepEqual(names(autoencoder), [...names(encoder), ...names(decoder).slice(1)]);
  const images = tf.randomUniform([2, 28, 28, 1], 0, 1, 'float32', 1);
  const apart = decoder.predict(encoder.predict(images) as tfjs.Tensor) as tfjs.Tensor;
  assert.deepEqual((autoencoder.predict(images) as tfjs.Tensor).dataSync(), apart.dataSync());
});

test('the models share their weights: a step of the autoencoder changes the others', () => {
  const { encoder, decoder, autoencoder } = buildAutoencoder(tf, small, seedsOf(1));
  const images = tf.randomUniform([8, 4, 4, 1], 0, 1, 'float32', 1);
  const latent = tf.ones([2, 3]);
  const compute = (): Float32Array[] => [
    (encoder.predict(images) as tfjs.Tensor).dataSync<'float32'>(),
    (decoder.predict(latent) as tfjs.Tensor).dataSync<'float32'>(),
  ];
  const before = compute();
  const variables = autoencoder.trainableWeights.map((weight) => weight.read() as tfjs.Variable);
  tf.train
    .sgd(0.5)
    .minimize(
      () =>
        (autoencoder.apply(images, { training: true }) as tfjs.Tensor).sub(images).square().mean().asScalar(),
      false,
      variables,
    );
  for (const [index, values] of compute().entries()) assert.notDeepEqual(values, before[index]);
});

test('weights and names follow from architecture and seed, not from earlier models', () => {
  const first = buildAutoencoder(tf, small, seedsOf(5));
  const other = buildAutoencoder(tf, small, seedsOf(6));
  const again = buildAutoencoder(tf, small, seedsOf(5));
  assert.equal(digest(again.autoencoder), digest(first.autoencoder));
  assert.notEqual(digest(other.autoencoder), digest(first.autoencoder));
  assert.deepEqual(names(again.autoencoder), names(first.autoencoder));
  assert.deepEqual(JSON.stringify(again.autoencoder.toJSON()), JSON.stringify(first.autoencoder.toJSON()));
  // The same in every process, on every engine and platform.
  assert.equal(digest(first.autoencoder), PINNED_DIGEST);
});

const PINNED_DIGEST = '72fbb87e9bf0b6379936b23ab76e2ab8f0c2eb34e381d3774bf7aad5d9abdaa0';

test("each weight comes from its initializer and its own seed, which depends on the layer's name", () => {
  const seeds = seedsOf(3);
  const { encoder } = buildAutoencoder(tf, denoiser, seeds);
  const values = encoder.getLayer('conv2d_1').getWeights()[0]?.dataSync();
  assert.deepEqual(values, initialValues('glorot_uniform', [3, 3, 32, 64], seeds('init/conv2d_1/kernel')));
});

test("regularizers add to the model's loss once, as Keras counts them", () => {
  const models = buildAutoencoder(tf, small, seedsOf(1));
  const kernel = models.encoder.getLayer('conv2d').getWeights()[0]?.dataSync() ?? [];
  const expected = 0.01 * [...kernel].reduce((sum, value) => sum + value ** 2, 0);
  const losses = models.autoencoder.calculateLosses().map((loss) => loss.dataSync()[0] ?? NaN);
  assert.equal(losses.length, 1);
  assert.ok(Math.abs((losses[0] ?? NaN) / expected - 1) < 1e-5);
});

test("dropout depends on the second seed and on the model's step", () => {
  const images = tf.ones([4, 4, 4, 1]);
  const trained = (build: ReturnType<typeof buildAutoencoder>, step: number): Float32Array => {
    build.step.assign(tf.scalar(step, 'int32'));
    return (build.autoencoder.apply(images, { training: true }) as tfjs.Tensor).dataSync<'float32'>();
  };
  const build = (draws: number): ReturnType<typeof buildAutoencoder> =>
    buildAutoencoder(tf, small, seedsOf(1), seedsOf(draws, 'train'));
  const first = trained(build(1), 0);
  assert.deepEqual(trained(build(1), 0), first);
  assert.notDeepEqual(trained(build(1), 1), first);
  assert.notDeepEqual(trained(build(2), 0), first);
});

test('disposing frees every weight', () => {
  const before = tf.memory().numTensors;
  disposeAutoencoder(buildAutoencoder(tf, small, seedsOf(1)));
  assert.equal(tf.memory().numTensors, before);
});

test('layers that do not fit are refused', () => {
  assert.throws(
    () => buildAutoencoder(tf, { ...denoiser, decoder: [layer('Dense', { units: 3 })] }, seedsOf(1)),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'shape-mismatch',
  );
});
