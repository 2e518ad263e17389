/** Movements of elements, as copies along steps. A step is the number of elements from one place of an axis to the next. */
import type { Value } from '../program/program.ts';
import type { DType, Shape } from '../program/types.ts';
import type { NewCall } from './kernel-calls.ts';

export interface Movement {
  readonly from: Value;
  readonly to: Value;
  readonly dtype: DType;
  /** The shape of the part that is copied. */
  readonly lengths: Shape;
  readonly fromSteps: readonly number[];
  readonly toSteps: readonly number[];
  /** The position of the first element. */
  readonly fromAt?: number;
  readonly toAt?: number;
}

/** The steps of a shape, row-major. */
export function stepsOf(shape: Shape): readonly number[] {
  const steps: number[] = [];
  let step = 1;
  for (const length of shape.toReversed()) {
    steps.unshift(step);
    step *= length;
  }
  return steps;
}

/** The steps of a shape that is broadcast to another: 0 along axes that repeat. */
export function broadcastSteps(shape: Shape, to: Shape): readonly number[] {
  const steps = stepsOf(shape);
  const missing = to.length - shape.length;
  return to.map((_, axis) => (shape[axis - missing] === 1 ? 0 : (steps[axis - missing] ?? 0)));
}

export interface Axis {
  readonly length: number;
  readonly steps: readonly number[];
}

/** Drops axes of length 1, and joins adjacent axes that all inputs and outputs walk through in one go. */
export function joinAxes(lengths: Shape, steps: readonly (readonly number[])[]): readonly Axis[] {
  const axes: Axis[] = [];
  for (const [index, length] of lengths.entries()) {
    if (length === 1) continue;
    const own: Axis = { length, steps: steps.map((each) => each[index] ?? 0) };
    const outer = axes.at(-1);
    const isJoined = outer?.steps.every((step, at) => step === (own.steps[at] ?? 0) * length);
    if (outer !== undefined && isJoined === true)
      axes[axes.length - 1] = { length: outer.length * length, steps: own.steps };
    else axes.push(own);
  }
  return axes.length === 0 ? [{ length: 1, steps: steps.map(() => 1) }] : axes;
}

/** Undefined if there is nothing to copy. */
export function moveCall(movement: Movement): NewCall | undefined {
  const { from, to, dtype, lengths, fromSteps, toSteps, fromAt = 0, toAt = 0 } = movement;
  if (lengths.includes(0)) return undefined;
  const axes = joinAxes(lengths, [fromSteps, toSteps]);
  const list = (values: readonly number[]): readonly number[] => [values.length, ...values];
  return {
    kernel: 'move',
    reads: [from],
    writes: [to],
    words: (number) => [
      ...[dtype === 'bool' ? 1 : 4, ...list(axes.map(({ length }) => length))],
      ...[0, 1].flatMap((which) => list(axes.map(({ steps }) => steps[which] ?? 0))),
      ...[fromAt, toAt, number(from), number(to)],
    ],
  };
}
