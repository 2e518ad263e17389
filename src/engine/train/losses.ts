/** Losses and training metrics as TensorFlow ops: means over all values of a batch, as Keras computes them. */
import type { Scalar, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';

/** What can be minimised, and measured while training. */
export type LossName = 'mse' | 'mae' | 'binary_crossentropy';

/**
 * The lowest and highest probability whose logarithm is taken: Keras's `epsilon` and 1 less it, as float32. A value beyond
 * is clipped, and gets no gradient.
 */
export const PROBABILITIES: readonly [number, number] = [Math.fround(1e-7), Math.fround(1 - 1e-7)];

/** Mean over all values of the difference of a target `y` and an output `p`, both of one shape. */
export type Loss = (tf: Tf, target: Tensor, output: Tensor) => Scalar;

/**
 * - `mse`: (y - p)^2, 0 or more;
 * - `mae`: |y - p|, 0 or more;
 * - `binary_crossentropy`: -(y ln p + (1 - y) ln(1 - p)) in nats for y and p from 0 to 1. For a y between them its
 *   minimum, at p = y, is not 0 but y's entropy.
 */
export const losses: Readonly<Record<LossName, Loss>> = {
  mse: (tf, target, output) => tf.tidy(() => tf.sub(output, target).square().mean<Scalar>()),
  mae: (tf, target, output) => tf.tidy(() => tf.sub(output, target).abs().mean<Scalar>()),
  binary_crossentropy: (tf, target, output) =>
    tf.tidy(() => {
      const probability = tf.clipByValue(output, ...PROBABILITIES);
      const positive = target.mul(probability.log());
      const negative = tf.sub(1, target).mul(tf.sub(1, probability).log());
      return positive.add(negative).mean<Scalar>().neg();
    }),
};
