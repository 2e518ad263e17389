/** Types of the values of a program. */
import { sizeOf } from '../../core/shape.ts';

export const DTYPES = ['float32', 'int32', 'bool'] as const;

/** Types of elements: IEEE 754 single precision, two's complement, or true and false. */
export type DType = (typeof DTYPES)[number];

export type Shape = readonly number[];

/** Elements are in row-major order. A shape without axes is that of a scalar. */
export interface Type {
  readonly dtype: DType;
  readonly shape: Shape;
}

/** The elements of a constant: int32 as Int32Array, bool as Uint8Array of 0 and 1. */
export type Elements = Float32Array | Int32Array | Uint8Array;

export function float32(...shape: number[]): Type {
  return { dtype: 'float32', shape };
}

export function isDType(text: string): text is DType {
  return (DTYPES as readonly string[]).includes(text);
}

export function sameShape(one: Shape, other: Shape): boolean {
  return one.length === other.length && one.every((length, axis) => length === other[axis]);
}

export function sameType(one: Type, other: Type): boolean {
  return one.dtype === other.dtype && sameShape(one.shape, other.shape);
}

/** Such as `float32[32, 784]`. */
export function typeText({ dtype, shape }: Type): string {
  return `${dtype}[${shape.join(', ')}]`;
}

/** Bytes of an element: a bool takes one. */
export function bytesOf({ dtype, shape }: Type): number {
  return sizeOf(shape) * (dtype === 'bool' ? 1 : 4);
}

/** An array for the elements of a type, filled with zeros. */
export function elementsOf({ dtype, shape }: Type): Elements {
  const size = sizeOf(shape);
  if (dtype === 'float32') return new Float32Array(size);
  return dtype === 'int32' ? new Int32Array(size) : new Uint8Array(size);
}

/**
 * The shape to which both operands are broadcast, by NumPy's rules: axes are matched from the last one backwards, and an axis
 * that is missing or has length 1 is repeated.
 *
 * @returns undefined where they do not match
 */
export function broadcastShape(one: Shape, other: Shape): Shape | undefined {
  const rank = Math.max(one.length, other.length);
  const shape: number[] = [];
  for (let axis = 1; axis <= rank; axis++) {
    const a = one[one.length - axis] ?? 1;
    const b = other[other.length - axis] ?? 1;
    if (a !== b && a !== 1 && b !== 1) return undefined;
    shape.unshift(a === 1 ? b : a);
  }
  return shape;
}

/** A program that is not valid, or a step that cannot be written as a program. */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
}

/** The kind of an attribute's value. It determines how the value is written as text. */
export type AttributeKind =
  | 'boolean'
  | 'integer'
  | 'number'
  | 'integers'
  | 'pair'
  | 'pairs'
  | 'word'
  | 'words'
  | 'elements'
  | 'program';
