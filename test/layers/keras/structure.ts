/** The models of `make-structure.py`, with their weights, and what Keras computes with them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LayerSpec } from '../../../src/schema/generated/settings.ts';
import type { Json } from '../../../src/core/json.ts';
import { packageRoot } from '../../../src/core/package-root.ts';
import type { Tf } from '../../../src/engine/engine.ts';
import type { Samples } from '../../../src/engine/train/samples.ts';
import { buildAutoencoder, type TrainableAutoencoder } from '../../../src/layers/build.ts';
import type { Architecture } from '../../../src/layers/layer.ts';
import { layer, seedsOf } from '../specs.ts';
import { BATCH, numbers } from './numbers.ts';

export type StructureName = 'residual' | 'tied' | 'conditional';

export const structure = JSON.parse(
  readFileSync(join(packageRoot, 'test/layers/keras/structure.json'), 'utf8'),
) as Record<
  StructureName,
  {
    readonly loss: number;
    readonly output: readonly number[];
    readonly gradients: readonly (readonly number[])[];
  }
>;

const PIXELS = 6;

const block = (...layers: LayerSpec[]): LayerSpec => layer('Residual', { layers: layers as Json[] });
const penalty = { l1: 0.03, l2: 0.2 };
const conv = { filters: 2, kernel_size: 3, padding: 'same' };

const architectures: Readonly<Record<StructureName, Architecture>> = {
  residual: {
    input_shape: [PIXELS],
    encoder: [
      layer('Reshape', { target_shape: [3, 2, 1] }),
      layer('Conv2D', { ...conv, activation: 'relu' }),
      block(
        layer('Conv2D', { ...conv, activation: 'tanh' }),
        block(layer('Conv2D', { ...conv, kernel_size: 1 })),
      ),
      'ReLU',
      'Flatten',
      layer('Dense', { units: 3 }),
    ],
    decoder: [
      block(layer('Dense', { units: 3, activation: 'tanh' })),
      layer('Dense', { units: PIXELS, activation: 'sigmoid' }),
    ],
  },
  tied: {
    input_shape: [PIXELS],
    encoder: [
      layer('Reshape', { target_shape: [2, 3] }),
      layer('Dense', { units: 4, activation: 'tanh', kernel_regularizer: penalty }),
      layer('Dense', { units: 2, activation: 'relu' }),
    ],
    decoder: [
      layer('Dense', { tied_to: 3, activation: 'tanh' }),
      layer('Dense', { tied_to: 2, activation: 'sigmoid', bias_regularizer: penalty }),
      'Flatten',
    ],
  },
  conditional: {
    input_shape: [3, 2, 1],
    classes: 3,
    encoder: [
      layer('Conv2D', { filters: 2, kernel_size: 2, activation: 'tanh' }),
      'Flatten',
      layer('Dense', { units: 4, activation: 'tanh' }),
      layer('Dense', { units: 2 }),
    ],
    decoder: [
      layer('Dense', { units: PIXELS, activation: 'sigmoid' }),
      layer('Reshape', { target_shape: [3, 2, 1] }),
    ],
  },
};

export const structureNames = Object.keys(architectures) as StructureName[];

/** The model with the weights of the script. */
export function structureModel(tf: Tf, name: StructureName): TrainableAutoencoder {
  const models = buildAutoencoder(tf, architectures[name], seedsOf(1));
  for (const [index, weight] of models.autoencoder.weights.entries())
    tf.tidy(() => void weight.write(numbers(tf, weight.shape as number[], index)));
  return models;
}

export function structureImages(tf: Tf, name: StructureName): Samples {
  const shape = architectures[name].input_shape;
  const data = tf.tidy(() => numbers(tf, [BATCH, PIXELS], 3).dataSync<'float32'>().slice());
  const labels = Uint8Array.from({ length: BATCH }, (_, index) => index);
  return { data, count: BATCH, shape, scale: 1, offset: 0, labels };
}
