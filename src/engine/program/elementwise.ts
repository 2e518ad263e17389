/** The elementwise functions: an element of the result follows from one element of each operand. Operands are broadcast as in NumPy. */
import {
  broadcastShape,
  ProgramError,
  type AttributeKind,
  type DType,
  type Shape,
  type Type,
} from './types.ts';

interface Definition {
  readonly attributes: Readonly<Record<string, AttributeKind>>;
  /** As in `instructions.ts`. */
  readonly inType?: Readonly<Record<string, keyof Type>>;
  readonly arity: 1 | 2 | 3;
  /** @throws ProgramError where the operands do not fit */
  infer(operands: readonly Type[], attributes: unknown): Type;
}

/** The types that the operands may have (all the same one), and the type of the result, by default that of the operands. */
interface Kinds {
  readonly of: readonly DType[];
  readonly to?: DType;
}

const FLOAT: Kinds = { of: ['float32'] };
const NUMBER: Kinds = { of: ['float32', 'int32'] };
const COMPARED: Kinds = { of: ['float32', 'int32'], to: 'bool' };
const LOGICAL: Kinds = { of: ['bool'] };

function unary(kinds: Kinds, attributes: Definition['attributes'] = {}): Definition {
  return { arity: 1, attributes, infer: (operands) => broadcast(operands, 1, kinds) };
}

function binary(kinds: Kinds): Definition {
  return { arity: 2, attributes: {}, infer: (operands) => broadcast(operands, 2, kinds) };
}

function broadcast(operands: readonly Type[], arity: number, { of, to }: Kinds): Type {
  const [first] = operands;
  if (first === undefined || operands.length !== arity)
    throw new ProgramError(`takes ${arity} operands, not ${operands.length}`);
  for (const { dtype } of operands) {
    if (!of.includes(dtype) || dtype !== first.dtype) throw new ProgramError(`does not take ${dtype}`);
  }
  return { dtype: to ?? first.dtype, shape: stretched(operands) };
}

function stretched(operands: readonly Type[]): Shape {
  return operands.reduce<Shape>((shape, operand) => {
    const both = broadcastShape(shape, operand.shape);
    if (both === undefined)
      throw new ProgramError(`[${shape.join(', ')}] does not match [${operand.shape.join(', ')}]`);
    return both;
  }, []);
}

/**
 * Each function with the types that it takes. NaN: `max`, `min`, `relu` and `clamp` of it are NaN; every comparison with it is
 * false, except `ne`, which is true.
 */
export const ELEMENTWISE = {
  neg: unary(NUMBER),
  abs: unary(NUMBER),
  /** -1, 0 or 1. */
  sign: unary(NUMBER),
  square: unary(NUMBER),
  sqrt: unary(FLOAT),
  /** 1 / sqrt(x). */
  rsqrt: unary(FLOAT),
  /** 1 / x. */
  reciprocal: unary(FLOAT),
  exp: unary(FLOAT),
  /** e^x - 1. */
  expm1: unary(FLOAT),
  log: unary(FLOAT),
  /** ln(1 + x). */
  log1p: unary(FLOAT),
  sin: unary(FLOAT),
  cos: unary(FLOAT),
  tanh: unary(FLOAT),
  /** 1 / (1 + e^-x). */
  sigmoid: unary(FLOAT),
  /** ln(1 + e^x). */
  softplus: unary(FLOAT),
  erf: unary(FLOAT),
  /** max(x, 0). */
  relu: unary(FLOAT),
  /** min(max(x, 0), 6). */
  relu6: unary(FLOAT),
  /** x, or e^x - 1 below 0. */
  elu: unary(FLOAT),
  /** 1.0507 x, or 1.7581 (e^x - 1) below 0 (G. Klambauer et al., arXiv:1706.02515). */
  selu: unary(FLOAT),
  /** x, or alpha x below 0. */
  leaky_relu: unary(FLOAT, { alpha: 'number' }),
  floor: unary(FLOAT),
  ceil: unary(FLOAT),
  /** To the nearest integer, halves to the even one. */
  round: unary(FLOAT),
  clamp: unary(FLOAT, { low: 'number', high: 'number' }),
  add: binary(NUMBER),
  sub: binary(NUMBER),
  mul: binary(NUMBER),
  div: binary(FLOAT),
  /** The quotient, rounded down. */
  floor_div: binary(NUMBER),
  /** a - b floor(a / b). */
  mod: binary(NUMBER),
  max: binary(NUMBER),
  min: binary(NUMBER),
  pow: binary(FLOAT),
  /** dy where y > 0, else 0. The first operand is the gradient, the second what `relu` computed. */
  relu_gradient: binary(FLOAT),
  eq: binary(COMPARED),
  ne: binary(COMPARED),
  lt: binary(COMPARED),
  le: binary(COMPARED),
  gt: binary(COMPARED),
  ge: binary(COMPARED),
  and: binary(LOGICAL),
  or: binary(LOGICAL),
  not: unary(LOGICAL),
  /** An element of the second operand where the first is true, of the third where it is false. */
  select: {
    arity: 3,
    attributes: {},
    infer: ([condition, ...branches]) => {
      const [one, other] = branches;
      if (condition?.dtype !== 'bool') throw new ProgramError('the condition must be bool');
      if (one === undefined || one.dtype !== other?.dtype)
        throw new ProgramError('the branches differ in type');
      return { dtype: one.dtype, shape: stretched([condition, one, other]) };
    },
  } satisfies Definition,
  /** To an integer, floats are rounded towards 0; to a bool, 0 is false and anything else is true; from a bool, true is 1. */
  cast: {
    arity: 1,
    attributes: { dtype: 'word' },
    inType: { dtype: 'dtype' },
    infer: ([x], attributes) => {
      if (x === undefined) throw new ProgramError('an operand is missing');
      return { dtype: (attributes as { readonly dtype: DType }).dtype, shape: x.shape };
    },
  } satisfies Definition,
} as const satisfies Readonly<Record<string, Definition>>;

export type ElementwiseName = keyof typeof ELEMENTWISE;

export function isElementwise(op: string): op is ElementwiseName {
  return Object.hasOwn(ELEMENTWISE, op);
}
