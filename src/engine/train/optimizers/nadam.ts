import { movingAverage, type UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';

export interface NadamArguments {
  readonly learning_rate: LearningRate;
  /** Shares of the running means of g and of g^2 that are kept at each step, 0 or more and less than 1. */
  readonly beta_1: number;
  readonly beta_2: number;
  readonly epsilon: number;
}

/** Base of the momentum's schedule, from section 3.2 of Dozat's report. */
const SCHEDULE = 0.96;

/**
 * Nadam (T. Dozat, "Incorporating Nesterov momentum into Adam", 2016; https://keras.io/api/optimizers/Nadam/). With
 * u(t) = β1 (1 - 0.96^t / 2) and its product U(t) over all steps so far:
 * m^ = u(t+1) m / (1 - U(t+1)) + (1 - u(t)) g / (1 - U(t)), v^ = v / (1 - β2^t), w = w - η m^ / (sqrt(v^) + ε).
 */
export function nadam({
  beta_1,
  beta_2,
  epsilon,
}: NadamArguments): UpdateRule<'momentum' | 'velocity', never, 'u_product'> {
  return {
    slots: { momentum: 0, velocity: 0 },
    shared: { u_product: 1 },
    prepareStep(tf, { count, learningRate }, shared) {
      const now = tf.sub(1, tf.pow(SCHEDULE, count).mul(0.5)).mul(beta_1);
      const next = tf.sub(1, tf.pow(SCHEDULE, count.add(1)).mul(0.5)).mul(beta_1);
      const product = shared.u_product.mul(now);
      const share = next.div(tf.sub(1, product.mul(next)));
      const gradientShare = tf.sub(1, now).div(tf.sub(1, product));
      // One root and one division a weight: v^ is taken out of the root, and what is left is a factor of the whole step.
      const bias = tf.sub(1, tf.pow(beta_2, count)).sqrt();
      const factor = learningRate.mul(bias);
      const momentumFactor = share.mul(factor);
      const gradientFactor = gradientShare.mul(factor);
      const smallest = bias.mul(epsilon);
      return {
        shared: { u_product: product },
        update(weight, gradient, slots) {
          const momentum = movingAverage(slots.momentum, gradient, beta_1);
          const velocity = movingAverage(slots.velocity, gradient.square(), beta_2);
          const ahead = momentum.mul(momentumFactor).add(gradient.mul(gradientFactor));
          return {
            weight: weight.sub(ahead.div(velocity.sqrt().add(smallest))),
            slots: { momentum, velocity },
          };
        },
      };
    },
  };
}
