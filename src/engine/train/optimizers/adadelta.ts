import type { UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';

export interface AdadeltaArguments {
  readonly learning_rate: LearningRate;
  /** Share of the running means that is kept at each step, 0 or more and less than 1. */
  readonly rho: number;
  readonly epsilon: number;
}

/**
 * Adadelta (M. D. Zeiler, arXiv:1212.5701; https://keras.io/api/optimizers/adadelta/), with running means v of g^2 and u of the
 * squares of its own steps: s = g sqrt(u + ε) / sqrt(v + ε), w = w - η s.
 */
export function adadelta({
  rho,
  epsilon,
}: AdadeltaArguments): UpdateRule<'accumulated_grad' | 'accumulated_delta_var'> {
  return {
    slots: { accumulated_grad: 0, accumulated_delta_var: 0 },
    shared: {},
    prepareStep: (_tf, { learningRate }) => ({
      shared: {},
      update(weight, gradient, slots) {
        const squares = slots.accumulated_grad.mul(rho).add(gradient.square().mul(1 - rho));
        const before = slots.accumulated_delta_var;
        const step = before.add(epsilon).sqrt().mul(gradient).div(squares.add(epsilon).sqrt());
        return {
          weight: weight.sub(step.mul(learningRate)),
          slots: {
            accumulated_grad: squares,
            accumulated_delta_var: before.mul(rho).add(step.square().mul(1 - rho)),
          },
        };
      },
    }),
  };
}
