/** Each instruction of the reference interpreter beside TensorFlow's eager operations. */
import { test } from 'node:test';
import type * as tfjs from '@tensorflow/tfjs';
import { parseProgram } from '../../../../src/engine/program/parse.ts';
import type { Attributes, OpName } from '../../../../src/engine/program/program.ts';
import { STATELESS_UNIFORM } from '../../../../src/engine/tfjs/uniform.ts';
import { bool, float, int, op, runCase, tf, type Case, type Table } from './tensorflow-case.ts';
import { elementwiseCases } from './tensorflow-elementwise.ts';
import { imageCases } from './tensorflow-images.ts';

const table: Table = {
  ...elementwiseCases,
  ...imageCases,
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

for (const name of Object.keys(table) as OpName[]) {
  test(`${name} computes what TensorFlow computes`, () => {
    for (const each of table[name]) runCase(name, each);
  });
}
