import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import type { Json, JsonObject } from '../../src/core/json.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import type { Tf } from '../../src/engine/engine.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { buildAutoencoder } from '../../src/layers/build.ts';
import type { Architecture } from '../../src/layers/layer.ts';
import { readArchitecture, saveArchitecture } from '../../src/layers/architecture-file.ts';
import {
  loadAutoencoder,
  loadModel,
  loadTrainable,
  saveAutoencoder,
  saveModel,
} from '../../src/layers/save.ts';
import type { LayerSpec } from '../../src/schema/generated/settings.ts';
import { denoiser, layer, layerNames, seedsOf, small } from './specs.ts';

let tf: Tf;
const root = mkdtempSync(join(tmpdir(), 'hourglass-save-'));
before(async () => {
  ({ tf } = await loadEngine({ choice: 'portable', threads: 1 }));
});
after(() => rmSync(root, { recursive: true, force: true }));

let folders = 0;
function freshFolder(): string {
  folders += 1;
  return join(root, String(folders));
}

const images = (): tfjs.Tensor => tf.randomUniform([3, 4, 4, 1], 0, 1, 'float32', 2);

function predict(model: tfjs.LayersModel, input: tfjs.Tensor): Float32Array {
  return (model.predict(input) as tfjs.Tensor).dataSync<'float32'>();
}

/** As near as sums in another order are. */
function assertNear(actual: Float32Array, expected: Float32Array): void {
  assert.equal(actual.length, expected.length);
  actual.forEach((value, index) => assert.ok(Math.abs(value - (expected[index] ?? Number.NaN)) < 1e-6));
}

/** Every kind of layer in one model, except for other latents. */
const everything = (latent: LayerSpec): Architecture => ({
  input_shape: [8, 8, 2],
  encoder: [
    layer('Conv2D', { filters: 4, kernel_size: 3, padding: 'same', dilation_rate: 2, activation: 'silu' }),
    layer('BatchNormalization', { axis: 1, scale: false }),
    layer('ReLU', { max_value: 6 }),
    'MaxPooling2D',
    layer('Conv2D', { filters: 3, kernel_size: 2, kernel_initializer: 'orthogonal' }),
    layer('Residual', {
      layers: [
        layer('Conv2D', { filters: 3, kernel_size: 3, padding: 'same', activation: 'tanh_shrink' }),
        layer('Residual', { layers: [layer('Activation', { activation: 'hard_silu' })] as JsonObject[] }),
      ] as JsonObject[],
    }),
    'LayerNormalization',
    layer('GroupNormalization', { groups: 3, gamma_initializer: 'random_normal' }),
    layer('PReLU', { shared_axes: [1, 2] }),
    'ZeroPadding2D',
    'Cropping2D',
    layer('AveragePooling2D', { pool_size: 1 }),
    'GlobalAveragePooling2D',
    'Flatten',
    layer('Activation', { activation: 'hard_sigmoid' }),
    layer('Dense', { units: 4, kernel_regularizer: { l1: 0.1, l2: 0.2 }, kernel_initializer: 'he_normal' }),
    'LeakyReLU',
    'ELU',
    'Softmax',
    latent,
  ],
  decoder: [
    layer('GaussianNoise', { stddev: 1 }),
    layer('ActivityRegularization', { l1: 0.1 }),
    layer('Reshape', { target_shape: [2, 2, -1] }),
    layer('Conv2DTranspose', { filters: 2, kernel_size: 3, strides: 2, padding: 'same' }),
    layer('Dropout', { rate: 0.5 }),
    layer('SpatialDropout2D', { rate: 0.5 }),
    layer('UpSampling2D', { interpolation: 'bilinear' }),
    'GlobalMaxPooling2D',
    layer('Dense', {
      units: 128,
      kernel_initializer: { RandomNormal: { mean: 0.1, stddev: 0.2 } },
      bias_initializer: { Constant: { value: 0.3 } },
    }),
    layer('Reshape', { target_shape: [8, 8, 2] }),
  ],
});

/** Only the last layer of an encoder can be one of these. */
const latents = [
  layer('Variational', { units: 4 }),
  layer('VectorQuantizer', { codes: 9, embeddings_initializer: 'he_normal' }),
];

test('a saved model computes the same after loading, whatever its layers', async () => {
  const all = latents.map(everything);
  const used = all
    .flatMap(({ encoder, decoder }) => [...encoder, ...decoder])
    .map((spec) => (typeof spec === 'string' ? spec : Object.keys(spec)[0]));
  assert.deepEqual([...new Set(used)].sort(), [...layerNames].sort());
  const input = tf.randomUniform([3, 8, 8, 2], 0, 1, 'float32', 2);
  for (const architecture of all) {
    const models = buildAutoencoder(tf, architecture, seedsOf(1));
    const folder = freshFolder();
    await saveModel(models.autoencoder, folder);
    assertNear(predict(await loadModel(tf, folder), input), predict(models.autoencoder, input));
  }
});

