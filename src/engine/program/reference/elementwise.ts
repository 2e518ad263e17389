/**
 * The elementwise functions. Each is computed in float64, by JavaScript's `Math` where it has the function, and rounded to
 * float32 once. For `add`, `sub`, `mul`, `div` and `sqrt` this is the float32 result of IEEE 754: float64 has more than twice
 * the digits, so the first rounding does no harm (S. A. Figueroa, "When is double rounding innocuous?", 1995).
 * Integers wrap (two's complement).
 */
import { isElementwise, type ElementwiseName } from '../elementwise.ts';
import type { Instruction } from '../program.ts';
import { broadcastShape, ProgramError, type DType, type Shape } from '../types.ts';
import { erf } from './erf.ts';
import { elementAt, tensor, type Index, type Tensor } from './tensor.ts';

/** Computes an element of the result from one element of each operand; true is 1. */
type Scalar = (a: number, b: number, c: number) => number;

type Named = Exclude<ElementwiseName, 'leaky_relu' | 'clamp' | 'cast'>;

const SELU_SCALE = 1.0507009873554805;
const SELU_ALPHA = 1.6732632423543772;

const FUNCTIONS: Readonly<Record<Named, Scalar>> = {
  neg: (x) => -x,
  abs: Math.abs,
  // 0 for -0, too.
  sign: (x) => (x === 0 ? 0 : Math.sign(x)),
  square: (x) => x * x,
  sqrt: Math.sqrt,
  rsqrt: (x) => 1 / Math.sqrt(x),
  reciprocal: (x) => 1 / x,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  sin: Math.sin,
  cos: Math.cos,
  tanh: Math.tanh,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  // ln(1 + e^x) without an e^x that overflows.
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  erf,
  relu: (x) => (x <= 0 ? 0 : x),
  relu6: (x) => (x <= 0 ? 0 : minimum(x, 6)),
  elu: (x) => (x < 0 ? Math.expm1(x) : x),
  selu: (x) => SELU_SCALE * (x < 0 ? SELU_ALPHA * Math.expm1(x) : x),
  floor: Math.floor,
  ceil: Math.ceil,
  round: roundHalfToEven,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  // In two steps of float32: a quotient that rounds up to an integer counts as that integer.
  floor_div: (a, b) => Math.floor(Math.fround(a / b)),
  mod: floorMod,
  max: maximum,
  min: minimum,
  pow: power,
  relu_gradient: (dy, y) => (y > 0 ? dy : 0),
  eq: (a, b) => Number(a === b),
  ne: (a, b) => Number(a !== b),
  lt: (a, b) => Number(a < b),
  le: (a, b) => Number(a <= b),
  gt: (a, b) => Number(a > b),
  ge: (a, b) => Number(a >= b),
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  not: (a) => 1 - a,
  select: (condition, a, b) => (condition === 1 ? a : b),
};

/** Functions for which float64 does not hold all digits of an integer, or division by 0 has no quotient. */
const OF_INTEGERS: Partial<Record<Named, Scalar>> = {
  square: (x) => Math.imul(x, x),
  mul: Math.imul,
  // Division by 0 is 0 with the remainder a, so that a = b floor_div(a, b) + mod(a, b) still holds.
  floor_div: (a, b) => (b === 0 ? 0 : Math.floor(a / b)),
  mod: (a, b) => (b === 0 ? a : floorMod(a, b)),
};

/** @throws ProgramError for an instruction that is not elementwise */
export function elementwise(instruction: Instruction, operands: readonly Tensor[]): Tensor {
  const { op, attributes } = instruction;
  const [first] = operands;
  if (first === undefined || !isElementwise(op)) throw new ProgramError(`${op} is not elementwise`);
  const from = first.type.dtype;
  if (op === 'cast') return apply(cast(from, attributes.dtype), attributes.dtype, operands);
  const [result] = instruction.results;
  const dtype = result?.type.dtype ?? from;
  if (op === 'leaky_relu') {
    const alpha = Math.fround(attributes.alpha);
    return apply((x) => (x < 0 ? alpha * x : x), dtype, operands);
  }
  if (op === 'clamp') {
    const [low, high] = [Math.fround(attributes.low), Math.fround(attributes.high)];
    return apply((x) => minimum(maximum(x, low), high), dtype, operands);
  }
  return named(op, dtype, operands);
}

/** A function without attributes, whose result has the type `dtype`. */
export function named(op: Named, dtype: DType, operands: readonly Tensor[]): Tensor {
  const isInteger = operands.some(({ type }) => type.dtype === 'int32');
  return apply((isInteger ? OF_INTEGERS[op] : undefined) ?? FUNCTIONS[op], dtype, operands);
}

function apply(f: Scalar, dtype: DType, operands: readonly Tensor[]): Tensor {
  const shape = operands.reduce<Shape>(
    (both, { type }) => broadcastShape(both, type.shape) ?? unmatched(type.shape),
    [],
  );
  return tensor(dtype, shape, (index) => {
    const [a = 0, b = 0, c = 0] = operands.map((operand) => elementAt(operand, stretch(operand, index)));
    return f(a, b, c);
  });
}

/** The place in a broadcast operand for a place in the result: axes are matched from the last one, and those of length 1 repeat. */
export function stretch({ type: { shape } }: Tensor, index: Index): Index {
  const missing = index.length - shape.length;
  return shape.map((length, axis) => (length === 1 ? 0 : (index[missing + axis] ?? 0)));
}

function unmatched(shape: Shape): never {
  throw new ProgramError(`[${shape.join(', ')}] does not match`);
}

/** The first operand if both are equal, as 0 and -0 are; NaN if either is NaN. */
function maximum(a: number, b: number): number {
  return a >= b || Number.isNaN(a) ? a : b;
}

function minimum(a: number, b: number): number {
  return a <= b || Number.isNaN(a) ? a : b;
}

/** The remainder of a division whose quotient is rounded down: it has the sign of `b`. JavaScript's `%` has that of `a`, and is exact. */
function floorMod(a: number, b: number): number {
  const remainder = a % b;
  return remainder !== 0 && remainder < 0 !== b < 0 ? remainder + b : remainder;
}

/** As IEEE 754 defines it: 1 to any power is 1, even to NaN, and so is -1 to an infinite one, where JavaScript has NaN. */
function power(a: number, b: number): number {
  return a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : a ** b;
}

function roundHalfToEven(x: number): number {
  const below = Math.floor(x);
  const isUp = x - below > 0.5 || (x - below === 0.5 && below % 2 !== 0);
  // `ceil` keeps the sign of what rounds to -0.
  return isUp ? Math.ceil(x) : below;
}

/** Rounds floats towards 0; those beyond int32 become the nearest one, and NaN becomes 0. */
function cast(from: DType, to: DType): Scalar {
  if (to === 'bool') return (x) => Number(x !== 0);
  if (to === 'float32' || from !== 'float32') return (x) => x;
  return (x) => Math.min(Math.max(Math.trunc(x) || 0, -(2 ** 31)), 2 ** 31 - 1);
}
