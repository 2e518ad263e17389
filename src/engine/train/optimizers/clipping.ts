/** Limits on gradients before an optimizer uses them, by Keras's formulas. */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../../engine.ts';

/** At most one of these is given; each is more than 0. */
export interface ClippingArguments {
  /** The largest norm of the gradient of one weight: a larger one is scaled down. */
  readonly clipnorm?: number;
  /** The largest size of each number of a gradient. */
  readonly clipvalue?: number;
  /** The largest norm of the gradients of all weights together. */
  readonly global_clipnorm?: number;
}

/** One for each weight; undefined where the loss does not depend on it. */
export type Gradients = readonly (Tensor | undefined)[];

export function clip(
  tf: Tf,
  gradients: Gradients,
  { clipnorm, clipvalue, global_clipnorm: globalNorm }: ClippingArguments,
): Gradients {
  const each = (limit: (gradient: Tensor) => Tensor): Gradients =>
    gradients.map((gradient) => gradient && limit(gradient));
  const squares = (gradient: Tensor): Scalar => gradient.square().sum<Scalar>();
  // Exactly 1 up to the limit.
  const factor = (sum: Scalar, limit: number): Scalar => tf.div(limit, tf.maximum(sum.sqrt(), limit));
  if (clipnorm !== undefined) return each((gradient) => gradient.mul(factor(squares(gradient), clipnorm)));
  if (clipvalue !== undefined)
    return each((gradient) => tf.minimum(tf.maximum(gradient, -clipvalue), clipvalue));
  if (globalNorm === undefined) return gradients;
  const sums = gradients.flatMap((gradient) => (gradient === undefined ? [] : [squares(gradient)]));
  const shared = factor(
    sums.reduce((total, sum) => total.add<Scalar>(sum), tf.scalar(0)),
    globalNorm,
  );
  return each((gradient) => gradient.mul(shared));
}
