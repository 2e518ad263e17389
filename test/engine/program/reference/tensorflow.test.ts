/** Each instruction of the reference interpreter beside TensorFlow's eager operations. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import { Philox } from '../../../../src/core/philox.ts';
import { nativeBackend, type OpAttribute } from '../../../../src/engine/addon.ts';
import { ensureEngine } from '../../../../src/engine/install.ts';
import { loadEngine } from '../../../../src/engine/load.ts';
import { ProgramBuilder } from '../../../../src/engine/program/builder.ts';
import { parseProgram } from '../../../../src/engine/program/parse.ts';
import type { Attributes, OpName, PoolWindow } from '../../../../src/engine/program/program.ts';
import { interpret } from '../../../../src/engine/program/reference/interpret.ts';
import { elementsOf, type Elements, type Type } from '../../../../src/engine/program/types.ts';
import type { Pair, Window } from '../../../../src/engine/program/windows.ts';
import { STATELESS_UNIFORM } from '../../../../src/engine/random.ts';

/** A type, and between which numbers the elements lie. */
interface Operand {
  readonly type: Type;
  readonly from: number;
  readonly to: number;
}

type Results = tfjs.Tensor | readonly tfjs.Tensor[];

interface Case<Given> {
  readonly operands: readonly Operand[];
  readonly attributes: Given;
  readonly expected: (operand: (at: number) => tfjs.Tensor) => Results;
}

await ensureEngine('native', () => undefined, new AbortController().signal);
const { tf } = await loadEngine({ choice: 'native', threads: 1 });

function float(shape: readonly number[], from = -2, to = 2): Operand {
  return { type: { dtype: 'float32', shape }, from, to };
}

function int(shape: readonly number[], from = -9, to = 9): Operand {
  return { type: { dtype: 'int32', shape }, from, to };
}

function bool(shape: readonly number[]): Operand {
  return { type: { dtype: 'bool', shape }, from: 0, to: 2 };
}

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

/** For images of 7x5 pixels and windows of 3x2; none is the same along rows and columns. */
const WINDOWS: readonly Window[] = [
  [
    [1, 1],
    [0, 0],
    [0, 0],
  ],
  [
    [1, 2],
    [1, 1],
    [0, 1],
  ],
  [
    [2, 1],
    [0, 1],
    [1, 0],
  ],
  [
    [3, 2],
    [1, 0],
    [1, 1],
  ],
].map(([strides, rows, columns]) => ({
  strides: pair(strides),
  padding: [pair(rows), pair(columns)],
  dilations: [1, 1],
}));
const SIZE: Pair = [3, 2];

function pair(numbers: readonly number[] | undefined): Pair {
  return [numbers?.[0] ?? 0, numbers?.[1] ?? 0];
}

/** Rows and columns under a window of `SIZE`. */
function placesOf({ strides, padding }: Window): Pair {
  const along = (axis: 0 | 1, length: number): number =>
    Math.floor((length + padding[axis][0] + padding[axis][1] - SIZE[axis]) / strides[axis]) + 1;
  return [along(0, 7), along(1, 5)];
}

type OpAttributes = Readonly<Record<string, number | string | boolean | readonly number[]>>;

/** Runs an operation of TensorFlow itself. */
function op(name: string, attributes: OpAttributes, inputs: readonly tfjs.Tensor[]): tfjs.Tensor {
  const backend = nativeBackend(tf);
  const { TF_ATTR_BOOL, TF_ATTR_INT, TF_ATTR_STRING, TF_ATTR_TYPE, TF_FLOAT } = backend.binding;
  const kinds: Readonly<Record<string, number>> = { boolean: TF_ATTR_BOOL, string: TF_ATTR_STRING };
  const given = Object.entries(attributes).map(([key, value]): OpAttribute => ({
    name: key,
    type: kinds[typeof value] ?? TF_ATTR_INT,
    value,
  }));
  return backend.executeSingleOutput(
    name,
    [{ name: 'T', type: TF_ATTR_TYPE, value: TF_FLOAT }, ...given],
    inputs,
  );
}

function convolutionOp({ strides, padding, dilations }: Window): OpAttributes {
  return {
    strides: [1, ...strides, 1],
    padding: 'EXPLICIT',
    explicit_paddings: [0, 0, ...padding[0], ...padding[1], 0, 0],
    data_format: 'NHWC',
    dilations: [1, ...dilations, 1],
  };
}

function poolOp(window: Window): OpAttributes {
  const { dilations: _, ...attributes } = convolutionOp(window);
  return { ...attributes, ksize: [1, ...SIZE, 1] };
}

