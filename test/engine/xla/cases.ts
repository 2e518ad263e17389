/** Everything that the language can train: layers, activations, optimizers, losses, noise. */
import type { JsonObject } from '../../../src/core/json.ts';
import { sizeOf } from '../../../src/core/shape.ts';
import type { LayerSpec } from '../../../src/schema/generated/settings.ts';
import type { LossName } from '../../../src/engine/train/losses.ts';
import type { Samples } from '../../../src/engine/train/samples.ts';
import type { OptimizerChoice } from '../../../src/engine/train/optimizers/optimizer.ts';
import type { Architecture, Shape } from '../../../src/layers/layer.ts';
import { battery } from '../../layers/cases.ts';
import { layer, singleLayerNames } from '../../layers/specs.ts';
import { bytes, COUNT, gentle, type Settings } from './rig.ts';

export interface Case {
  readonly name: string;
  readonly architecture: Architecture;
  readonly settings?: Settings;
}

/** Weights before the layer, so that its gradient is seen, and after it. */
function around(spec: LayerSpec, input: Shape): Architecture {
  return {
    input_shape: [sizeOf(input)],
    encoder: [
      layer('Reshape', { target_shape: [...input] }),
      layer('Dense', { units: input.at(-1) ?? 1, activation: 'tanh' }),
      spec,
    ],
    decoder: ['Flatten', layer('Dense', { units: sizeOf(input), activation: 'sigmoid' })],
  };
}

const dense = around(
  layer('Dense', { units: 6, activation: 'relu', kernel_regularizer: { l1: 1e-4, l2: 1e-3 } }),
  [12],
);

/** Larger than the tiles of the kernels, which it does not fill. */
const ragged = around(layer('Dense', { units: 70, activation: 'relu' }), [45]);

/** Cases that the kernels distinguish: channels that fill vectors or do not, one channel, strides, kernel sizes, 3x3 with stride 1. */
const conv = { filters: 17, kernel_size: 3, padding: 'same', activation: 'relu' };
const convolutions: readonly (readonly [JsonObject, Shape])[] = [
  [conv, [9, 6, 16]],
  [{ ...conv, filters: 34 }, [7, 7, 33]],
  [{ ...conv, filters: 16, padding: 'valid' }, [9, 8, 20]],
  [{ ...conv, filters: 1, activation: 'sigmoid' }, [8, 17, 20]],
  [conv, [8, 17, 1]],
  [{ ...conv, strides: 2 }, [9, 8, 18]],
  [{ ...conv, strides: 3, kernel_size: 2 }, [9, 8, 3]],
  [{ ...conv, kernel_size: [5, 1], strides: [1, 2] }, [6, 31, 2]],
  [{ ...conv, use_bias: false, kernel_size: 1 }, [5, 5, 18]],
];

const adam = { learning_rate: 0.01, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
const rmsprop = { learning_rate: 0.002, rho: 0.9, momentum: 0, epsilon: 1e-7, centered: false };

const optimizers: readonly OptimizerChoice[] = [
  { SGD: { learning_rate: 0.1, momentum: 0, nesterov: false } },
  { SGD: { learning_rate: 0.05, momentum: 0.9, nesterov: false } },
  { SGD: { learning_rate: 0.05, momentum: 0.9, nesterov: true } },
  { RMSprop: rmsprop },
  { RMSprop: { ...rmsprop, momentum: 0.5, centered: true } },
  { Adam: { ...adam, amsgrad: false } },
  { Adam: { ...adam, amsgrad: true } },
  { AdamW: { ...adam, amsgrad: false, weight_decay: 0.01 } },
  { Nadam: adam },
  { Adamax: adam },
  { Adagrad: { learning_rate: 0.05, initial_accumulator_value: 0.1, epsilon: 1e-7 } },
  { Adadelta: { learning_rate: 1, rho: 0.9, epsilon: 1e-6 } },
  { Nadam: { ...adam, weight_decay: 0.1, clipnorm: 0.01 } },
  { Adamax: { ...adam, global_clipnorm: 0.02 } },
  { RMSprop: { ...rmsprop, momentum: 0.5, weight_decay: 0.05, clipvalue: 0.001 } },
];

const losses: readonly LossName[] = ['mse', 'mae', 'binary_crossentropy'];

const clean = bytes([12]);
const seeds = { radius: [1, 2], angle: [3, 4_000_000_000] } as const;

/** Noise that is resampled at each step. */
const noisy: Samples = { ...clean, noise: { mean: 0.5, stddev: 0.5, clip: [0, 1], seeds } };

/** Mostly black, as many images are: what kernels leave out. */
const noise = bytes([150], 142);
const black: Samples = { ...noise, data: Uint8Array.from(noise.data, (value) => (value < 190 ? 0 : value)) };

export const cases: readonly Case[] = [
  ...[gentle, { Nadam: adam }].map((optimizer): Case => ({
    name: `black images in batches of more than one block: ${JSON.stringify(optimizer)}`,
    architecture: {
      input_shape: [150],
      encoder: [layer('Dense', { units: 130, activation: 'relu' })],
      decoder: [layer('Dense', { units: 150, activation: 'sigmoid' })],
    },
    settings: { ...pairOf(black), batchSize: 70, optimizer },
  })),
  {
    name: 'fresh noise, clean targets',
    architecture: dense,
    settings: { data: { x: noisy, y: clean } },
  },
  {
    name: 'fresh noise without a clip, in and out',
    architecture: dense,
    settings: pairOf({ ...clean, noise: { mean: 0, stddev: 0.1, clip: null, seeds } }),
  },
  {
    name: 'other targets, as floats',
    architecture: dense,
    settings: { data: { x: clean, y: { ...bytes([12], COUNT, 9), data: Float32Array.from(clean.data) } } },
  },
  ...singleLayerNames.flatMap((name) =>
    battery[name].map(([args, input]): Case => ({
      name: `${name} ${JSON.stringify(args)} on ${input.join('x')}`,
      architecture: around(layer(name, args), input),
    })),
  ),
  ...(['Conv2D', 'Conv2DTranspose'] as const).flatMap((name) =>
    convolutions.map(([args, input]): Case => ({
      name: `${name} ${JSON.stringify(args)} on ${input.join('x')}`,
      architecture: around(layer(name, args), input),
    })),
  ),
  ...optimizers.map((optimizer): Case => ({
    name: JSON.stringify(optimizer),
    architecture: ragged,
    settings: { optimizer },
  })),
  ...losses.map((loss): Case => ({
    name: `${loss} with all metrics`,
    architecture: dense,
    settings: { loss, metrics: losses.filter((metric) => metric !== loss) },
  })),
  { name: 'Huber', architecture: dense, settings: { loss: { Huber: { delta: 0.2 } } } },
];

function pairOf(x: Samples): Settings {
  return { data: { x, y: x } };
}
