import { movingAverage, type UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';

export interface AdamaxArguments {
  readonly learning_rate: LearningRate;
  /** Share of the running mean of g that is kept at each step, 0 or more and less than 1. */
  readonly beta_1: number;
  /** Share of the largest |g| so far that is kept at each step, 0 or more and less than 1. */
  readonly beta_2: number;
  readonly epsilon: number;
}

/**
 * Adamax (section 7.1 of D. P. Kingma, J. Ba, arXiv:1412.6980; https://keras.io/api/optimizers/adamax/), with the running
 * mean m of g and u = max(β2 u, |g|): w = w - η m / ((1 - β1^t) (u + ε)).
 */
export function adamax({ beta_1, beta_2, epsilon }: AdamaxArguments): UpdateRule<'momentum' | 'norm'> {
  return {
    slots: { momentum: 0, norm: 0 },
    shared: {},
    prepareStep(tf, { count, learningRate }) {
      const rate = learningRate.div(tf.sub(1, tf.pow(beta_1, count)));
      return {
        shared: {},
        update(weight, gradient, slots) {
          const momentum = movingAverage(slots.momentum, gradient, beta_1);
          const norm = tf.maximum(slots.norm.mul(beta_2), gradient.abs());
          return {
            weight: weight.sub(momentum.mul(rate).div(norm.add(epsilon))),
            slots: { momentum, norm },
          };
        },
      };
    },
  };
}
