/** What is timed: autoencoders of MNIST, each with the number of steps of one stretch. */
import type { LayerSpec } from '../../src/schema/generated/settings.ts';
import type { OptimizerChoice } from '../../src/engine/train/optimizers/optimizer.ts';
import type { LossName } from '../../src/engine/train/losses.ts';
import type { Architecture } from '../../src/layers/layer.ts';

/** Handed to every engine as JSON; the peers in Python build the same model from it. */
export interface BenchCase {
  readonly name: string;
  readonly model: 'dense' | 'conv' | 'conv-stride2';
  readonly latent: number;
  /** Share of the hidden activations that is dropped. */
  readonly dropout: number;
  readonly batch: number;
  /** Training steps of one stretch. */
  readonly steps: number;
}

const dense = { model: 'dense', latent: 32, dropout: 0, batch: 32, steps: 600 } as const;
const conv = { model: 'conv', latent: 16, dropout: 0, batch: 32, steps: 150 } as const;

export const CASES: readonly BenchCase[] = [
  { ...dense, name: 'dense' },
  { ...dense, name: 'dense-dropout', dropout: 0.1 },
  { ...conv, name: 'conv' },
  { ...conv, name: 'conv-stride2', model: 'conv-stride2' },
  { ...dense, name: 'dense-batch-128', batch: 128, steps: 300 },
  { ...dense, name: 'dense-batch-512', batch: 512, steps: 100 },
  { ...dense, name: 'dense-latent-2', latent: 2 },
  { ...dense, name: 'dense-latent-8', latent: 8 },
  { ...dense, name: 'dense-latent-64', latent: 64 },
];

/** The case with stretches of another length, but of no more than an epoch of whole batches. */
export function withSteps(benchCase: BenchCase, steps = benchCase.steps): BenchCase {
  return { ...benchCase, steps: Math.min(steps, Math.floor(60_000 / benchCase.batch)) };
}

/** Keras's defaults; written out, for layers are built here without the schemas that fill them in. */
const WEIGHTED = {
  use_bias: true,
  kernel_initializer: 'glorot_uniform',
  bias_initializer: 'zeros',
  kernel_regularizer: null,
  bias_regularizer: null,
} as const;

type Activation = 'relu' | 'linear' | 'sigmoid';

function denseLayer(units: number, activation: Activation): LayerSpec {
  return { Dense: { units, activation, ...WEIGHTED } };
}

function image(
  name: 'Conv2D' | 'Conv2DTranspose',
  filters: number,
  strides: number,
  activation: Activation = 'relu',
): LayerSpec {
  const args = { filters, kernel_size: 3, strides, padding: 'same', activation, ...WEIGHTED } as const;
  return name === 'Conv2D' ? { Conv2D: { ...args, dilation_rate: 1 } } : { Conv2DTranspose: args };
}

export function architectureOf({ model, latent, dropout }: BenchCase): Architecture {
  const hidden = (units: number): LayerSpec[] => [
    denseLayer(units, 'relu'),
    ...(dropout > 0 ? [{ Dropout: { rate: dropout } }] : []),
  ];
  const input_shape = [28, 28, 1];
  if (model === 'dense') {
    return {
      input_shape,
      encoder: ['Flatten', ...[512, 256, 128, 64].flatMap(hidden), denseLayer(latent, 'linear')],
      decoder: [
        ...[64, 128, 256, 512].flatMap(hidden),
        denseLayer(784, 'sigmoid'),
        { Reshape: { target_shape: input_shape } },
      ],
    };
  }
  const encoder: LayerSpec[] = [
    image('Conv2D', 32, 2),
    image('Conv2D', 64, 2),
    'Flatten',
    denseLayer(latent, 'linear'),
  ];
  if (model === 'conv') {
    return {
      input_shape,
      encoder,
      decoder: [
        denseLayer(784, 'linear'),
        { Reshape: { target_shape: input_shape } },
        image('Conv2DTranspose', 64, 1),
        image('Conv2DTranspose', 32, 1),
        image('Conv2DTranspose', 1, 1, 'sigmoid'),
      ],
    };
  }
  return {
    input_shape,
    encoder,
    decoder: [
      denseLayer(7 * 7 * 64, 'linear'),
      { Reshape: { target_shape: [7, 7, 64] } },
      image('Conv2DTranspose', 64, 2),
      image('Conv2DTranspose', 32, 2),
      image('Conv2DTranspose', 1, 1, 'sigmoid'),
    ],
  };
}

/** Dense models learn by Nadam and cross-entropy; the others denoise, by Adam and the squared error. */
export function trainingOf({ model }: BenchCase): {
  readonly optimizer: OptimizerChoice;
  readonly loss: LossName;
} {
  const args = { learning_rate: 0.001, beta_1: 0.9, beta_2: 0.999, epsilon: 1e-7 };
  return model === 'dense'
    ? { optimizer: { Nadam: args }, loss: 'binary_crossentropy' }
    : { optimizer: { Adam: { ...args, amsgrad: false } }, loss: 'mse' };
}

/** Multiplications and additions of one step: forward, and twice as many for the gradients. */
export function flopsOf({ model, latent, batch }: BenchCase): number {
  const layers = (sizes: readonly number[]): number =>
    sizes.slice(1).reduce((sum, size, index) => sum + size * (sizes[index] ?? 0), 0);
  const encoder = 14 * 14 * 9 * 32 + 7 * 7 * 9 * 32 * 64 + 3136 * latent;
  const products = {
    dense: layers([784, 512, 256, 128, 64, latent, 64, 128, 256, 512, 784]),
    conv: encoder + latent * 784 + 28 * 28 * 9 * (64 + 64 * 32 + 32),
    'conv-stride2': encoder + latent * 3136 + 7 * 7 * 9 * 64 * 64 + 14 * 14 * 9 * 64 * 32 + 28 * 28 * 9 * 32,
  }[model];
  return 6 * batch * products;
}
