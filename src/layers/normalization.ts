/** Batch, layer and group normalization with all of Keras's arguments; tfjs can train only some. They are saved as tfjs's own. */
import type * as tfjs from '@tensorflow/tfjs';
import type {
  BatchNormalizationArguments,
  GroupNormalizationArguments,
  LayerNormalizationArguments,
} from '../schema/generated/settings.ts';
import { failure } from '../core/diagnostic.ts';
import type { Tf } from '../engine/engine.ts';
import { groupedShape } from './groups.ts';
import { replaceCall, weightOf } from './own.ts';

/**
 * tfjs's batch normalization has a gradient only for the last axis, and only with `center` and `scale`; in inference,
 * tfjs's own backends are wrong for every axis but the last.
 *
 * @param layer a batch normalization with these arguments
 */
export function ownBatchNormalization(
  tf: Tf,
  layer: tfjs.layers.Layer,
  { axis, momentum, epsilon }: BatchNormalizationArguments,
): tfjs.layers.Layer {
  const infer = layer.call.bind(layer);
  return replaceCall(tf, layer, (input, training) => {
    const own = axisOf(axis, input);
    if (!training && own === input.rank - 1) return infer(input, {});
    // A frozen layer uses its running statistics also in training, where tfjs's inference may lack a gradient.
    if (!training || !layer.trainable) {
      const mean = statistic(layer, 'moving_mean', input, own);
      const variance = statistic(layer, 'moving_variance', input, own);
      return normalizeByConstants(layer, input, { mean, variance, epsilon, axis: own });
    }
    const others = input.shape.map((_, index) => index).filter((index) => index !== own);
    const { mean, variance } = tf.moments(input, others, true);
    const move = (name: string, value: tfjs.Tensor): void => {
      const average = weightOf(layer, name);
      const before = average?.read();
      if (before !== undefined) average?.write(before.sub(before.sub(value.flatten()).mul(1 - momentum)));
    };
    move('moving_mean', mean);
    move('moving_variance', variance);
    return normalize(tf, layer, input, { mean, variance, epsilon, axes: others, axis: own });
  });
}

/**
 * tfjs's layer normalization has no gradient without `scale`, and otherwise repeats every number of its statistics for each
 * number of its input.
 *
 * @param layer a layer normalization with these arguments
 */
export function ownLayerNormalization(
  tf: Tf,
  layer: tfjs.layers.Layer,
  { axis, epsilon }: LayerNormalizationArguments,
): tfjs.layers.Layer {
  const infer = layer.call.bind(layer);
  return replaceCall(tf, layer, (input, training) => {
    if (!training) return infer(input, {});
    const own = axisOf(axis, input);
    return normalize(tf, layer, input, { ...tf.moments(input, own, true), epsilon, axes: [own], axis: own });
  });
}

/**
 * tfjs has no group normalization: a layer normalization with these arguments gets another computation.
 *
 * @param layer a layer normalization with these arguments
 */
export function ownGroupNormalization(
  tf: Tf,
  layer: tfjs.layers.Layer,
  { groups, axis, epsilon }: GroupNormalizationArguments,
): tfjs.layers.Layer {
  const getConfig = layer.getConfig.bind(layer);
  layer.getClassName = () => 'GroupNormalization';
  layer.getConfig = () => ({ ...getConfig(), groups });
  return replaceCall(tf, layer, (input) => {
    const own = axisOf(axis, input);
    const [, ...shape] = groupedShape(input.shape.slice(1), { groups, axis: own });
    const grouped = input.reshape([-1, ...shape]);
    const axes = [1, 3];
    const { mean, variance } = tf.moments(grouped, axes, true);
    const normal = standardize(tf, grouped, { mean, variance, epsilon, axes });
    return scaleAndShift(layer, normal.reshape(input.shape), own);
  });
}

/** Counted from 0, the batch. */
function axisOf(axis: number, { rank }: tfjs.Tensor): number {
  return axis > 0 ? axis : rank + axis;
}

