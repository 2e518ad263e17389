import { movingAverage, type UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';

export interface AdamArguments {
  readonly learning_rate: LearningRate;
  /** Shares of the running means of g and of g^2 that are kept at each step, 0 or more and less than 1. */
  readonly beta_1: number;
  readonly beta_2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;
}

/**
 * Adam (D. P. Kingma, J. Ba, arXiv:1412.6980; https://keras.io/api/optimizers/adam/), in the form of the end of the paper's
 * section 2, with running means m of g and v of g^2 and the step t: w = w - η sqrt(1 - β2^t) / (1 - β1^t) m / (sqrt(v) + ε).
 * AMSGrad (S. J. Reddi, S. Kale, S. Kumar, arXiv:1904.09237) takes the largest v so far.
 */
export function adam({
  beta_1,
  beta_2,
  epsilon,
  amsgrad,
}: AdamArguments): UpdateRule<'momentum' | 'velocity', 'velocity_hat'> {
  return {
    slots: { momentum: 0, velocity: 0, ...(amsgrad ? { velocity_hat: 0 } : {}) },
    shared: {},
    prepareStep(tf, { count, learningRate }) {
      const bias = tf.sub(1, tf.pow(beta_1, count));
      const rate = learningRate.mul(tf.sub(1, tf.pow(beta_2, count)).sqrt()).div(bias);
      return {
        shared: {},
        update(weight, gradient, slots) {
          const momentum = movingAverage(slots.momentum, gradient, beta_1);
          const velocity = movingAverage(slots.velocity, gradient.square(), beta_2);
          const largest = slots.velocity_hat && tf.maximum(slots.velocity_hat, velocity);
          const scale = (largest ?? velocity).sqrt().add(epsilon);
          return {
            weight: weight.sub(momentum.mul(rate).div(scale)),
            slots: { momentum, velocity, velocity_hat: largest },
          };
        },
      };
    },
  };
}
