/** The learning rate of a training: inside its steps, and between two of them. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../../engine.ts';
import { readVariables, writeVariables, type NamedVariable } from '../state.ts';
import { createSchedule, type LearningRate } from './schedules.ts';

const NAME = 'learning_rate';

/** The learning rate as an optimizer takes it. */
export interface StepRate {
  /** `learning_rate`, float32, if the rate is a number; a schedule has no state. */
  readonly variables: readonly NamedVariable[];
  /**
   * @param step int32 scalar: the number of steps taken before
   * @returns float32 scalar
   */
  at(step: Tensor): Tensor;
}

export function startRate(tf: Tf, rate: LearningRate): StepRate {
  if (typeof rate !== 'number') {
    const schedule = createSchedule(rate);
    return { variables: [], at: (step) => schedule(tf, step) };
  }
  const variable = tf.tidy(() => tf.variable(tf.scalar(rate), false));
  return { variables: [{ name: NAME, variable }], at: () => variable };
}

/** The learning rate of a running training, between two of its steps. */
export interface CurrentRate {
  /** The rate of the last step, or of the first one if none was taken; a float32. */
  read(): Promise<number>;
  /**
   * Sets the rate of all following steps. Undefined with a schedule, which leaves nothing to set.
   *
   * @param rate 0 or more; rounded to float32
   */
  readonly set?: (rate: number) => void;
}

/**
 * @param rate as the training was started with
 * @param state of the trainer: the optimizer's variables are below `optimizer/`, and the number of steps taken
 *   is `step`
 */
export function currentRate(tf: Tf, rate: LearningRate, state: readonly NamedVariable[]): CurrentRate {
  if (typeof rate === 'number') {
    const variable = find(state, `optimizer/${NAME}`);
    return {
      read: () => readScalar(variable),
      set(value) {
        const array = {
          name: variable.name,
          dtype: 'float32',
          shape: [],
          data: Float32Array.of(value),
        } as const;
        writeVariables(tf, [variable], [array]);
      },
    };
  }
  const schedule = createSchedule(rate);
  const step = find(state, 'step');
  return {
    async read() {
      const taken = await readScalar(step);
      const tensor = tf.tidy(() => schedule(tf, tf.scalar(Math.max(0, taken - 1), 'int32')));
      try {
        const [value] = await tensor.data();
        return value ?? Number.NaN;
      } finally {
        tensor.dispose();
      }
    },
  };
}

function find(state: readonly NamedVariable[], name: string): NamedVariable {
  const found = state.find((each) => each.name === name);
  if (found === undefined) throw new TypeError(`a training without the variable ${name}`);
  return found;
}

async function readScalar(variable: NamedVariable): Promise<number> {
  const [array] = await readVariables([variable]);
  return array?.data[0] ?? Number.NaN;
}
