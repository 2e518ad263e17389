/** A parameter of a sweep as an axis that a search can move along: a list of categories, or a line of numbers. */
import { canonicalJson, type Json } from '../../core/json.ts';
import { isRange, rangeValues, roundDrawn, type SweepParameter, type SweepRange } from '../values.ts';

/** Values without order, as a list has them. */
export interface Categories {
  readonly kind: 'categories';
  readonly values: readonly Json[];
}

/** Numbers of a range, by a coordinate that measures distances: the logarithm with `log`, the index with `step`. */
export interface Line {
  readonly kind: 'line';
  readonly low: number;
  readonly high: number;
  /** Number of distinct values; `Infinity` for a continuous range. */
  readonly count: number;
  /** @returns the coordinate of a value of the range */
  position(value: number): number;
  /** @returns the value nearest to a coordinate from `low` to `high` */
  value(position: number): number;
  /** @returns the interval of coordinates with this value; undefined for a continuous range */
  cell(value: number): readonly [number, number] | undefined;
  /** The values in ascending order; for a continuous range or very many values, evenly spaced ones. */
  list(): readonly number[];
}

/** Maximum number of values of a range to list. */
const MOST_LISTED = 10_000;

export type Axis = Categories | Line;

export function axisOf(parameter: SweepParameter): Axis {
  if (isRange(parameter)) return lineOf(parameter);
  const values = [...new Map(parameter.map((value) => [canonicalJson(value), value])).values()];
  return { kind: 'categories', values };
}

export function countOf(axis: Axis): number {
  return axis.kind === 'line' ? axis.count : axis.values.length;
}

function lineOf(range: SweepRange): Line {
  const { min, max, step, log } = range;
  if (step !== undefined || min === max) return steppedLine(step === undefined ? [min] : rangeValues(range));
  const position = log ? Math.log : identity;
  const inverse = log ? Math.exp : identity;
  const value = (at: number): number => roundDrawn(inverse(at), range);
  if (!Number.isInteger(min) || !Number.isInteger(max)) {
    const ends = { low: position(min), high: position(max) };
    const list = (): readonly number[] =>
      spread((share) => value(ends.low + (ends.high - ends.low) * share), MOST_LISTED);
    return { kind: 'line', ...ends, count: Infinity, position, value, cell: () => undefined, list };
  }
  // An integer stands for all numbers that round to it.
  const cell = (whole: number): readonly [number, number] => [position(whole - 0.5), position(whole + 0.5)];
  return {
    kind: 'line',
    low: cell(min)[0],
    high: cell(max)[1],
    count: max - min + 1,
    position,
    value,
    cell,
    list: () =>
      spread((share) => Math.round(min + (max - min) * share), Math.min(MOST_LISTED, max - min + 1)),
  };
}

function steppedLine(values: readonly number[]): Line {
  const last = values.length - 1;
  const position = (value: number): number => values.indexOf(value);
  return {
    kind: 'line',
    low: -0.5,
    high: last + 0.5,
    count: values.length,
    position,
    value: (at) => values[Math.min(last, Math.max(0, Math.round(at)))] ?? Number.NaN,
    cell: (value) => [position(value) - 0.5, position(value) + 0.5],
    list: () => values,
  };
}

/** Distinct values at equal distances, from the value at 0 to the value at 1. */
function spread(value: (share: number) => number, count: number): readonly number[] {
  return [...new Set(Array.from({ length: count }, (_, index) => value(index / (count - 1))))];
}

function identity(value: number): number {
  return value;
}
