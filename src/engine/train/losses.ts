/** Losses and training metrics as TensorFlow ops: means over all values of a batch, as Keras computes them. */
import type { GradSaveFunc, Scalar, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';

/** What can be minimised, and measured while training. */
export type LossName = 'mse' | 'mae' | 'binary_crossentropy';

/**
 * The lowest and highest probability whose logarithm is taken, where there are no logits: Keras's `epsilon` and 1 less it, as
 * float32. A value beyond is clipped, and gets no gradient.
 */
export const PROBABILITIES: readonly [number, number] = [Math.fround(1e-7), Math.fround(1 - 1e-7)];

/** The largest finite float32: larger logits are replaced by it, so that infinity times 0 is 0. */
export const LARGEST_LOGIT = (2 - 2 ** -23) * 2 ** 127;

/** What a model computes for one batch. */
export interface Outputs {
  /** [rows, ...output shape] */
  readonly values: Tensor;
  /** Of the same shape, where the values are their sigmoids. */
  readonly logits?: Tensor;
}

/** Mean over all values of the difference of a target `y` and a model's output `p`, all of one shape. */
export type Loss = (tf: Tf, target: Tensor, outputs: Outputs) => Scalar;

/**
 * - `mse`: (y - p)^2, 0 or more;
 * - `mae`: |y - p|, 0 or more;
 * - `binary_crossentropy`: -(y ln p + (1 - y) ln(1 - p)) in nats for y and p from 0 to 1, computed from the logits where there
 *   are some. For a y between 0 and 1 its minimum, at p = y, is not 0 but y's entropy.
 */
export const losses: Readonly<Record<LossName, Loss>> = {
  mse: (tf, target, { values }) => tf.tidy(() => tf.sub(values, target).square().mean<Scalar>()),
  mae: (tf, target, { values }) => tf.tidy(() => tf.sub(values, target).abs().mean<Scalar>()),
  binary_crossentropy: (tf, target, { values, logits }) =>
    logits === undefined ? fromProbabilities(tf, target, values) : fromLogits(tf, target, logits),
};

function fromProbabilities(tf: Tf, target: Tensor, output: Tensor): Scalar {
  return tf.tidy(() => {
    const probability = tf.clipByValue(output, ...PROBABILITIES);
    const positive = target.mul(probability.log());
    const negative = tf.sub(1, target).mul(tf.sub(1, probability).log());
    return positive.add(negative).mean<Scalar>().neg();
  });
}

/**
 * max(x, 0) - x y + ln(1 + e^-|x|): the same loss without overflow. Its gradient is sigmoid(x) - y at any logit; it
 * is defined as a whole, because the gradients of the single terms are wrong at 0.
 */
function fromLogits(tf: Tf, target: Tensor, logits: Tensor): Scalar {
  const compute = tf.customGrad<Scalar>((...args) => {
    const [given, save] = args as [Tensor, GradSaveFunc];
    save([given]);
    const x = tf.clipByValue(given, -LARGEST_LOGIT, LARGEST_LOGIT);
    const values = tf.relu(x).sub(x.mul(target)).add(x.abs().neg().exp().log1p());
    return {
      value: values.mean<Scalar>(),
      gradFunc: (dy, [x]) => (x === undefined ? dy : tf.sigmoid(x).sub(target).mul(dy.div(x.size))),
    };
  });
  return tf.tidy(() => compute(logits));
}