interface Normalization {
  /** Of the rank of the input, with length 1 along `axes`. */
  readonly mean: tfjs.Tensor;
  readonly variance: tfjs.Tensor;
  readonly epsilon: number;
  /** The axes of the statistics, counted from 0, the batch. */
  readonly axes: readonly number[];
  /** The axis of `gamma` and `beta`. */
  readonly axis: number;
}

/** Normalizes to mean 0 and variance 1, then applies the layer's `gamma` and `beta`, if it has them. */
function normalize(tf: Tf, layer: tfjs.layers.Layer, input: tfjs.Tensor, way: Normalization): tfjs.Tensor {
  return scaleAndShift(layer, standardize(tf, input, way), way.axis);
}

function scaleAndShift(layer: tfjs.layers.Layer, normal: tfjs.Tensor, axis: number): tfjs.Tensor {
  const gamma = alongAxis(layer, 'gamma', normal, axis);
  const beta = alongAxis(layer, 'beta', normal, axis);
  const scaled = gamma === undefined ? normal : normal.mul(gamma);
  return beta === undefined ? scaled : scaled.add(beta);
}

/**
 * Normalizes to mean 0 and variance 1.
 *
 * The gradient is one formula (S. Ioffe, C. Szegedy, arXiv:1502.03167, section 3). With n = (x - mean) r, r = 1 / sqrt(variance +
 * epsilon), g the gradient with respect to n, and means over the axes of the statistics:
 *
 *     dx = r (g - mean(g) - n mean(g n))
 *
 * tfjs's automatic differentiation goes through variance and mean one after the other, with twice as many sums.
 */
function standardize(tf: Tf, input: tfjs.Tensor, way: Omit<Normalization, 'axis'>): tfjs.Tensor {
  const { axes } = way;
  const rate = way.variance.add(way.epsilon).rsqrt();
  const size = axes.reduce((product, axis) => product * (input.shape[axis] ?? 1), 1);
  const meanOf = (values: tfjs.Tensor): tfjs.Tensor => values.sum([...axes], true).div(size);
  const centered = tf.customGrad((...args) => {
    const [x, save] = args as unknown as [tfjs.Tensor, tfjs.GradSaveFunc];
    const value = x.sub(way.mean).mul(rate);
    save([value, rate]);
    return {
      value,
      gradFunc: (gradient, saved) => {
        const [n, r] = saved;
        if (n === undefined || r === undefined) throw new TypeError('a normalization lacks an argument');
        return gradient
          .sub(meanOf(gradient))
          .sub(n.mul(meanOf(gradient.mul(n))))
          .mul(r);
      },
    };
  });
  return centered(input);
}

/** The same if the statistics are as small as `gamma` and `beta`: one product and one sum for each number. */
function normalizeByConstants(
  layer: tfjs.layers.Layer,
  input: tfjs.Tensor,
  way: Omit<Normalization, 'axes'>,
): tfjs.Tensor {
  const gamma = alongAxis(layer, 'gamma', input, way.axis);
  const beta = alongAxis(layer, 'beta', input, way.axis);
  const rate = way.variance.add(way.epsilon).rsqrt();
  const factor = gamma === undefined ? rate : rate.mul(gamma);
  const shift = way.mean.mul(factor);
  return input.mul(factor).add(beta === undefined ? shift.neg() : beta.sub(shift));
}

function statistic(layer: tfjs.layers.Layer, name: string, input: tfjs.Tensor, axis: number): tfjs.Tensor {
  const found = alongAxis(layer, name, input, axis);
  if (found === undefined) throw failure('internal-error', `${layer.name} is used before it is built`);
  return found;
}

/** A weight with one number for each place of an axis, in the rank of the input; undefined if the layer has none. */
function alongAxis(
  layer: tfjs.layers.Layer,
  name: string,
  { shape }: tfjs.Tensor,
  axis: number,
): tfjs.Tensor | undefined {
  return weightOf(layer, name)
    ?.read()
    .reshape(shape.map((length, index) => (index === axis ? length : 1)));
}
