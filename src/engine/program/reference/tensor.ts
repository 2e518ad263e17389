/** Arrays of the reference interpreter, and how their elements are found. Clarity comes before speed here. */
import { elementsOf, type DType, type Elements, type Shape, type Type } from '../types.ts';

/** The elements of a value, row-major: the last axis varies fastest. They never change. */
export interface Tensor {
  readonly type: Type;
  readonly elements: Elements;
}

/** The place of an element: a number for each axis. */
export type Index = readonly number[];

/** All places of a shape, in the order of the elements. */
export function* indicesOf(shape: Shape): Generator<Index> {
  const [length, ...inner] = shape;
  if (length === undefined) {
    yield [];
    return;
  }
  for (let place = 0; place < length; place++) {
    for (const rest of indicesOf(inner)) yield [place, ...rest];
  }
}

/** How many elements come before a place. */
export function offsetOf(shape: Shape, index: Index): number {
  return index.reduce((offset, place, axis) => offset * (shape[axis] ?? 1) + place, 0);
}

export function elementAt({ type, elements }: Tensor, index: Index): number {
  return numberAt(elements, offsetOf(type.shape, index));
}

/** @throws RangeError where there is none */
export function numberAt(numbers: Elements | Float64Array, offset: number): number {
  const number = numbers[offset];
  if (number === undefined) throw new RangeError(`no element ${offset} among ${numbers.length}`);
  return number;
}

/**
 * A tensor by the formula of its elements. Storing rounds a number to the nearest float32, halves to even, and wraps an
 * integer to 32 bits.
 */
export function tensor(dtype: DType, shape: Shape, element: (index: Index) => number): Tensor {
  const type: Type = { dtype, shape };
  const elements = elementsOf(type);
  let offset = 0;
  for (const index of indicesOf(shape)) elements[offset++] = element(index);
  return { type, elements };
}

/** A tensor of sums in float64, each of which is rounded once. */
export function rounded(shape: Shape, sums: Float64Array): Tensor {
  return { type: { dtype: 'float32', shape }, elements: Float32Array.from(sums) };
}
