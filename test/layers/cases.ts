/** Layers of every kind, for tests that go through all of them. */
import type { JsonObject } from '../../src/core/json.ts';
import type { LayerName, Shape } from '../../src/layers/layer.ts';
import { activationNames } from './specs.ts';

export const image: Shape = [7, 6, 3];
const vector: Shape = [12];
const matrix: Shape = [5, 4];

/** Arguments, and the input that they are for. */
export type Case = readonly [args: JsonObject, input: Shape];

const conv = { filters: 4, kernel_size: 3 };

/** Every kind of layer that stands alone, with arguments that take each of its ways. */
export const battery: Record<Exclude<LayerName, 'Residual'>, readonly Case[]> = {
  Dense: [
    [{ units: 5 }, vector],
    [{ units: 5, use_bias: false, activation: 'gelu' }, vector],
    [{ units: 2, activation: 'relu', kernel_regularizer: { l1: 0.1, l2: 0 } }, image],
    [{ units: 2, activation: 'tanh', bias_regularizer: { l1: 0, l2: 0.1 } }, matrix],
  ],
  Activation: activationNames.map((activation): Case => [{ activation }, vector]),
  ReLU: [
    [{}, image],
    [{ max_value: 0.5 }, vector],
  ],
  LeakyReLU: [
    [{}, image],
    [{ negative_slope: 0.1 }, vector],
  ],
  ELU: [
    [{}, vector],
    [{ alpha: 0.5 }, image],
  ],
  PReLU: [
    [{}, vector],
    [{ shared_axes: [1, 2] }, image],
    [{ shared_axes: [3] }, image],
    [{ alpha_initializer: 'glorot_uniform' }, image],
  ],
  Softmax: [
    [{}, vector],
    [{}, image],
    [{ axis: 3 }, image],
    [{ axis: 1 }, image],
  ],
  Dropout: [
    [{ rate: 0.5 }, image],
    [{ rate: 0 }, vector],
  ],
  GaussianNoise: [
    [{ stddev: 0.5 }, image],
    [{ stddev: 0 }, vector],
  ],
  ActivityRegularization: [
    [{ l1: 0.1 }, vector],
    [{ l2: 0.2 }, image],
  ],
  Variational: [
    [{ units: 3 }, vector],
    [{ units: 1 }, vector],
  ],
  VectorQuantizer: [
    [{ codes: 5 }, vector],
    [{ codes: 9, embeddings_initializer: 'he_normal' }, image],
  ],
  Flatten: [
    [{}, image],
    [{}, matrix],
    [{}, vector],
  ],
  Reshape: [
    [{ target_shape: [2, 3, 2] }, vector],
    [{ target_shape: [-1] }, image],
    [{ target_shape: [3, -1, 7] }, image],
  ],
  Conv2D: [
    [conv, image],
    [{ ...conv, strides: 2, padding: 'same', activation: 'relu' }, image],
    [{ ...conv, kernel_size: [2, 5], strides: [3, 1], use_bias: false }, image],
    [{ ...conv, dilation_rate: [2, 1], activation: 'tanh' }, image],
    [{ ...conv, kernel_size: [2, 3], dilation_rate: 2, padding: 'same', use_bias: false }, image],
  ],
  Conv2DTranspose: [
    [conv, image],
    [{ ...conv, strides: 2, padding: 'same', activation: 'relu' }, image],
    [{ ...conv, kernel_size: [2, 4], strides: [3, 2], use_bias: false }, image],
    [{ ...conv, kernel_size: 1, strides: 2, padding: 'valid' }, image],
    [{ ...conv, strides: 2, padding: 'same', output_padding: [0, 1] }, image],
    [{ ...conv, kernel_size: [2, 4], strides: [3, 2], output_padding: [2, 1] }, image],
  ],
  MaxPooling2D: [
    [{}, image],
    [{ pool_size: [3, 2], strides: 1, padding: 'same' }, image],
    [{ pool_size: 3, strides: [2, 1] }, image],
  ],
  AveragePooling2D: [
    [{}, image],
    [{ pool_size: [3, 2], strides: 1, padding: 'same' }, image],
    [{ pool_size: 3, padding: 'same' }, image],
  ],
  UpSampling2D: [
    [{}, image],
    [{ interpolation: 'bilinear' }, image],
    [{ size: [1, 3], interpolation: 'bilinear' }, image],
  ],
  BatchNormalization: [
    [{}, vector],
    [{}, image],
    [{ axis: 1 }, image],
    [{ scale: false }, image],
    [{ center: false, momentum: 0.5 }, vector],
    [{ center: false, scale: false, axis: 2 }, image],
  ],
  LayerNormalization: [
    [{}, vector],
    [{ axis: 1 }, image],
    [{ scale: false, center: false }, image],
  ],
  GroupNormalization: [
    [{ groups: 3 }, vector],
    [{ groups: 1 }, image],
    [{ groups: -1, center: false }, image],
    [{ groups: 2, axis: 2, scale: false }, image],
    [{ groups: 2 }, matrix],
    [{ groups: 7, axis: 1, scale: false, center: false }, image],
  ],
  ZeroPadding2D: [
    [{}, image],
    [{ padding: [2, 0] }, image],
    [
      {
        padding: [
          [1, 2],
          [3, 0],
        ],
      },
      image,
    ],
  ],
  Cropping2D: [
    [{}, image],
    [{ cropping: 1 }, image],
    [
      {
        cropping: [
          [0, 3],
          [1, 2],
        ],
      },
      image,
    ],
  ],
  GlobalAveragePooling2D: [[{}, image]],
  GlobalMaxPooling2D: [[{}, image]],
  SpatialDropout2D: [
    [{ rate: 0.5 }, image],
    [{ rate: 0 }, image],
  ],
};
