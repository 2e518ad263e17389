/** Penalties on the outputs of layers, for sparse codes: part of the loss in training and wherever it is measured, as in Keras. */
import type { layers, LayersModel, Scalar, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import type { ModelInput } from './condition.ts';
import { PROBABILITIES, type Outputs } from './losses.ts';

export interface ActivityPenalty {
  /** Factors of the sums of absolute values and of squares of a sample's outputs. */
  readonly l1: number;
  readonly l2: number;
  /** The mean that each output should have, and the weight of its distance from it. */
  readonly kl?: { readonly rho: number; readonly weight: number };
}

const penalties = new WeakMap<layers.Layer, ActivityPenalty>();

/** Adds a penalty on the outputs of a layer. Saved models do not keep penalties, because they are not trained. */
export function penaliseActivity(layer: layers.Layer, penalty: ActivityPenalty): void {
  penalties.set(layer, penalty);
}

/**
 * The penalty of a batch: `l1` and `l2` as means over its samples, and `kl` the divergence of two Bernoulli distributions summed
 * over the outputs: one with probability `rho`, the other with the mean of the output over the batch. In images, an output is a
 * channel, and its mean is also over the pixels. A. Ng, "Sparse autoencoder", CS294A lecture notes, 2011.
 */
export function activityPenalty(tf: Tf, values: Tensor, { l1, l2, kl }: ActivityPenalty): Scalar {
  const [rows = 1] = values.shape;
  const parts: Scalar[] = [];
  if (l1 > 0)
    parts.push(
      values
        .abs()
        .sum()
        .mul<Scalar>(l1 / rows),
    );
  if (l2 > 0)
    parts.push(
      values
        .square()
        .sum()
        .mul<Scalar>(l2 / rows),
    );
  if (kl !== undefined && kl.weight > 0) {
    const axes = values.shape.map((_, axis) => axis).slice(0, -1);
    const mean = tf.clipByValue(values.mean(axes), ...PROBABILITIES);
    const { rho, weight } = kl;
    const entropy = rho * Math.log(rho) + (1 - rho) * Math.log(1 - rho);
    const cross = mean
      .log()
      .mul(rho)
      .add(
        tf
          .sub(1, mean)
          .log()
          .mul(1 - rho),
      );
    parts.push(tf.sub(entropy, cross).sum().mul<Scalar>(weight));
  }
  return parts.reduce<Scalar>((sum, part) => sum.add(part), tf.scalar(0));
}

/** Makes a model's forward pass also return the penalty on its layers' outputs; without penalties, it is the pass itself. */
export function forwardWithActivity<Result extends Outputs>(
  tf: Tf,
  model: LayersModel,
  forward: (input: ModelInput, training: boolean) => Result,
): (input: ModelInput, training: boolean) => Result & { readonly activity?: Scalar } {
  const penalised = model.layers.flatMap((layer) => {
    const penalty = penalties.get(layer);
    return penalty === undefined ? [] : [{ layer, penalty }];
  });
  if (penalised.length === 0) return forward;
  return (input, training) => {
    const kept: { readonly penalty: ActivityPenalty; readonly values: Tensor }[] = [];
    const restore = penalised.map(({ layer, penalty }) => {
      const { call } = layer;
      layer.call = (inputs, kwargs) => {
        const output = call.call(layer, inputs, kwargs);
        if (Array.isArray(output)) throw new TypeError(`${layer.name} does not give one output`);
        // A model disposes of everything that its layers compute, except their outputs.
        kept.push({ penalty, values: tf.keep(output.clone()) });
        return output;
      };
      return () => {
        layer.call = call;
      };
    });
    try {
      const outputs = forward(input, training);
      const activity = kept
        .map(({ values, penalty }) => activityPenalty(tf, values, penalty))
        .reduce<Scalar>((sum, part) => sum.add(part), tf.scalar(0));
      return { ...outputs, activity };
    } finally {
      for (const undo of restore) undo();
      for (const { values } of kept) values.dispose();
    }
  };
}
