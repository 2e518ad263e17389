/** The values of a sweep parameter. */
import type { Sweep } from '../schema/generated/settings.ts';
import type { Json } from '../core/json.ts';
import type { Philox } from '../core/philox.ts';

/** The value of a parameter's key. */
export type SweepParameter = Sweep['parameters'][string];
export type SweepRange = Exclude<SweepParameter, readonly Json[]>;

/** Maximum number of values of one parameter: more are a mistake. */
const MOST_VALUES = 10_000;

/** The problem of a range, with the key and what to do. */
export interface RangeProblem {
  readonly key: keyof SweepRange;
  readonly message: string;
  readonly hint?: string;
}

export function isRange(parameter: SweepParameter): parameter is SweepRange {
  return !Array.isArray(parameter);
}

/** @param drawn whether values are sampled from the range, which then needs no `step` */
export function rangeProblem({ min, max, step, log }: SweepRange, drawn: boolean): RangeProblem | undefined {
  if (min > max) return { key: 'min', message: '`min` is above `max`' };
  if (log && min <= 0) return { key: 'min', message: 'with `log: true`, `min` must be above 0' };
  if (step === undefined) {
    return drawn
      ? undefined
      : {
          key: 'min',
          message: 'a range needs a `step`',
          hint: '`random` and `bayes` do without, and `halving` with a `run_cap`',
        };
  }
  if (log && step <= 1) {
    return { key: 'step', message: 'with `log: true`, `step` is a factor and must be above 1' };
  }
  if (countOf({ min, max, step, log }) > MOST_VALUES) {
    return { key: 'step', message: `the range has more than ${MOST_VALUES} values` };
  }
  return undefined;
}

/** The values of a valid range with a step, in ascending order. */
export function rangeValues({ min, max, step = 1, log }: SweepRange): readonly number[] {
  return Array.from({ length: countOf({ min, max, step, log }) }, (_, index) =>
    Math.min(max, tidy(log ? min * step ** index : min + step * index)),
  );
}

function countOf({ min, max, step, log }: Required<SweepRange>): number {
  const steps = log ? Math.log(max / min) / Math.log(step) : (max - min) / step;
  // Rounding must not lose the highest value.
  return Math.floor(steps + 1e-9) + 1;
}

/** Samples one value, uniformly over a list or a range, or over its logarithm with `log`. */
export function drawValue(parameter: SweepParameter, generator: Philox): Json {
  if (!isRange(parameter)) return parameter[generator.integer(parameter.length)] ?? null;
  const { min, max, step, log } = parameter;
  if (step !== undefined) {
    const values = rangeValues(parameter);
    return values[generator.integer(values.length)] ?? min;
  }
  const share = generator.next() / 2 ** 32;
  if (log) return roundDrawn(min * (max / min) ** share, parameter);
  return isWhole(parameter)
    ? Math.min(max, min + Math.floor(share * (max - min + 1)))
    : roundDrawn(min + share * (max - min), parameter);
}

/** A number of a range without a step: an integer if both ends are integers, otherwise with six digits. */
export function roundDrawn(value: number, range: SweepRange): number {
  const rounded = isWhole(range) ? Math.round(value) : Number(value.toPrecision(6));
  return Math.min(range.max, Math.max(range.min, rounded));
}

function isWhole({ min, max }: SweepRange): boolean {
  return Number.isInteger(min) && Number.isInteger(max);
}

/** Removes rounding errors, so that 0.1 + 0.2 is 0.3. */
function tidy(value: number): number {
  return Number(value.toPrecision(12));
}
