/** Learning rates that change from step to step, by Keras's formulas. Pure functions of tensors, so that a step can be traced. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../../engine.ts';

export interface ExponentialDecayArguments {
  /** More than 0. */
  readonly initial_learning_rate: number;
  /** An integer from 1 to 2^30. */
  readonly decay_steps: number;
  /** More than 0. */
  readonly decay_rate: number;
  readonly staircase: boolean;
}

export interface CosineDecayArguments {
  /** 0 or more. */
  readonly initial_learning_rate: number;
  /** An integer from 1 to 2^30. */
  readonly decay_steps: number;
  /** 0 to 1. */
  readonly alpha: number;
  /** More than 0; null for no warm-up. */
  readonly warmup_target: number | null;
  /** An integer from 0 to 2^30. */
  readonly warmup_steps: number;
}

export interface PiecewiseConstantDecayArguments {
  /** Integers from 0 to 2^31 - 2, ascending. */
  readonly boundaries: readonly number[];
  /** One more than there are boundaries, each 0 or more. */
  readonly values: readonly number[];
}

export interface PolynomialDecayArguments {
  /** More than 0. */
  readonly initial_learning_rate: number;
  /** An integer from 1 to 2^30. */
  readonly decay_steps: number;
  /** 0 or more. */
  readonly end_learning_rate: number;
  /** More than 0. */
  readonly power: number;
  readonly cycle: boolean;
}

export interface InverseTimeDecayArguments {
  /** More than 0. */
  readonly initial_learning_rate: number;
  /** An integer from 1 to 2^30. */
  readonly decay_steps: number;
  /** 0 or more. */
  readonly decay_rate: number;
  readonly staircase: boolean;
}

/** A schedule by its Keras name, with all of its arguments. */
export type ScheduleChoice =
  | { readonly ExponentialDecay: ExponentialDecayArguments }
  | { readonly CosineDecay: CosineDecayArguments }
  | { readonly PiecewiseConstantDecay: PiecewiseConstantDecayArguments }
  | { readonly PolynomialDecay: PolynomialDecayArguments }
  | { readonly InverseTimeDecay: InverseTimeDecayArguments };

/** A positive number, or a schedule. */
export type LearningRate = number | ScheduleChoice;

/**
 * The learning rate of one step.
 *
 * @param step int32 scalar: the number of steps taken before, 0 or more
 * @returns float32 scalar
 */
export type Schedule = (tf: Tf, step: Tensor) => Tensor;

/**
 * The schedules of Keras 3 (https://keras.io/api/optimizers/learning_rate_schedules/), with η0 the first rate, t the step, and T
 * the steps of the decay. Everything except tensor operations is constant, so a trace of one step is valid for all.
 *
 * Ends, boundaries, stairs and cycles are computed in int32: rounding a quotient does not move them, and they are exact as long as
 * t + T is less than 2^31. Smooth parts take t as float32, which is exact up to 2^24 = 16,777,216 steps. Beyond, t is rounded to
 * the nearest multiple of 2, of 4 from 2^25 on, and so on: neighbouring steps share one rate, and the error of a rate is at most
 * that of a relative error of 2^-24 in t.
 */
export function createSchedule(choice: ScheduleChoice): Schedule {
  if ('ExponentialDecay' in choice) return exponentialDecay(choice.ExponentialDecay);
  if ('CosineDecay' in choice) return cosineDecay(choice.CosineDecay);
  if ('PiecewiseConstantDecay' in choice) return piecewiseConstantDecay(choice.PiecewiseConstantDecay);
  if ('PolynomialDecay' in choice) return polynomialDecay(choice.PolynomialDecay);
  return inverseTimeDecay(choice.InverseTimeDecay);
}

/** η = η0 r^(t / T); with a staircase, of the quotient's whole part. */
function exponentialDecay({
  initial_learning_rate,
  decay_rate,
  ...pace
}: ExponentialDecayArguments): Schedule {
  return (tf, step) => tf.pow(decay_rate, elapsed(tf, step, pace)).mul(initial_learning_rate);
}

/** η = η0 / (1 + r t / T); with a staircase, of the quotient's whole part. */
function inverseTimeDecay({
  initial_learning_rate,
  decay_rate,
  ...pace
}: InverseTimeDecayArguments): Schedule {
  return (tf, step) => tf.div(initial_learning_rate, elapsed(tf, step, pace).mul(decay_rate).add(1));
}

/** t / T, or its whole part. */
function elapsed(
  tf: Tf,
  step: Tensor,
  { decay_steps, staircase }: Pick<ExponentialDecayArguments, 'decay_steps' | 'staircase'>,
): Tensor {
  return staircase ? float(step.floorDiv(integer(tf, decay_steps))) : float(step).div(decay_steps);
}

/**
 * η = η1 ((1 - α) (1 + cos(π s / T)) / 2 + α), where s is t, at most T, and η1 = η0 (I. Loshchilov, F. Hutter, "SGDR",
 * arXiv:1608.03983, without restarts). With a warm-up of W steps (P. Goyal et al., arXiv:1706.02677): η1 is its target and s
 * counts from its end, before which η = η0 + (η1 - η0) t / W.
 */
function cosineDecay({
  initial_learning_rate: initial,
  decay_steps,
  alpha,
  warmup_target,
  warmup_steps,
}: CosineDecayArguments): Schedule {
  const highest = warmup_target ?? initial;
  const warmup = warmup_target === null ? 0 : warmup_steps;
  return (tf, step) => {
    const decayed = step.sub(integer(tf, warmup)).minimum(integer(tf, decay_steps));
    const wave = float(decayed)
      .mul(Math.PI / decay_steps)
      .cos()
      .add(1)
      .mul(0.5);
    const decay = wave
      .mul(1 - alpha)
      .add(alpha)
      .mul(highest);
    if (warmup === 0) return decay;
    const rising = float(step)
      .div(warmup)
      .mul(highest - initial)
      .add(initial);
    return tf.where(step.less(integer(tf, warmup)), rising, decay);
  };
}

/** The value of the first boundary that t does not exceed; the last value beyond all boundaries. */
function piecewiseConstantDecay({ boundaries, values }: PiecewiseConstantDecayArguments): Schedule {
  const [first, ...later] = values;
  if (first === undefined || later.length !== boundaries.length) {
    throw new RangeError(`${values.length} values do not fit ${boundaries.length} boundaries`);
  }
  return (tf, step) =>
    boundaries.reduce<Tensor>(
      (rate, boundary, index) =>
        tf.where(step.greater(integer(tf, boundary)), tf.scalar(later[index] ?? first), rate),
      tf.scalar(first),
    );
}

/**
 * η = (η0 - η1) ((E - t) / E)^p + η1 until the end E = T, and η1 from there. With cycles, the end is the first multiple of T
 * that is not before t, and T itself for t = 0.
 */
function polynomialDecay({
  initial_learning_rate,
  decay_steps,
  end_learning_rate,
  power,
  cycle,
}: PolynomialDecayArguments): Schedule {
  return (tf, step) => {
    const [zero, one, length] = [integer(tf, 0), integer(tf, 1), integer(tf, decay_steps)];
    const end = cycle ? step.sub(one).maximum(zero).floorDiv(length).add(one).mul(length) : length;
    const left = float(end.sub(step).maximum(zero)).div(float(end));
    return left
      .pow(power)
      .mul(initial_learning_rate - end_learning_rate)
      .add(end_learning_rate);
  };
}

function integer(tf: Tf, value: number): Tensor {
  return tf.scalar(value, 'int32');
}

function float(tensor: Tensor): Tensor {
  return tensor.cast('float32');
}