/** TensorFlow's mean knows `same` alone. */
const SAME: readonly PoolWindow[] = [
  {
    size: SIZE,
    strides: [1, 1],
    padding: [
      [1, 1],
      [0, 1],
    ],
    dilations: [1, 1],
  },
  {
    size: SIZE,
    strides: [2, 3],
    padding: [
      [1, 1],
      [0, 0],
    ],
    dilations: [1, 1],
  },
];

function sameOp({ strides, size }: PoolWindow): OpAttributes {
  return { strides: [1, ...strides, 1], ksize: [1, ...size, 1], padding: 'SAME', data_format: 'NHWC' };
}

function integers(...numbers: readonly number[]): tfjs.Tensor {
  return tf.tensor1d([...numbers], 'int32');
}

const IMAGES = [2, 7, 5, 3];
const FILTER = [...SIZE, 3, 4];
const HALF_PIXEL = { align_corners: false, half_pixel_centers: true };
const FACTORS: readonly Pair[] = [
  [2, 3],
  [1, 4],
  [3, 1],
];

type Table = { readonly [Op in OpName]: readonly Case<Attributes[Op]>[] };

const table: Table = {
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
  constant: [
    {
      operands: [],
      attributes: { dtype: 'float32', shape: [3], elements: Float32Array.of(0.1, -2, 3) },
      expected: () => tf.tensor1d([0.1, -2, 3]),
    },
  ],
  reshape: [
    { operands: [float([2, 3, 4])], attributes: { shape: [4, 6] }, expected: (at) => at(0).reshape([4, 6]) },
  ],
  broadcast: [
    {
      operands: [float([3, 1])],
      attributes: { shape: [2, 3, 4] },
      expected: (at) => tf.broadcastTo(at(0), [2, 3, 4]),
    },
    { operands: [bool([])], attributes: { shape: [3] }, expected: (at) => tf.tile(at(0).reshape([1]), [3]) },
  ],
  transpose: [
    {
      operands: [float([2, 3, 4, 5])],
      attributes: { permutation: [2, 0, 3, 1] },
      expected: (at) => tf.transpose(at(0), [2, 0, 3, 1]),
    },
  ],
  slice: [
    {
      operands: [float([4, 5, 3])],
      attributes: { begin: [1, 0, 2], size: [2, 5, 1] },
      expected: (at) => tf.slice(at(0), [1, 0, 2], [2, 5, 1]),
    },
  ],
  pad: [
    {
      operands: [float([2, 3])],
      attributes: {
        padding: [
          [1, 0],
          [2, 3],
        ],
        value: 0.1,
      },
      expected: (at) =>
        tf.pad(
          at(0),
          [
            [1, 0],
            [2, 3],
          ],
          0.1,
        ),
    },
  ],
  concatenate: [
    {
      operands: [float([2, 3]), float([2, 1]), float([2, 4])],
      attributes: { axis: 1 },
      expected: (at) => tf.concat([at(0), at(1), at(2)], 1),
    },
    {
      operands: [bool([2]), bool([3])],
      attributes: { axis: 0 },
      expected: (at) => tf.concat([at(0), at(1)]),
    },
  ],
  reduce_sum: reductions(tf.sum),
  reduce_max: reductions(tf.max),
  reduce_min: reductions(tf.min),
  matmul: [false, true].flatMap((transpose_a) =>
    [false, true].flatMap((transpose_b): readonly Case<Attributes['matmul']>[] => {
      const [a, b] = [transpose_a ? [17, 3] : [3, 17], transpose_b ? [5, 17] : [17, 5]];
      const product = (at: (at: number) => tfjs.Tensor): tfjs.Tensor =>
        tf.matMul(at(0), at(1), transpose_a, transpose_b);
      return [
        {
          operands: [float(a), float(b)],
          attributes: { transpose_a, transpose_b, epilogue: [] },
          expected: product,
        },
        {
          operands: [float(a), float(b), float([5]), float([3, 5])],
          attributes: { transpose_a, transpose_b, epilogue: ['bias', 'relu', 'mask'] },
          expected: (at) => op('ReluGrad', {}, [product(at).add(at(2)).relu(), at(3)]),
        },
      ];
    }),
  ),
  convolution: [
    ...WINDOWS,
    {
      strides: [1, 1] as const,
      padding: [
        [2, 1],
        [0, 2],
      ] as const,
      dilations: [2, 3] as const,
    },
  ].flatMap((window, index) => {
    const convolution = (at: (at: number) => tfjs.Tensor): tfjs.Tensor =>
      op('Conv2D', convolutionOp(window), [at(0), at(1)]);
    return [
      index % 2 === 0
        ? {
            operands: [float(IMAGES), float(FILTER)],
            attributes: { ...window, epilogue: [] },
            expected: convolution,
          }
        : {
            operands: [float(IMAGES), float(FILTER), float([4])],
            attributes: { ...window, epilogue: ['bias', 'relu'] },
            expected: (at) => convolution(at).add(at(2)).relu(),
          },
    ];
  }),
  convolution_input_gradient: WINDOWS.map((window) => ({
    operands: [float([2, ...placesOf(window), 4]), float(FILTER), float(IMAGES)],
    attributes: { ...window, size: [7, 5], epilogue: ['mask'] },
    expected: (at) =>
      op('ReluGrad', {}, [
        op('Conv2DBackpropInput', convolutionOp(window), [integers(...IMAGES), at(1), at(0)]),
        at(2),
      ]),
  })),
  convolution_filter_gradient: WINDOWS.flatMap((window) =>
    (['none', 'images', 'gradient'] as const).map((sums) => ({
      operands: [float(IMAGES), float([2, ...placesOf(window), 4])],
      attributes: { ...window, size: SIZE, sums },
      expected: (at): Results => {
        const filter = op('Conv2DBackpropFilter', convolutionOp(window), [at(0), integers(...FILTER), at(1)]);
        return sums === 'none' ? filter : [filter, tf.sum(sums === 'images' ? at(0) : at(1), [0, 1, 2])];
      },
    })),
  ),
  max_pool: WINDOWS.map((window) => ({
    operands: [float(IMAGES)],
    attributes: { ...window, size: SIZE },
    expected: (at) => op('MaxPool', poolOp(window), [at(0)]),
  })),
  max_pool_gradient: WINDOWS.flatMap((window) =>
    // With few different numbers there are many ties.
    [float(IMAGES), float(IMAGES, 1, 1)].map((images) => ({
      operands: [images, float([2, ...placesOf(window), 3]), float([2, ...placesOf(window), 3])],
      attributes: { ...window, size: SIZE },
      expected: (at) =>
        op('MaxPoolGrad', poolOp(window), [at(0), op('MaxPool', poolOp(window), [at(0)]), at(2)]),
    })),
  ),
  average_pool: SAME.map((window) => ({
    operands: [float(IMAGES)],
    attributes: window,
    expected: (at) => op('AvgPool', sameOp(window), [at(0)]),
  })),
  average_pool_gradient: SAME.map((window) => ({
    operands: [float([2, Math.ceil(7 / window.strides[0]), Math.ceil(5 / window.strides[1]), 3])],
    attributes: { ...window, shape: IMAGES },
    expected: (at) => op('AvgPoolGrad', sameOp(window), [integers(...IMAGES), at(0)]),
  })),
  upsample_nearest: FACTORS.map((factors) => ({
    operands: [float(IMAGES)],
    attributes: { factors },
    expected: (at) =>
      op('ResizeNearestNeighbor', HALF_PIXEL, [at(0), integers(7 * factors[0], 5 * factors[1])]),
  })),
  upsample_nearest_gradient: FACTORS.map((factors) => ({
    operands: [float([2, 7 * factors[0], 5 * factors[1], 3])],
    attributes: { factors },
    expected: (at) => op('ResizeNearestNeighborGrad', HALF_PIXEL, [at(0), integers(7, 5)]),
  })),
  upsample_bilinear: FACTORS.map((factors) => ({
    operands: [float(IMAGES)],
    attributes: { factors },
    expected: (at) => op('ResizeBilinear', HALF_PIXEL, [at(0), integers(7 * factors[0], 5 * factors[1])]),
  })),
  upsample_bilinear_gradient: FACTORS.map((factors) => ({
    operands: [float([2, 7 * factors[0], 5 * factors[1], 3])],
    attributes: { factors },
    expected: (at) => op('ResizeBilinearGrad', HALF_PIXEL, [at(0), tf.zeros(IMAGES)]),
  })),
  uniform: [false, true].flatMap((halves) =>
    [[17], [3, 1, 5]].map((shape) => ({
      operands: [int([], 0, 2 ** 31 - 1)],
      attributes: { shape, seed: [0xffffffff, 12345], halves },
      expected: (at) =>
        tf
          .engine()
          .runKernel<tfjs.Tensor>(
            STATELESS_UNIFORM,
            { step: at(0) },
            { shape, seed: [0xffffffff, 12345], halves },
          ),
    })),
  ),
  fused: [
    {
      operands: [float([3, 5]), float([5])],
      attributes: {
        body: parseProgram(`input a: float32[3, 5]
          input b: float32[5]
          %0: float32[3, 5] = sub a, b
          %1: float32[3] = reduce_sum %0 {axes: [1], keep: false}
          return %0, %1`),
      },
      expected: (at) => [tf.sub(at(0), at(1)), tf.sum(tf.sub(at(0), at(1)), 1)],
    },
  ],
  fused_update: (['given', 'sum', 'product'] as const).map((gradient) => {
    const shape = gradient === 'sum' ? [5] : [3, 5];
    const type = `float32[${shape.join(', ')}]`;
    const first = {
      given: [float([3, 5])],
      sum: [float([17, 5])],
      product: [float([17, 3]), float([17, 5])],
    };
    return {
      operands: [...first[gradient], float(shape)],
      attributes: {
        gradient,
        body: parseProgram(
          `input g: ${type}\ninput w: ${type}\n%0: ${type} = mul g, 0.1\n%1: ${type} = sub w, %0\nreturn %1`,
        ),
      },
      expected: (at) => {
        if (gradient === 'given') return at(1).sub(at(0).mul(0.1));
        if (gradient === 'sum') return at(1).sub(tf.sum(at(0), 0).mul(0.1));
        return at(2).sub(tf.matMul(at(0), at(1), true).mul(0.1));
      },
    };
  }),
};

