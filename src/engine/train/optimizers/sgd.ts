import type { UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';

export interface SGDArguments {
  readonly learning_rate: LearningRate;
  /** Share of the last step that is added to the next, 0 to 1. */
  readonly momentum: number;
  readonly nesterov: boolean;
}

/**
 * Stochastic gradient descent (https://keras.io/api/optimizers/sgd/): w = w - η g. With momentum μ: m = μ m - η g, w = w + m;
 * Nesterov's looks one step ahead: w = w + μ m - η g.
 */
export function sgd({ momentum, nesterov }: SGDArguments): UpdateRule<never, 'momentum'> {
  return {
    slots: momentum === 0 ? {} : { momentum: 0 },
    shared: {},
    prepareStep: (_tf, { learningRate }) => ({
      shared: {},
      update(weight, gradient, slots) {
        const descent = gradient.mul(learningRate);
        if (slots.momentum === undefined) return { weight: weight.sub(descent), slots: {} };
        const step = slots.momentum.mul(momentum).sub(descent);
        return {
          weight: weight.add(nesterov ? step.mul(momentum).sub(descent) : step),
          slots: { momentum: step },
        };
      },
    }),
  };
}
