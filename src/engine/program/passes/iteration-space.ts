/**
 * The space that an elementwise instruction goes over: one place for each element, axis by axis. Two spaces with the same number
 * of elements are equal if they only split axes differently, as [32, 6272] and [32, 14, 14, 32] do: both walk through memory row
 * by row.
 */
import { sizeOf } from '../../../core/shape.ts';
import type { Shape } from '../types.ts';

/**
 * The coarsest shape whose axes, joined, make the axes of both.
 *
 * @returns undefined where there is none, as for [4, 6] and [6, 4]
 */
export function commonSpace(one: Shape, other: Shape): Shape | undefined {
  const size = sizeOf(one);
  if (size !== sizeOf(other)) return undefined;
  if (size === 1) return [];
  const strides = [...new Set([...stridesOf(one), ...stridesOf(other)])].sort((a, b) => b - a);
  const shape = strides.map((stride, index) => (strides[index - 1] ?? size) / stride);
  return shape.every(Number.isInteger) ? shape : undefined;
}

/** Elements from one place of each axis to the next, of axes longer than 1. */
function stridesOf(shape: Shape): readonly number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const length of shape.toReversed()) {
    if (length !== 1) strides.push(stride);
    stride *= length;
  }
  return strides;
}

/** The axes of a finer space that make up each axis of a coarser one: the first, and the one after the last. */
export function splitAxes(coarse: Shape, fine: Shape): readonly (readonly [first: number, end: number])[] {
  let end = 0;
  return coarse.map((length) => {
    const first = end;
    for (let product = 1; product < length;) product *= fine[end++] ?? length;
    return [first, end] as const;
  });
}

/** Turns a shape that is broadcast to `coarse` into one that is broadcast to `fine`: without leading axes of length 1. */
export function restated(shape: Shape, coarse: Shape, fine: Shape): Shape {
  const leading = coarse.length - shape.length;
  const whole = splitAxes(coarse, fine).flatMap(([first, end], axis) => {
    const part = fine.slice(first, end);
    return (shape[axis - leading] ?? 1) === 1 ? part.map(() => 1) : part;
  });
  const long = whole.findIndex((length) => length !== 1);
  return long === -1 ? [] : whole.slice(long);
}
