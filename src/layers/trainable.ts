/** Layers that tfjs computes, but cannot train with all of Keras's arguments, taught to. Saved, they are tfjs's own. */
import type * as tfjs from '@tensorflow/tfjs';
import type {
  BatchNormalizationArguments,
  LayerNormalizationArguments,
} from '../config/generated/settings.ts';
import type { Tf } from '../engine/engine.ts';
import { failure } from '../core/diagnostic.ts';

type Call = tfjs.layers.Layer['call'];

/** Replaces what a layer does while training; what it does otherwise stays. */
function whileTraining(
  tf: Tf,
  layer: tfjs.layers.Layer,
  compute: (input: tfjs.Tensor) => tfjs.Tensor,
): tfjs.layers.Layer {
  const infer: Call = layer.call.bind(layer);
  layer.call = (inputs, kwargs) => {
    const input = Array.isArray(inputs) ? inputs[0] : inputs;
    if (kwargs['training'] !== true || input === undefined) return infer(inputs, kwargs);
    return tf.tidy(() => compute(input));
  };
  return layer;
}

/** A weight of a built layer by its Keras name; undefined where the layer has none of that name. */
function weightOf(layer: tfjs.layers.Layer, name: string): tfjs.LayerVariable | undefined {
  return layer.weights.find(({ originalName }) => originalName.endsWith(`/${name}`));
}

/**
 * tfjs's batch normalization has a gradient only for the last axis, and only with `center` and `scale`.
 *
 * @param layer a batch normalization with these arguments
 */
export function trainBatchNormalization(
  tf: Tf,
  layer: tfjs.layers.Layer,
  { axis, momentum, epsilon }: BatchNormalizationArguments,
): tfjs.layers.Layer {
  return whileTraining(tf, layer, (input) => {
    const kept = axis > 0 ? axis : input.rank + axis;
    const others = input.shape.map((_, index) => index).filter((index) => index !== kept);
    const { mean, variance } = tf.moments(input, others, true);
    const move = (name: string, value: tfjs.Tensor): void => {
      const average = weightOf(layer, name);
      const before = average?.read();
      if (before !== undefined) average?.write(before.sub(before.sub(value.flatten()).mul(1 - momentum)));
    };
    move('moving_mean', mean);
    move('moving_variance', variance);
    return normalize(layer, input, { mean, variance, epsilon, axis: kept });
  });
}

/**
 * tfjs's layer normalization has no gradient without `scale`, and otherwise repeats every number of its statistics for each
 * number of its input.
 *
 * @param layer a layer normalization with these arguments
 */
export function trainLayerNormalization(
  tf: Tf,
  layer: tfjs.layers.Layer,
  { axis, epsilon }: LayerNormalizationArguments,
): tfjs.layers.Layer {
  return whileTraining(tf, layer, (input) => {
    const own = axis > 0 ? axis : input.rank + axis;
    return normalize(layer, input, { ...tf.moments(input, own, true), epsilon, axis: own });
  });
}

interface Normalization {
  /** Of the rank of the input. */
  readonly mean: tfjs.Tensor;
  readonly variance: tfjs.Tensor;
  readonly epsilon: number;
  /** The axis along which `gamma` and `beta` lie, counted from 0, the batch. */
  readonly axis: number;
}

/** To mean 0 and variance 1, then to the layer's `gamma` and `beta`, as far as it has them. */
function normalize(layer: tfjs.layers.Layer, input: tfjs.Tensor, way: Normalization): tfjs.Tensor {
  const along = input.shape.map((length, index) => (index === way.axis ? length : 1));
  const gamma = weightOf(layer, 'gamma')?.read().reshape(along);
  const beta = weightOf(layer, 'beta')?.read().reshape(along);
  const normal = input.sub(way.mean).mul(way.variance.add(way.epsilon).rsqrt());
  const scaled = gamma === undefined ? normal : normal.mul(gamma);
  return beta === undefined ? scaled : scaled.add(beta);
}

/**
 * A convolution with a dilation, of which tfjs has no gradient: while training, it convolves with a kernel whose pixels are
 * moved apart by zeros, which is the same.
 *
 * @param layer such a layer
 * @param dilation vertical and horizontal
 */
export function trainDilatedConvolution(
  tf: Tf,
  layer: tfjs.layers.Layer,
  dilation: readonly [number, number],
  padding: 'same' | 'valid',
): tfjs.layers.Layer {
  return whileTraining(tf, layer, (input) => {
    const kernel = weightOf(layer, 'kernel')?.read();
    if (kernel === undefined) throw failure('internal-error', `${layer.name} is used before it is built`);
    const [height = 1, width = 1, inputs = 1, outputs = 1] = kernel.shape;
    const rows = spread(kernel.reshape([1, height, width * inputs * outputs]), dilation[0]);
    const tall = (height - 1) * dilation[0] + 1;
    const wide = (width - 1) * dilation[1] + 1;
    const columns = spread(rows.reshape([tall, width, inputs * outputs]), dilation[1]);
    const image: tfjs.Tensor4D = input.reshape([-1, input.shape[1] ?? 1, input.shape[2] ?? 1, inputs]);
    const convolved = tf.conv2d(image, columns.reshape([tall, wide, inputs, outputs]), 1, padding);
    const bias = weightOf(layer, 'bias')?.read();
    // The types of tfjs-layers hide the activation.
    const { activation } = layer as Activated;
    return activation.apply(bias === undefined ? convolved : convolved.add(bias));
  });
}

type Activated = tfjs.layers.Layer & { readonly activation: { apply(input: tfjs.Tensor): tfjs.Tensor } };

/** Puts `step - 1` zeros between the entries of the middle one of three axes. */
function spread(values: tfjs.Tensor, step: number): tfjs.Tensor {
  const [before = 1, length = 1, after = 1] = values.shape;
  const apart = values.reshape([before, length, 1, after]).pad([
    [0, 0],
    [0, 0],
    [0, step - 1],
    [0, 0],
  ]);
  return apart
    .reshape([before, length * step, after])
    .slice([0, 0, 0], [before, (length - 1) * step + 1, after]);
}
