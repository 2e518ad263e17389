/** Outputs of runs with models of each kind, without training them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunRecord } from '../../src/artifacts/run-record.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { Philox } from '../../src/core/philox.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { moduleBytes } from '../../src/engine/webassembly/module.ts';
import type { Candidate } from '../../src/explorer/write/choose.ts';
import { packBytes } from '../../src/explorer/write/pack.ts';
import { writeImageSet } from '../../src/formats/images.ts';
import { buildAutoencoder, type TrainableAutoencoder } from '../../src/layers/build.ts';
import type { Architecture } from '../../src/layers/layer.ts';
import { saveAutoencoder } from '../../src/layers/save.ts';
import { layer, seedsOf } from '../layers/specs.ts';

export const engine = await loadEngine({ choice: 'portable', threads: 1 });

/** As in a page. */
export const wasm = packBytes(moduleBytes());

const conv = { kernel_size: 3, padding: 'same' };
const tail = [
  layer('Dense', { units: 80, activation: 'sigmoid' }),
  layer('Reshape', { target_shape: [10, 8, 1] }),
];

export const ARCHITECTURES = {
  dense: {
    input_shape: [10, 8, 1],
    encoder: ['Flatten', layer('Dense', { units: 33, activation: 'relu' }), layer('Dense', { units: 3 })],
    decoder: tail,
  },
  convolutional: {
    input_shape: [10, 8, 1],
    encoder: [
      layer('Conv2D', { ...conv, filters: 17 }),
      'BatchNormalization',
      'LeakyReLU',
      layer('MaxPooling2D', { pool_size: 2 }),
      layer('Conv2D', { ...conv, filters: 6, activation: 'gelu' }),
      'LayerNormalization',
    ],
    decoder: [
      layer('Conv2DTranspose', { ...conv, filters: 9, strides: 2, activation: 'relu' }),
      layer('GroupNormalization', { groups: 3 }),
      layer('Conv2D', { ...conv, filters: 1, activation: 'sigmoid' }),
    ],
  },
  variational: {
    input_shape: [10, 8, 1],
    encoder: ['Flatten', layer('Variational', { units: 4 })],
    decoder: tail,
  },
  quantized: {
    input_shape: [8, 8, 1],
    encoder: [layer('Conv2D', { ...conv, filters: 4, strides: 2 }), layer('VectorQuantizer', { codes: 8 })],
    decoder: [layer('Conv2DTranspose', { ...conv, filters: 1, strides: 2 })],
  },
  conditional: {
    input_shape: [10, 8, 1],
    classes: 3,
    encoder: ['Flatten', layer('Dense', { units: 4 })],
    decoder: tail,
  },
} satisfies Readonly<Record<string, Architecture>>;

export type Kind = keyof typeof ARCHITECTURES;

export const IMAGES = 12;

/** A model whose weights are not those of its beginning: means are not 0, variances not 1. */
export function modelOf(architecture: Architecture): TrainableAutoencoder {
  const models = buildAutoencoder(engine.tf, architecture, seedsOf(1));
  const philox = new Philox([5, 0]);
  models.autoencoder.setWeights(
    models.autoencoder.getWeights().map((weight) => {
      const change = new Float32Array(weight.size);
      philox.uniform(change);
      return weight.add(engine.tf.tensor(change, weight.shape).mul(0.2));
    }),
  );
  return models;
}

/** Writes `images/`, with bytes that mean numbers from 0 to 1, and three classes. */
export async function writeImages(folder: string, architecture: Architecture): Promise<void> {
  const [height = 1, width = 1, channels = 1] = architecture.input_shape;
  const shape = [height, width, channels] as const;
  const numbers = new Float32Array(IMAGES * sizeOf(shape));
  new Philox([7, 0]).uniform(numbers);
  const data = Uint8Array.from(numbers, (number) => Math.max(0, number - 0.3) * 255);
  const images = {
    ...{ data, count: IMAGES, shape, scale: 1 / 255, offset: 0 },
    labels: Uint8Array.from({ length: IMAGES }, (_, index) => index % 3),
    classes: ['one', '</script><!--', 'three'],
  };
  mkdirSync(join(folder, 'images'), { recursive: true });
  await writeImageSet(join(folder, 'images'), { shape, range: [0, 1], splits: { test: images } });
}

/** Writes a run's outputs: `images/`, and the model as that of the stage `trained`. */
export async function writeOutputs(folder: string, architecture: Architecture): Promise<Candidate> {
  await writeImages(folder, architecture);
  const models = modelOf(architecture);
  await saveAutoencoder(models, join(folder, 'trained', 'model'));
  writeFileSync(join(folder, 'trained', 'training.json'), '{}');
  return { stage: 'trained', images: 'images', target: 'images', denoiser: false, noise: [] };
}

const stage = (type: string, inputs: Readonly<Record<string, string>>, settings: JsonObject = {}) => ({
  type,
  state: 'ran' as const,
  seconds: 1,
  inputs,
  hash: 'same',
  wanted: 'same',
  key: { settings },
});

/** The record of a run with one trained model. */
export const RUN: RunRecord = {
  status: 'done',
  pipeline: 'tiny',
  file: 'tiny.yaml',
  seed: 1,
  overrides: [],
  versions: {},
  stages: {
    images: stage('dataset', {}),
    noisy: stage('noise', { data: 'images' }, { kind: 'gaussian', mean: 0, stddev: 0.5, clip: [0, 1] }),
    net: stage('model', {}),
    trained: stage('train', { model: 'net', data: 'noisy', target: 'images' }),
  },
};
