/** The cases that are timed: autoencoders, each with its training and the number of steps per stretch. */
import type { LayerName } from '../../src/layers/layer.ts';
import { completeCase, type BenchCase, type WrittenCase } from './bench-case.ts';
import { rowsOf } from './data.ts';
import {
  convBlocks,
  convModel,
  denseBlocks,
  denseModel,
  poolingModel,
  quantizedModel,
  stridedModel,
  variationalModel,
  withClasses,
  withPenalty,
} from './models.ts';

const dense = {
  model: denseModel(),
  optimizer: 'nadam',
  loss: 'binary_crossentropy',
  data: 'mnist',
  batch: 32,
  steps: 600,
} as const satisfies Omit<WrittenCase, 'name'>;

const denoiser = {
  model: stridedModel(),
  optimizer: 'adam',
  loss: 'mse',
  data: 'noisy',
  batch: 32,
  steps: 150,
} as const satisfies Omit<WrittenCase, 'name'>;

/** Training settings as in Keras's examples. */
const tutorial = { ...denoiser, loss: 'binary_crossentropy', steps: 60 } as const;

const wide = { ...dense, model: denseModel({ widths: [2048, 1024], latent: 64 }), steps: 80 } as const;

const normalized = (name: LayerName, ...then: readonly LayerName[]) =>
  ({ activation: 'linear', after: [name, ...then] }) as const;
const batchNormalized = normalized('BatchNormalization', 'LeakyReLU');
const layerNormalized = normalized('LayerNormalization', 'ReLU');

/** The cases in the README's table, and one case of each other kind. */
const CORE: readonly WrittenCase[] = [
  { ...dense, name: 'dense' },
  { ...dense, name: 'dense-dropout', model: denseModel({ after: [{ Dropout: { rate: 0.1 } }] }) },
  { ...denoiser, name: 'conv', model: convModel() },
  { ...denoiser, name: 'conv-stride2' },
  { ...dense, name: 'dense-batch-128', batch: 128, steps: 300 },
  { ...dense, name: 'dense-batch-512', batch: 512, steps: 100 },
  { ...dense, name: 'dense-uniform', data: 'uniform' },
  { ...dense, name: 'dense-tanh', data: 'uniform', model: denseModel({ activation: 'tanh' }) },
  { ...dense, name: 'dense-batchnorm', model: denseModel(batchNormalized), steps: 300 },
  { ...dense, name: 'dense-layernorm', model: denseModel(layerNormalized), steps: 300 },
  { ...wide, name: 'wide-adamw', optimizer: 'adamw' },
  { ...tutorial, name: 'tutorial-nearest', model: poolingModel() },
  { ...tutorial, name: 'tutorial-bilinear', model: poolingModel({ growing: 'bilinear' }) },
  { ...tutorial, name: 'tutorial-average', model: poolingModel({ pooling: 'AveragePooling2D' }) },
  { ...denoiser, name: 'conv-batchnorm', model: stridedModel(batchNormalized), steps: 100 },
  { ...denoiser, name: 'conv-stride2-batch-256', batch: 256, steps: 20 },
  {
    ...denoiser,
    name: 'faces',
    data: 'uniform',
    model: stridedModel({ input: [64, 48, 1], filters: [32, 64, 64], latent: 64 }),
    steps: 50,
  },
  {
    ...denoiser,
    name: 'colour',
    data: 'uniform',
    model: stridedModel({ input: [32, 32, 3], latent: 64 }),
    steps: 100,
  },
  { ...dense, name: 'vae', model: variationalModel(), optimizer: 'adam', batch: 128, steps: 300 },
  {
    ...{ ...denoiser, name: 'vq-vae', model: quantizedModel(), data: 'mnist', batch: 128, steps: 30 },
    divide_by_variance: true,
  },
];

const MORE: readonly WrittenCase[] = [
  ...[2, 8, 64].map((latent) => ({
    ...dense,
    name: `dense-latent-${latent}`,
    model: denseModel({ latent }),
  })),
  ...[16, 64, 256].map((batch) => ({ ...dense, name: `dense-batch-${batch}`, batch, steps: 19_200 / batch })),
  ...[16, 64, 128, 512].map((batch) => ({
    ...denoiser,
    name: `conv-stride2-batch-${batch}`,
    batch,
    steps: Math.ceil(4_800 / batch),
  })),
  { ...dense, name: 'dense-sparse', model: withPenalty(denseModel()), without: 'dense' },
  { ...denoiser, name: 'conv-sparse', model: withPenalty(stridedModel()), without: 'conv-stride2' },
  { ...dense, name: 'dense-conditional', model: withClasses(denseModel()), without: 'dense' },
  { ...denoiser, name: 'conv-conditional', model: withClasses(stridedModel()), without: 'conv-stride2' },
  { ...dense, name: 'dense-blocks', model: denseBlocks(false) },
  { ...dense, name: 'dense-residual', model: denseBlocks(true), without: 'dense-blocks' },
  { ...denoiser, name: 'conv-blocks', model: convBlocks(false), steps: 60 },
  { ...denoiser, name: 'conv-residual', model: convBlocks(true), steps: 60, without: 'conv-blocks' },
  { ...dense, name: 'dense-elu', data: 'uniform', model: denseModel({ activation: 'elu' }) },
  { ...wide, name: 'wide-sgd', optimizer: { SGD: { momentum: 0.9 } } },
  { ...wide, name: 'wide-rmsprop', optimizer: 'rmsprop' },
  { ...tutorial, name: 'tutorial-transpose', model: poolingModel({ growing: 'Conv2DTranspose' }) },
  { ...denoiser, name: 'conv-layernorm', model: stridedModel(layerNormalized), steps: 100 },
  { ...denoiser, name: 'conv-global', model: stridedModel({ pooling: 'GlobalAveragePooling2D' }) },
];

export const GROUPS = { core: CORE.map(completeCase), all: [...CORE, ...MORE].map(completeCase) } as const;

export const CASES: readonly BenchCase[] = GROUPS.all;

/** The case with stretches of another length, at most one epoch of whole batches. */
export function withSteps(benchCase: BenchCase, steps = benchCase.steps): BenchCase {
  return { ...benchCase, steps: Math.min(steps, Math.floor(rowsOf(benchCase) / benchCase.batch)) };
}
