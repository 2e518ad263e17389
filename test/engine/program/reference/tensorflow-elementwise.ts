/** Elementwise instructions and what TensorFlow calls them. */
import type * as tfjs from '@tensorflow/tfjs';
import type { ElementwiseName } from '../../../../src/engine/program/elementwise.ts';
import { bool, float, int, op, tf, type Case, type Operand, type Table } from './tensorflow-case.ts';

type Plain = Case<Readonly<Record<never, never>>>;
type Unary = (x: tfjs.Tensor) => tfjs.Tensor;
type Binary = (a: tfjs.Tensor, b: tfjs.Tensor) => tfjs.Tensor;

function unary(f: Unary, from = -2, to = 2): readonly Plain[] {
  return [float([3, 17], from, to), float([], from, to)].map((x) => elementwise([x], (at) => f(at(0))));
}

function elementwise(operands: readonly Operand[], expected: Plain['expected']): Plain {
  return { operands, attributes: {}, expected };
}

/** A function of numbers of both kinds. */
function unaryOfNumbers(f: Unary): readonly Plain[] {
  return [...unary(f), elementwise([int([17])], (at) => f(at(0)))];
}

/** Operands that are stretched in several ways. */
const STRETCHED: readonly (readonly [readonly number[], readonly number[]])[] = [
  [
    [3, 17],
    [3, 17],
  ],
  [[3, 1], [17]],
  [[], [2, 1, 3]],
  [
    [4, 1, 3],
    [1, 5, 1],
  ],
];

function binary(f: Binary, of = float, from = -2): readonly Plain[] {
  return STRETCHED.map(([a, b]) => elementwise([of(a, from, 5), of(b, from, 5)], (at) => f(at(0), at(1))));
}

function binaryOfNumbers(f: Binary, from = -2): readonly Plain[] {
  return [...binary(f, float, from), ...binary(f, int, from)];
}

function binaryOfBools(f: Binary): readonly Plain[] {
  return STRETCHED.map(([a, b]) => elementwise([bool(a), bool(b)], (at) => f(at(0), at(1))));
}

export const elementwiseCases: Pick<Table, ElementwiseName> = {
  neg: unaryOfNumbers(tf.neg),
  abs: unaryOfNumbers(tf.abs),
  sign: unaryOfNumbers(tf.sign),
  square: unaryOfNumbers(tf.square),
  sqrt: unary(tf.sqrt, 0, 9),
  rsqrt: unary(tf.rsqrt, 0.1, 9),
  reciprocal: unary(tf.reciprocal, 0.1, 9),
  exp: unary(tf.exp, -5, 5),
  expm1: unary(tf.expm1),
  log: unary(tf.log, 0.01, 9),
  log1p: unary(tf.log1p, -0.9, 9),
  sin: unary(tf.sin, -9, 9),
  cos: unary(tf.cos, -9, 9),
  tanh: unary(tf.tanh, -5, 5),
  sigmoid: unary(tf.sigmoid, -9, 9),
  softplus: unary(tf.softplus, -20, 20),
  erf: unary(tf.erf, -5, 5),
  relu: unary(tf.relu),
  relu6: unary(tf.relu6, -9, 9),
  elu: unary(tf.elu),
  selu: unary(tf.selu),
  floor: unary(tf.floor, -5, 5),
  ceil: unary(tf.ceil, -5, 5),
  round: unary(tf.round, -5, 5),
  leaky_relu: [
    { operands: [float([3, 17])], attributes: { alpha: 0.3 }, expected: (at) => tf.leakyRelu(at(0), 0.3) },
  ],
  clamp: [
    {
      operands: [float([3, 17])],
      attributes: { low: -0.3, high: 1 },
      expected: (at) => tf.clipByValue(at(0), -0.3, 1),
    },
  ],
  cast: [
    { operands: [float([17], -9, 9)], attributes: { dtype: 'int32' }, expected: (at) => at(0).toInt() },
    { operands: [int([17])], attributes: { dtype: 'float32' }, expected: (at) => at(0).toFloat() },
    { operands: [int([17], -1, 2)], attributes: { dtype: 'bool' }, expected: (at) => at(0).toBool() },
    { operands: [bool([17])], attributes: { dtype: 'float32' }, expected: (at) => at(0).toFloat() },
    { operands: [bool([17])], attributes: { dtype: 'int32' }, expected: (at) => at(0).toInt() },
  ],
  add: binaryOfNumbers(tf.add),
  sub: binaryOfNumbers(tf.sub),
  mul: binaryOfNumbers(tf.mul),
  div: binary(tf.div, float, 1),
  floor_div: [...binary(tf.floorDiv), ...binary(tf.floorDiv, int, 1)],
  mod: [...binary(tf.mod), ...binary(tf.mod, int, 1)],
  max: binaryOfNumbers(tf.maximum),
  min: binaryOfNumbers(tf.minimum),
  pow: binary(tf.pow, float, 0.5),
  relu_gradient: [elementwise([float([3, 17]), float([3, 17])], (at) => op('ReluGrad', {}, [at(0), at(1)]))],
  eq: binaryOfNumbers(tf.equal),
  ne: binaryOfNumbers(tf.notEqual),
  lt: binaryOfNumbers(tf.less),
  le: binaryOfNumbers(tf.lessEqual),
  gt: binaryOfNumbers(tf.greater),
  ge: binaryOfNumbers(tf.greaterEqual),
  and: binaryOfBools(tf.logicalAnd),
  or: binaryOfBools(tf.logicalOr),
  not: [elementwise([bool([17])], (at) => tf.logicalNot(at(0)))],
  select: [
    elementwise([bool([3, 1]), float([17]), float([3, 17])], (at) => tf.where(at(0), at(1), at(2))),
    elementwise([bool([2, 3]), int([2, 3]), int([])], (at) => tf.where(at(0), at(1), at(2))),
  ],
};