function reductions(f: (x: tfjs.Tensor, axes: number[], keep: boolean) => tfjs.Tensor): Table['reduce_sum'] {
  const axes = [[0, 2], [1], [0, 1, 2, 3], []];
  return axes.flatMap((along) =>
    [false, true].map((keep) => ({
      operands: [float([3, 1, 17, 2])],
      attributes: { axes: along, keep },
      // tfjs reduces over all axes where none is given.
      expected: (at) => (along.length === 0 ? at(0) : f(at(0), along, keep)),
    })),
  );
}

function valuesOf({ type, from, to }: Operand, generator: Philox): Elements {
  const elements = elementsOf(type);
  const uniform = new Float32Array(elements.length);
  generator.uniform(uniform);
  for (const [at, number] of uniform.entries()) {
    const value = from + number * (to - from);
    elements[at] = type.dtype === 'float32' ? value : Math.floor(value);
  }
  return elements;
}

function tensorOf({ type: { dtype, shape } }: Operand, elements: Elements): tfjs.Tensor {
  return tf.tensor(elements, [...shape], dtype);
}

function runCase<Op extends OpName>(name: Op, { operands, attributes, expected }: Table[Op][number]): void {
  const generator = new Philox([name.length, operands.length]);
  const builder = new ProgramBuilder();
  const values = operands.map((operand) => valuesOf(operand, generator));
  const given = operands.map(({ type }, at) => builder.parameter('input', `x${at}`, type));
  const results = builder.addAll(name, given, attributes as Attributes[Op]);
  const named = new Map(values.map((elements, at) => [`x${at}`, elements]));
  const outputs = interpret(builder.finish(results), named).results;
  const tensors = operands.map((operand, at) => tensorOf(operand, values[at] ?? elementsOf(operand.type)));
  const theirs = tf.tidy(() => {
    const tensor = (at: number): tfjs.Tensor => {
      const found = tensors[at];
      assert.ok(found);
      return found;
    };
    return [expected(tensor)].flat().map(({ shape, dtype, dataId }) => ({
      type: { shape, dtype },
      elements: nativeBackend(tf).readSync(dataId),
    }));
  });
  tf.dispose(tensors);
  assert.deepEqual(
    results.map(({ type }) => type),
    theirs.map(({ type }) => type),
  );
  for (const [at, { elements }] of theirs.entries()) assertClose(outputs[at] ?? [], elements);
}

function assertClose(ours: ArrayLike<number>, theirs: Elements): void {
  assert.equal(ours.length, theirs.length);
  for (const [at, value] of theirs.entries()) {
    const difference = Math.abs((ours[at] ?? Number.NaN) - value);
    const bound = theirs instanceof Float32Array ? 1e-5 * Math.max(1, Math.abs(value)) : 0;
    assert.ok(difference <= bound, `element ${at}: ${ours[at]} differs from ${value}`);
  }
}

for (const name of Object.keys(table) as OpName[]) {
  test(`${name} computes what TensorFlow computes`, () => {
    for (const each of table[name]) runCase(name, each);
  });
}