test('initializers are saved with their arguments, as Keras writes them', async () => {
  const saved = async (kernel_initializer: Json): Promise<Json> => {
    const models = buildAutoencoder(
      tf,
      {
        input_shape: [4],
        encoder: [layer('Dense', { units: 2, kernel_initializer })],
        decoder: [layer('Dense', { units: 4 })],
      },
      seedsOf(1),
    );
    const folder = freshFolder();
    await saveModel(models.encoder, folder);
    const loaded = await loadModel(tf, folder);
    assert.deepEqual(loaded.getWeights()[0]?.dataSync(), models.encoder.getWeights()[0]?.dataSync());
    const text = readFileSync(join(folder, 'model.json'), 'utf8');
    const [, found = assert.fail()] = /"kernel_initializer": (\{.*?\n\s*\}\n\s*\})/s.exec(text) ?? [];
    return JSON.parse(found) as Json;
  };
  for (const [name, args, others] of [
    ['RandomNormal', { mean: 1, stddev: 2 }, { seed: null }],
    ['TruncatedNormal', { mean: 1, stddev: 2 }, { seed: null }],
    ['RandomUniform', { minval: -1, maxval: 2 }, { seed: null }],
    ['Constant', { value: 3 }, {}],
    ['Identity', { gain: 2 }, {}],
    ['Orthogonal', { gain: 2 }, { seed: null }],
    ['VarianceScaling', { scale: 3, mode: 'fan_out', distribution: 'truncated_normal' }, { seed: null }],
    ['VarianceScaling', { scale: 3, mode: 'fan_avg', distribution: 'uniform' }, { seed: null }],
  ] as const)
    assert.deepEqual(await saved({ [name]: args }), { class_name: name, config: { ...args, ...others } });
});

