/** Losses and training metrics as TensorFlow ops: means over all values of a batch, as Keras computes them. */
import type { GradSaveFunc, Scalar, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';

/** What can be minimised, and measured while training. */
export type LossName = 'mse' | 'mae' | 'binary_crossentropy';

/** What can be minimised. `delta` of Huber's loss: up to it, differences count by their squares, beyond it by their size. */
export type LossChoice = LossName | { readonly Huber: { readonly delta: number } };

/**
 * The lowest and highest probability whose logarithm is taken, if there are no logits: Keras's `epsilon` and 1 minus it, as
 * float32. A value beyond these is clipped, and gets no gradient.
 */
export const PROBABILITIES: readonly [number, number] = [Math.fround(1e-7), Math.fround(1 - 1e-7)];

/** The largest finite float32: larger logits are replaced by it, so that infinity times 0 is 0. */
export const LARGEST_LOGIT = (2 - 2 ** -23) * 2 ** 127;

/** The outputs of a model for one batch. */
export interface Outputs {
  /** [rows, ...output shape] */
  readonly values: Tensor;
  /** Of the same shape, if the values are their sigmoids. */
  readonly logits?: Tensor;
}

/** The mean difference of a target `y` and a model's output `p` over all values, all of one shape. */
export type Loss = (tf: Tf, target: Tensor, outputs: Outputs) => Scalar;

/** The differences themselves, value by value. */
type Differences = (tf: Tf, target: Tensor, outputs: Outputs) => Tensor;

const DIFFERENCES: Readonly<Record<LossName, Differences>> = {
  mse: (tf, target, { values }) => tf.sub(values, target).square(),
  mae: (tf, target, { values }) => tf.sub(values, target).abs(),
  binary_crossentropy: (tf, target, { values, logits }) =>
    logits === undefined ? entropyOfProbabilities(tf, target, values) : entropiesOfLogits(tf, target, logits),
};

/**
 * - `mse`: (y - p)^2, 0 or more;
 * - `mae`: |y - p|, 0 or more;
 * - `binary_crossentropy`: -(y ln p + (1 - y) ln(1 - p)) in nats for y and p from 0 to 1, computed from the logits if there
 *   are any. For a y between 0 and 1 its minimum, at p = y, is not 0 but y's entropy.
 */
export const losses: Readonly<Record<LossName, Loss>> = {
  mse: meanOf('mse'),
  mae: meanOf('mae'),
  binary_crossentropy: (tf, target, outputs) =>
    outputs.logits === undefined
      ? meanOf('binary_crossentropy')(tf, target, outputs)
      : fromLogits(tf, target, outputs.logits),
};

/** The loss that training minimises. */
export function lossOf(choice: LossChoice): Loss {
  return typeof choice === 'string' ? losses[choice] : meanOf(choice);
}

function meanOf(choice: LossChoice): Loss {
  return (tf, target, outputs) => tf.tidy(() => differencesOf(choice)(tf, target, outputs).mean<Scalar>());
}

function differencesOf(choice: LossChoice): Differences {
  return typeof choice === 'string' ? DIFFERENCES[choice] : huber(choice.Huber.delta);
}

/**
 * P. J. Huber, "Robust estimation of a location parameter", 1964: s (e - s / 2) for a difference e, and s the same limited to
 * -`delta` to `delta`. The gradient is s.
 */
function huber(delta: number): Differences {
  return (tf, target, { values }) => {
    const compute = tf.customGrad<Tensor>((...args) => {
      const [difference, save] = args as [Tensor, GradSaveFunc];
      const limited = tf.clipByValue(difference, -delta, delta);
      save([limited]);
      return {
        value: difference.sub(limited.mul(0.5)).mul(limited),
        gradFunc: (dy, [slope]) => (slope === undefined ? dy : slope.mul(dy)),
      };
    });
    return compute(tf.sub(values, target));
  };
}

/** The loss of each row: [rows]. */
export function lossOfRows(tf: Tf, choice: LossChoice, target: Tensor, outputs: Outputs): Tensor {
  return tf.tidy(() => {
    const differences = differencesOf(choice)(tf, target, outputs);
    const [rows = 0] = differences.shape;
    return differences.reshape([rows, differences.size / rows]).mean(1);
  });
}

function entropyOfProbabilities(tf: Tf, target: Tensor, output: Tensor): Tensor {
  const probability = tf.clipByValue(output, ...PROBABILITIES);
  const positive = target.mul(probability.log());
  const negative = tf.sub(1, target).mul(tf.sub(1, probability).log());
  return positive.add(negative).neg();
}

/** max(x, 0) - x y + ln(1 + e^-|x|): the same without overflow. */
function entropyOfLogits(tf: Tf, target: Tensor, logits: Tensor): Tensor {
  const x = tf.clipByValue(logits, -LARGEST_LOGIT, LARGEST_LOGIT);
  return tf.relu(x).sub(x.mul(target)).add(x.abs().neg().exp().log1p());
}

/** `entropyOfLogits` with its gradient, sigmoid(x) - y. The target has none. */
function entropiesOfLogits(tf: Tf, target: Tensor, logits: Tensor): Tensor {
  const compute = tf.customGrad<Tensor>((...args) => {
    const [given, save] = args as [Tensor, GradSaveFunc];
    // The target may have been made for this loss, and is then only kept if it is saved.
    save([given, target]);
    return {
      value: entropyOfLogits(tf, target, given),
      gradFunc: (dy, [x, y]) => (x === undefined || y === undefined ? dy : tf.sigmoid(x).sub(y).mul(dy)),
    };
  });
  return compute(logits);
}

/**
 * The mean of `entropyOfLogits`. Its gradient is sigmoid(x) - y at any logit; it is defined as a whole, because the gradients of
 * the single terms are wrong at 0.
 */
function fromLogits(tf: Tf, target: Tensor, logits: Tensor): Scalar {
  const compute = tf.customGrad<Scalar>((...args) => {
    const [given, save] = args as [Tensor, GradSaveFunc];
    save([given]);
    return {
      value: entropyOfLogits(tf, target, given).mean<Scalar>(),
      gradFunc: (dy, [x]) => (x === undefined ? dy : tf.sigmoid(x).sub(target).mul(dy.div(x.size))),
    };
  });
  return tf.tidy(() => compute(logits));
}
