/** Autoencoders as written in pipelines: the schemas fill in omitted arguments. */
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { sizeOf } from '../../src/core/shape.ts';

/** Settings of a `model` stage. */
export interface WrittenModel {
  readonly input_shape: readonly number[];
  readonly condition?: 'labels';
  readonly classes?: number;
  readonly encoder: readonly Json[];
  readonly decoder: readonly Json[];
}

const MNIST = [28, 28, 1];

function dense(units: number, activation = 'linear'): JsonObject {
  return { Dense: { units, activation } };
}

function convolution(
  name: 'Conv2D' | 'Conv2DTranspose',
  filters: number,
  { strides = 1, activation = 'relu' },
): JsonObject {
  return { [name]: { filters, kernel_size: 3, strides, padding: 'same', activation } };
}

function reshape(target_shape: readonly number[]): JsonObject {
  return { Reshape: { target_shape } };
}

/** Layers after the weights of each hidden layer. */
interface Hidden {
  readonly activation?: string;
  readonly after?: readonly Json[];
}

export interface DenseOptions extends Hidden {
  readonly widths?: readonly number[];
  readonly latent?: number;
}

/** 784-512-256-128-64-32 and back. */
export function denseModel({
  widths = [512, 256, 128, 64],
  latent = 32,
  activation = 'relu',
  after = [],
}: DenseOptions = {}): WrittenModel {
  const hidden = (units: number): readonly Json[] => [dense(units, activation), ...after];
  return {
    input_shape: MNIST,
    encoder: ['Flatten', ...widths.flatMap(hidden), dense(latent)],
    decoder: [...widths.toReversed().flatMap(hidden), dense(sizeOf(MNIST), 'sigmoid'), reshape(MNIST)],
  };
}

/** PyTorch's example of a variational autoencoder: 784-400-20 and back. */
export function variationalModel(): WrittenModel {
  return {
    input_shape: MNIST,
    encoder: ['Flatten', dense(400, 'relu'), { Variational: { units: 20 } }],
    decoder: [dense(400, 'relu'), dense(sizeOf(MNIST), 'sigmoid'), reshape(MNIST)],
  };
}

/** Keras's example of a VQ-VAE: 7x7 vectors of 16 values, each one of 128 codes. */
export function quantizedModel(): WrittenModel {
  return {
    input_shape: MNIST,
    encoder: [
      convolution('Conv2D', 32, { strides: 2 }),
      convolution('Conv2D', 64, { strides: 2 }),
      { Conv2D: { filters: 16, kernel_size: 1 } },
      { VectorQuantizer: { codes: 128 } },
    ],
    decoder: [
      convolution('Conv2DTranspose', 64, { strides: 2 }),
      convolution('Conv2DTranspose', 32, { strides: 2 }),
      convolution('Conv2DTranspose', 1, { activation: 'linear' }),
    ],
  };
}

/** Layers of equal shape, two in a block, whose input is added to their output or not. */
export function denseBlocks(isResidual: boolean): WrittenModel {
  const block = blockOf([dense(256, 'relu'), dense(256, 'relu')], isResidual);
  return {
    input_shape: MNIST,
    encoder: ['Flatten', dense(256, 'relu'), ...block, ...block, dense(32)],
    decoder: [dense(256, 'relu'), ...block, ...block, dense(sizeOf(MNIST), 'sigmoid'), reshape(MNIST)],
  };
}

export function convBlocks(isResidual: boolean): WrittenModel {
  const layer = convolution('Conv2D', 32, {});
  const block = blockOf([layer, layer], isResidual);
  return {
    input_shape: MNIST,
    encoder: [convolution('Conv2D', 32, { strides: 2 }), ...block, 'Flatten', dense(16)],
    decoder: [
      dense(14 * 14 * 32),
      reshape([14, 14, 32]),
      ...block,
      convolution('Conv2DTranspose', 1, { strides: 2, activation: 'sigmoid' }),
    ],
  };
}

