/** Small image sets and models on disk, as earlier stages leave them, for tests of stages that train or use models. */
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeImageSet, type HeldImages } from '../../../src/formats/images.ts';
import { sha256 } from '../../../src/core/json.ts';
import type { TrainSettings } from '../../../src/schema/generated/settings.ts';
import { Philox } from '../../../src/core/philox.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import type { ImageShape } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { saveArchitecture } from '../../../src/layers/architecture-file.ts';
import { saveAutoencoder } from '../../../src/layers/save.ts';
import type { InputArtifact } from '../../../src/nodes/contract.ts';
import { layer } from '../../layers/specs.ts';

export const SHAPE: ImageShape = [12, 12, 1];

/** Squares of random places and brightness: few numbers tell them, so that a small model learns something. */
export function squares(count: number, seed: number): HeldImages {
  const generator = new Philox([seed, 1]);
  const data = new Uint8Array(count * 144);
  for (let image = 0; image < count; image++) {
    const [top, left, value] = [generator.integer(7), generator.integer(7), 128 + generator.integer(128)];
    for (let pixel = 0; pixel < 36; pixel++) {
      data[image * 144 + (top + Math.floor(pixel / 6)) * 12 + left + (pixel % 6)] = value;
    }
  }
  return { data, count, shape: SHAPE, scale: 1 / 255, offset: 0, labels: new Uint8Array(count).fill(3) };
}

/** The same images with other bits, as a corruption. */
export function corrupted(images: HeldImages, seed: number): HeldImages {
  const data = new Float32Array(images.data.length);
  new Philox([seed, 2]).uniform(data);
  return {
    ...images,
    data: data.map((value, index) => 0.5 * value + ((images.data[index] ?? 0) / 255) * 0.5),
    scale: 1,
  };
}

/** A place below a temporary folder where an earlier stage has written. */
export async function imageStage(
  folder: string,
  stage: string,
  splits: { readonly train?: HeldImages; readonly test?: HeldImages },
): Promise<InputArtifact> {
  const own = join(folder, stage);
  mkdirSync(own);
  await writeImageSet(own, { shape: SHAPE, range: [0, 1], splits });
  return { stage, kind: 'images', folder: own };
}

export const architecture: Architecture = {
  input_shape: [...SHAPE],
  encoder: ['Flatten', layer('Dense', { units: 8, activation: 'relu' }), layer('Dropout', { rate: 0.1 })],
  decoder: [
    layer('Dense', { units: 144, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [...SHAPE] }),
  ],
};

export async function modelStage(
  { tf }: Engine,
  folder: string,
  of: Architecture = architecture,
): Promise<InputArtifact> {
  const own = join(folder, 'autoencoder');
  const models = buildAutoencoder(tf, of, (purpose) => deriveSeed(1, 'autoencoder', purpose));
  mkdirSync(own);
  await saveArchitecture(of, own);
  await saveAutoencoder(models, own);
  disposeAutoencoder(models);
  return { stage: 'autoencoder', kind: 'model', folder: own };
}

export const TRAIN: TrainSettings = {
  type: 'train',
  model: 'autoencoder',
  data: 'clean',
  optimizer: { Adam: { learning_rate: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7, amsgrad: false } },
  loss: 'mse',
  metrics: [],
  epochs: 3,
  batch_size: 16,
  shuffle: true,
  validation: 'test',
  preview: null,
  early_stopping: null,
  reduce_lr_on_plateau: null,
  checkpoint: { every: 1 },
  compile: 'auto',
  tensorboard: false,
};

/** SHA-256 of every file below a folder. */
export function contents(folder: string): Readonly<Record<string, string>> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Object.fromEntries(
    files
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path.slice(folder.length), sha256(readFileSync(path))]),
  );
}
