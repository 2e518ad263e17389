import type { UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';

export interface AdagradArguments {
  readonly learning_rate: LearningRate;
  /** Initial value of the sum of squares, 0 or more. */
  readonly initial_accumulator_value: number;
  readonly epsilon: number;
}

/**
 * Adagrad (J. Duchi, E. Hazan, Y. Singer, JMLR 12, 2011; https://keras.io/api/optimizers/adagrad/), with the sum a of all
 * g^2 so far: w = w - η g / sqrt(a + ε).
 */
export function adagrad({ initial_accumulator_value, epsilon }: AdagradArguments): UpdateRule<'accumulator'> {
  return {
    slots: { accumulator: initial_accumulator_value },
    shared: {},
    prepareStep: (_tf, { learningRate }) => ({
      shared: {},
      update(weight, gradient, slots) {
        const accumulator = slots.accumulator.add(gradient.square());
        const step = gradient.mul(learningRate).div(accumulator.add(epsilon).sqrt());
        return { weight: weight.sub(step), slots: { accumulator } };
      },
    }),
  };
}