function blockOf(layers: readonly JsonObject[], isResidual: boolean): readonly Json[] {
  return isResidual ? [{ Residual: { layers } }] : layers;
}

/** A model that is told the class of each digit. */
export function withClasses(model: WrittenModel): WrittenModel {
  return { ...model, condition: 'labels', classes: 10 };
}

/** A model with a penalty on the outputs of its first layer with weights. */
export function withPenalty({ encoder, ...model }: WrittenModel): WrittenModel {
  const first = encoder.findIndex((layer) => isJsonObject(layer));
  const penalised = encoder.map((layer, index) => {
    const [name = '', args = {}] = isJsonObject(layer) ? (Object.entries(layer)[0] ?? []) : [];
    if (index !== first || !isJsonObject(args)) return layer;
    return { [name]: { ...args, activity_regularizer: { l1: 0.00001 } } };
  });
  return { ...model, encoder: penalised };
}

/** Halves the image twice; the decoder works on the whole image. */
export function convModel(): WrittenModel {
  return {
    input_shape: MNIST,
    encoder: [
      convolution('Conv2D', 32, { strides: 2 }),
      convolution('Conv2D', 64, { strides: 2 }),
      'Flatten',
      dense(16),
    ],
    decoder: [
      dense(sizeOf(MNIST)),
      reshape(MNIST),
      convolution('Conv2DTranspose', 64, {}),
      convolution('Conv2DTranspose', 32, {}),
      convolution('Conv2DTranspose', 1, { activation: 'sigmoid' }),
    ],
  };
}

export interface StridedOptions extends Hidden {
  readonly input?: readonly [height: number, width: number, channels: number];
  /** Channels of the convolutions, each of which halves the image. */
  readonly filters?: readonly number[];
  readonly latent?: number;
  /** Turns the encoder's image into a vector. */
  readonly pooling?: 'Flatten' | 'GlobalAveragePooling2D';
}

/** The decoder mirrors the encoder. */
export function stridedModel({
  input = [28, 28, 1],
  filters = [32, 64],
  latent = 16,
  pooling = 'Flatten',
  activation = 'relu',
  after = [],
}: StridedOptions = {}): WrittenModel {
  const [height, width, channels] = input;
  const factor = 2 ** filters.length;
  const image = [height / factor, width / factor, filters.at(-1) ?? channels];
  const hidden =
    (name: 'Conv2D' | 'Conv2DTranspose') =>
    (count: number): readonly Json[] => [convolution(name, count, { strides: 2, activation }), ...after];
  return {
    input_shape: input,
    encoder: [...filters.flatMap(hidden('Conv2D')), pooling, dense(latent)],
    decoder: [
      dense(sizeOf(image)),
      reshape(image),
      ...filters.toReversed().flatMap(hidden('Conv2DTranspose')),
      convolution('Conv2DTranspose', channels, { activation: 'sigmoid' }),
    ],
  };
}

export interface PoolingOptions {
  readonly pooling?: 'MaxPooling2D' | 'AveragePooling2D';
  /** How the decoder doubles the image. */
  readonly growing?: 'nearest' | 'bilinear' | 'Conv2DTranspose';
}

/** Models as in tutorials, without dense layers: convolutions with stride 1, and pooling between them. */
export function poolingModel({
  pooling = 'MaxPooling2D',
  growing = 'nearest',
}: PoolingOptions = {}): WrittenModel {
  const filters = [32, 64];
  const grow = (count: number): readonly Json[] =>
    growing === 'Conv2DTranspose'
      ? [convolution(growing, count, { strides: 2 })]
      : [convolution('Conv2D', count, {}), { UpSampling2D: { interpolation: growing } }];
  return {
    input_shape: MNIST,
    encoder: filters.flatMap((count) => [convolution('Conv2D', count, {}), pooling]),
    decoder: [...filters.toReversed().flatMap(grow), convolution('Conv2D', 1, { activation: 'sigmoid' })],
  };
}
