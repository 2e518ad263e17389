/** Layers for tests, with the defaults that the schema gives. */
import type { LayerSpec } from '../../src/schema/generated/settings.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { deriveSeed } from '../../src/core/seed.ts';
import { canonicalNames, objectAt } from '../../src/schema/view.ts';
import { readSchema } from '../../src/schema/schemas.ts';
import type { Seeds } from '../../src/layers/build.ts';
import type { Architecture, LayerName } from '../../src/layers/layer.ts';

const definitions = objectAt(readSchema('layers'), 'definitions');

/** The names of all layers of the language. */
export const layerNames = Object.keys(
  objectAt(objectAt(definitions, 'LayerSpec'), 'properties'),
) as LayerName[];

/** A block is a sum, which has two inputs. */
export const singleLayerNames = layerNames.filter((name) => name !== 'Residual');

/** The names of all activations, without other names of the same. */
export const activationNames = canonicalNames(objectAt(definitions, 'ActivationName')).map(String);

/** A layer as it is after validation. */
export function layer(name: LayerName, args: JsonObject = {}): LayerSpec {
  const properties = objectAt(objectAt(definitions, `${name}Arguments`), 'properties');
  const defaults = Object.entries(properties).flatMap(([argument, schema]) =>
    typeof schema === 'object' && schema !== null && 'default' in schema ? [[argument, schema.default]] : [],
  );
  return { [name]: { ...Object.fromEntries(defaults), ...args } } as unknown as LayerSpec;
}

/** The model of DESIGN's example. */
export const denoiser: Architecture = {
  input_shape: [28, 28, 1],
  encoder: [
    layer('Conv2D', { filters: 32, kernel_size: 3, strides: 2, padding: 'same', activation: 'relu' }),
    layer('Conv2D', { filters: 64, kernel_size: 3, strides: 2, padding: 'same', activation: 'relu' }),
    'Flatten',
    layer('Dense', { units: 16 }),
  ],
  decoder: [
    layer('Dense', { units: 784 }),
    layer('Reshape', { target_shape: [28, 28, 1] }),
    layer('Conv2DTranspose', { filters: 64, kernel_size: 3, padding: 'same', activation: 'relu' }),
    layer('Conv2DTranspose', { filters: 32, kernel_size: 3, padding: 'same', activation: 'relu' }),
    layer('Conv2DTranspose', { filters: 1, kernel_size: 3, padding: 'same', activation: 'sigmoid' }),
  ],
};

/** A small model with layers of every trait: shared statistics, random draws, nothing to learn. */
export const small: Architecture = {
  input_shape: [4, 4, 1],
  encoder: [
    layer('Conv2D', { filters: 2, kernel_size: 3, padding: 'same', kernel_regularizer: { l1: 0, l2: 0.01 } }),
    'BatchNormalization',
    'LeakyReLU',
    layer('Dropout', { rate: 0.25 }),
    'Flatten',
    layer('Dense', { units: 3, name: 'latent' }),
  ],
  decoder: [
    layer('GaussianNoise', { stddev: 0.1 }),
    layer('Dense', { units: 16, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [4, 4, 1] }),
  ],
};

export const seedsOf =
  (seed: number, stage = 'model'): Seeds =>
  (purpose) =>
    deriveSeed(seed, stage, purpose);
