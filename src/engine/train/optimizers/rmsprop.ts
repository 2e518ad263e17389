import { movingAverage, type UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';

export interface RMSpropArguments {
  readonly learning_rate: LearningRate;
  /** Share of the running means that is kept at each step, 0 or more and less than 1. */
  readonly rho: number;
  /** Share of the last step that is added to the next, 0 to 1. */
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;
}

/**
 * RMSprop (T. Tieleman, G. Hinton, lecture 6e of "Neural networks for machine learning", 2012;
 * https://keras.io/api/optimizers/rmsprop/), with running means v of g^2 and, if centered, a of g:
 * s = η g / sqrt(v - a^2 + ε), m = μ m + s, w = w - m.
 */
export function rmsprop({
  rho,
  momentum,
  epsilon,
  centered,
}: RMSpropArguments): UpdateRule<'velocity', 'average_gradient' | 'momentum'> {
  return {
    slots: {
      velocity: 0,
      ...(centered ? { average_gradient: 0 } : {}),
      ...(momentum === 0 ? {} : { momentum: 0 }),
    },
    shared: {},
    prepareStep: (_tf, { learningRate }) => ({
      shared: {},
      update(weight, gradient, slots) {
        const velocity = movingAverage(slots.velocity, gradient.square(), rho);
        const average = slots.average_gradient && movingAverage(slots.average_gradient, gradient, rho);
        const spread = average === undefined ? velocity : velocity.sub(average.square());
        const step = gradient.mul(learningRate).div(spread.add(epsilon).sqrt());
        const total = slots.momentum === undefined ? step : slots.momentum.mul(momentum).add(step);
        return {
          weight: weight.sub(total),
          slots: { velocity, average_gradient: average, momentum: total },
        };
      },
    }),
  };
}
