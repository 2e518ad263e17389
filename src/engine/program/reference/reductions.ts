/** Reductions over axes: sums, and largest and smallest elements. */
import { sizeOf } from '../../../core/shape.ts';
import type { Reduction } from '../program.ts';
import type { Shape } from '../types.ts';
import { indicesOf, numberAt, offsetOf, rounded, type Tensor } from './tensor.ts';

/** The sum along `axes` in float64, rounded once; 0 without elements. */
export function reduceSum(x: Tensor, reduction: Reduction): Tensor {
  return reduce(x, reduction, 0, (sum, element) => sum + element);
}

/** -Infinity without elements. NaN propagates. */
export function reduceMax(x: Tensor, reduction: Reduction): Tensor {
  return reduce(x, reduction, -Infinity, (most, element) =>
    element > most || Number.isNaN(element) ? element : most,
  );
}

/** Infinity without elements. NaN propagates. */
export function reduceMin(x: Tensor, reduction: Reduction): Tensor {
  return reduce(x, reduction, Infinity, (least, element) =>
    element < least || Number.isNaN(element) ? element : least,
  );
}

function reduce(
  { type: { shape }, elements }: Tensor,
  { axes, keep }: Reduction,
  start: number,
  combine: (all: number, element: number) => number,
): Tensor {
  const kept: Shape = shape.map((length, axis) => (axes.includes(axis) ? 1 : length));
  const results = new Float64Array(sizeOf(kept)).fill(start);
  let offset = 0;
  for (const index of indicesOf(shape)) {
    const result = offsetOf(
      kept,
      index.map((place, axis) => (axes.includes(axis) ? 0 : place)),
    );
    results[result] = combine(numberAt(results, result), numberAt(elements, offset++));
  }
  return rounded(keep ? kept : kept.filter((_, axis) => !axes.includes(axis)), results);
}