test("a browser's loader takes the files as they are", async () => {
  const [latent = assert.fail()] = latents;
  const models = buildAutoencoder(tf, everything(latent), seedsOf(1));
  const folder = freshFolder();
  await saveModel(models.autoencoder, folder);
  const fetchFunc = async (url: string | URL | Request): Promise<Response> =>
    new Response(await readFile(join(folder, String(url).replace(/^.*\//, ''))), {
      headers: {
        'content-type': String(url).endsWith('.json') ? 'application/json' : 'application/octet-stream',
      },
    });
  const loaded = await tf.loadLayersModel(tf.io.http('http://localhost/model.json', { fetchFunc }));
  const input = tf.randomUniform([3, 8, 8, 2], 0, 1, 'float32', 2);
  assertNear(predict(loaded, input), predict(models.autoencoder, input));
  assert.equal(loaded.name, 'autoencoder');
});

test('equal models have equal files', async () => {
  const [one, other] = [freshFolder(), freshFolder()];
  await saveAutoencoder(buildAutoencoder(tf, small, seedsOf(1)), one);
  await saveAutoencoder(buildAutoencoder(tf, small, seedsOf(1)), other);
  for (const name of ['encoder', 'decoder', 'autoencoder']) {
    for (const file of ['model.json', 'weights.bin']) {
      assert.deepEqual(readFileSync(join(one, name, file)), readFileSync(join(other, name, file)));
    }
  }
});

test('a loaded autoencoder is three models that share weights', async () => {
  const built = buildAutoencoder(tf, small, seedsOf(1));
  const folder = freshFolder();
  await saveAutoencoder(built, folder);
  const loaded = await loadAutoencoder(tf, folder);
  for (const name of ['encoder', 'autoencoder'] as const) {
    assert.deepEqual(predict(loaded[name], images()), predict(built[name], images()));
  }
  const before = predict(loaded.autoencoder, images());
  const [weight] = loaded.encoder.weights;
  assert.ok(weight);
  weight.write(weight.read().add(1));
  assert.notDeepEqual(predict(loaded.autoencoder, images()), before);
});

test('a model stage is loaded for training, with the seeds of the `train` stage', async () => {
  const built = buildAutoencoder(tf, small, seedsOf(1), seedsOf(2, 'train'));
  const folder = freshFolder();
  await saveAutoencoder(built, folder);
  await saveArchitecture(small, folder);
  assert.deepEqual(await readArchitecture(folder), small);
  const loaded = await loadTrainable(tf, folder, seedsOf(2, 'train'));
  const train = (model: tfjs.LayersModel): Float32Array =>
    (model.apply(images(), { training: true }) as tfjs.Tensor).dataSync<'float32'>();
  assert.deepEqual(train(loaded.autoencoder), train(built.autoencoder));
  assert.equal(loaded.step.dataSync()[0], 0);
});

async function assertRefused(folder: string, code: string): Promise<void> {
  const tensors = tf.memory().numTensors;
  await assert.rejects(loadModel(tf, folder), (error) => {
    assert.ok(error instanceof Failure, String(error));
    assert.equal(error.diagnostics[0]?.code, code);
    return true;
  });
  assert.equal(tf.memory().numTensors, tensors);
}

test('a tied kernel is saved as a copy, which must be one', async () => {
  const tied: Architecture = {
    input_shape: [6],
    encoder: [layer('Dense', { units: 2 })],
    decoder: [layer('Dense', { tied_to: 1 })],
  };
  const models = buildAutoencoder(tf, tied, seedsOf(1));
  const folder = freshFolder();
  await saveAutoencoder(models, folder);
  await saveArchitecture(tied, folder);
  const loaded = await loadTrainable(tf, folder, seedsOf(1));
  const input = tf.randomUniform([3, 6], 0, 1, 'float32', 2);
  assert.deepEqual(predict(loaded.autoencoder, input), predict(models.autoencoder, input));
  assert.equal(loaded.autoencoder.countParams(), 6 * 2 + 2 + 6);
  assertNear(
    predict((await loadAutoencoder(tf, folder)).autoencoder, input),
    predict(models.autoencoder, input),
  );
  const path = join(folder, 'decoder', 'weights.bin');
  const bytes = readFileSync(path);
  bytes.writeFloatLE(0.5, 0);
  writeFileSync(path, bytes);
  await assert.rejects(
    loadTrainable(tf, folder, seedsOf(1)),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt',
  );
});

test('invalid and incomplete models are refused before anything is allocated', async () => {
  const folder = freshFolder();
  await assertRefused(folder, 'data-missing');
  await saveModel(buildAutoencoder(tf, denoiser, seedsOf(1)).encoder, folder);
  const description = readFileSync(join(folder, 'model.json'), 'utf8');
  const weights = readFileSync(join(folder, 'weights.bin'));
  const refuse = async (text: string, code = 'data-corrupt'): Promise<void> => {
    writeFileSync(join(folder, 'model.json'), text);
    await assertRefused(folder, code);
  };
  /** Replaces text that must be there. */
  const replaced = (from: string | RegExp, to: string): string => {
    const text = description.replace(from, to);
    assert.notEqual(text, description);
    return text;
  };
  await refuse('');
  await refuse('[]');
  await refuse(description.slice(0, -20));
  await refuse(`{"format":"layers-model","pad":"${' '.repeat(2 ** 22)}"}`);
  await refuse(replaced('layers-model', 'graph-model'));
  await refuse(replaced('"Conv2D"', '"Lambda"'));
  await refuse(replaced('"Flatten"', '"constructor"'));
  await refuse(replaced('"weights.bin"', '"../weights.bin"'));
  await refuse(replaced('"dtype": "float32"\n', '"dtype": "float32", "quantization": {"dtype": "uint8"}\n'));
  await refuse(replaced('"units": 16', '"units": 1000000000'));
  await refuse(replaced('"units": 16', '"units": -16'));
  await refuse(replaced('"units": 16', '"units": 1e300'));
  await refuse(replaced(/28,\s*28,\s*1\s*\]/, '28000, 28000, 1]'));
  await refuse(replaced('"name": "dense/kernel"', '"name": "dense/colonel"'));
  await refuse(replaced('"name": "dense/bias"', '"name": "dense/kernel"'));
  await refuse(replaced('"activation": "relu"', '"activation": "no_such_function"'));
  await refuse(replaced('"class_name": "InputLayer"', '"class_name": "Dense"'));
  writeFileSync(join(folder, 'model.json'), description);
  writeFileSync(join(folder, 'weights.bin'), weights.subarray(0, -1));
  await assertRefused(folder, 'data-corrupt');
  writeFileSync(join(folder, 'weights.bin'), Buffer.concat([weights, Buffer.of(0)]));
  await assertRefused(folder, 'data-corrupt');
  rmSync(join(folder, 'weights.bin'));
  await assertRefused(folder, 'data-missing');
});

test('layers that replace one of ours are checked like the others', async () => {
  const architecture: Architecture = {
    input_shape: [4, 4, 2],
    encoder: [
      layer('Conv2D', { filters: 2, kernel_size: 3, padding: 'same', activation: 'hard_silu' }),
      layer('BatchNormalization', { axis: 1 }),
      layer('ELU', { alpha: 0.5 }),
      layer('Softmax', { axis: 2 }),
      'Flatten',
    ],
    decoder: [layer('Reshape', { target_shape: [4, 4, 2] })],
  };
  const folder = freshFolder();
  await saveModel(buildAutoencoder(tf, architecture, seedsOf(1)).encoder, folder);
  const description = readFileSync(join(folder, 'model.json'), 'utf8');
  await loadModel(tf, folder);
  const wrong: readonly [from: RegExp, to: string][] = [
    [/"class_name": "Multiply"/, '"class_name": "Dot"'],
    [/("class_name": "Multiply"[^]*?"inbound_nodes": [[\s]*)"conv2d"/, '$1"nowhere"'],
    [/("class_name": "Multiply"[^]*?"inbound_nodes": [[\s]*)"conv2d"/, '$1"flatten"'],
    [/("dims": \[\s*)3/, '$17'],
    [/("dims": \[\s*)3,/, '$1'],
    [/("class_name": "Rescaling"[^]*?"scale": )[\d.]+/, '$1"x"'],
    [/("class_name": "ELU"[^]*?"alpha": )1/, '$12'],
    [/("class_name": "Softmax"[^]*?"axis": )-1/, '$11'],
  ];
  for (const [from, to] of wrong) {
    const text = description.replace(from, to);
    assert.notEqual(text, description, from.source);
    writeFileSync(join(folder, 'model.json'), text);
    await assertRefused(folder, 'data-corrupt');
  }
});

test('a conditional model has a second input, for labels and nothing else', async () => {
  const conditional: Architecture = { ...small, classes: 3, decoder: small.decoder.slice(1) };
  const models = buildAutoencoder(tf, conditional, seedsOf(1));
  const folder = freshFolder();
  await saveAutoencoder(models, folder);
  const labels = tf.oneHot(tf.tensor1d([2, 0, 1], 'int32'), 3);
  const output = (model: tfjs.LayersModel): Float32Array =>
    (model.predict([images(), labels]) as tfjs.Tensor).dataSync<'float32'>();
  assertNear(output((await loadAutoencoder(tf, folder)).autoencoder), output(models.autoencoder));
  await saveArchitecture(conditional, folder);
  const loaded = await loadTrainable(tf, folder, seedsOf(1));
  assert.deepEqual(output(loaded.autoencoder), output(models.autoencoder));

  const path = join(folder, 'autoencoder');
  const description = readFileSync(join(path, 'model.json'), 'utf8');
  const wrong: readonly [from: RegExp, to: string][] = [
    [/(\[\s*null,\s*)3(\s*\])/, '$14$2'],
    [/(\[\s*null,\s*)3(\s*\])/, '$13, 1$2'],
    [/(\[\s*null,\s*)3(\s*\])/, '$11e300$2'],
    [/("class_name": "Concatenate"[^]*?"axis": )-1/, '$10'],
    [/("class_name": "Concatenate"[^]*?"inbound_nodes": [[\s]*)"flatten"/, '$1"input_layer_1"'],
    [/("class_name": "Concatenate"[^]*?)"input_layer_1"/, '$1"flatten"'],
    [/("input_layers": [^]*?)"input_layer_1"/, '$1"input_layer"'],
    [/"class_name": "Concatenate"/, '"class_name": "Add"'],
  ];
  for (const [from, to] of wrong) {
    const text = description.replace(from, to);
    assert.notEqual(text, description, from.source);
    writeFileSync(join(path, 'model.json'), text);
    await assertRefused(path, 'data-corrupt');
  }
  const other = { ...conditional, classes: 4 };
  await saveModel(buildAutoencoder(tf, other, seedsOf(1)).decoder, join(folder, 'decoder'));
  await assert.rejects(loadAutoencoder(tf, folder), (error) => error instanceof Failure);
});

test('an encoder and a decoder of two models are refused', async () => {
  const folder = freshFolder();
  await saveAutoencoder(buildAutoencoder(tf, small, seedsOf(1)), folder);
  await saveModel(buildAutoencoder(tf, denoiser, seedsOf(1)).decoder, join(folder, 'decoder'));
  await assert.rejects(loadAutoencoder(tf, folder), (error) => error instanceof Failure);
  await saveModel(buildAutoencoder(tf, small, seedsOf(1)).encoder, join(folder, 'decoder'));
  await assert.rejects(loadAutoencoder(tf, folder), (error) => error instanceof Failure);
});
