/** Compares what programs compute. */
import assert from 'node:assert/strict';
import { printProgram } from '../../../src/engine/program/print.ts';
import type { Program } from '../../../src/engine/program/program.ts';
import { interpret, type Outputs } from '../../../src/engine/program/reference/interpret.ts';
import type { Elements } from '../../../src/engine/program/types.ts';
import { boundedOutputs, distance, type Bounded, type Units } from './bounds.ts';

/** `exact`: the same numbers, and 0 is not -0. */
export type Tolerances = 'exact' | Units;

/** Sixteen units in the last place for each instruction. */
export const FLOAT32: Units = { unit: 2 ** -20 };

/** The same for TensorFlow and XLA. */
export const XLA: Units = { ...FLOAT32, isTensorFlow: true };

/**
 * Compares two programs by the reference interpreter.
 *
 * @throws AssertionError with the first element that differs, and the first program
 */
export function assertSameOutputs(
  one: Program,
  other: Program,
  values: ReadonlyMap<string, Elements>,
  tolerances: Tolerances = 'exact',
): void {
  assertOutputs(one, values, interpret(other, values), tolerances);
}

/**
 * Compares what a target computed with the reference interpreter; see `bounds.ts` for what is allowed.
 *
 * @throws AssertionError with the first element that differs, and the program
 */
export function assertOutputs(
  program: Program,
  values: ReadonlyMap<string, Elements>,
  outputs: Outputs,
  tolerances: Tolerances = FLOAT32,
): void {
  const message =
    tolerances === 'exact'
      ? difference(interpret(program, values), outputs, inexact)
      : difference(boundedOutputs(program, values, tolerances), outputs, outOfBounds);
  if (message !== undefined) assert.fail(`${message}\n${printProgram(program)}`);
}

/** Tells of the first element that is not as expected. */
type Compare<Expected> = (expected: Expected, actual: Elements) => string | undefined;

interface OutputsOf<Value> {
  readonly results: readonly Value[];
  readonly updates: ReadonlyMap<string, Value>;
}

function difference<Expected>(
  expected: OutputsOf<Expected>,
  actual: Outputs,
  compare: Compare<Expected>,
): string | undefined {
  const [named, others] = [byName(expected), byName(actual)];
  const names = [...named.keys()].sort().join();
  if (names !== [...others.keys()].sort().join())
    return `outputs ${[...others.keys()].join()} in place of ${names}`;
  for (const [name, value] of named) {
    const message = compare(value, others.get(name) ?? new Float32Array());
    if (message !== undefined) return `${name}${message}`;
  }
  return undefined;
}

function byName<Value>({ results, updates }: OutputsOf<Value>): ReadonlyMap<string, Value> {
  return new Map([...results.map((value, at) => [`result ${at}`, value] as const), ...updates]);
}

const inexact: Compare<Elements> = (expected, actual) => firstDifference(expected, actual, Object.is);

const outOfBounds: Compare<Bounded> = ({ tensor, error }, actual) =>
  firstDifference(tensor.elements, actual, (one, other, at) => {
    const bound = error.elements[at] ?? 0;
    return !Number.isFinite(bound) || distance(one, other) <= bound;
  });

function firstDifference(
  expected: Elements,
  actual: Elements,
  isSame: (one: number, other: number, at: number) => boolean,
): string | undefined {
  if (expected.constructor !== actual.constructor || expected.length !== actual.length)
    return ` has ${actual.length} elements of ${actual.constructor.name}`;
  const at = expected.findIndex((element, index) => !isSame(element, actual[index] ?? Number.NaN, index));
  return at === -1 ? undefined : `[${at}] is ${actual[at]}, not ${expected[at]}`;
}
