/** Costs of single instructions, against numbers that were counted by hand. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costOf, costOfProgram } from '../../../src/engine/program/cost.ts';
import { parseProgram } from '../../../src/engine/program/parse.ts';

const HEAD = `input x: float32[4, 3]
input y: float32[4, 5]
input row: float32[3]
input images: float32[2, 6, 6, 3]
input small: float32[2, 3, 3, 3]
input dy: float32[2, 3, 3, 8]
input filter: float32[3, 3, 3, 8]
input bias: float32[8]
input step: int32[]
variable v: float32[3, 5]
`;

const WINDOW = 'strides: 2, padding: [[0, 1], [0, 1]]';

/** An instruction, its operations, and the elements of 4 bytes that it reads and writes. */
const cases: readonly (readonly [string, number, number, number])[] = [
  ['%0: float32[4, 3] = add x, row', 12, 12 + 3, 12],
  ['%0: float32[4, 3] = exp x', 12, 12, 12],
  // An operand is read once.
  ['%0: float32[4, 3] = mul x, x', 12, 12, 12],
  ['%0: float32[3] = reduce_sum x {axes: [0]}', 9, 12, 3],
  ['%0: float32[] = reduce_max x {axes: [0, 1]}', 11, 12, 1],
  ['%0: float32[12] = reshape x', 0, 0, 0],
  ['%0: float32[2] = constant {elements: [1, 2]}', 0, 0, 0],
  ['%0: float32[3, 4] = transpose x {permutation: [1, 0]}', 0, 12, 12],
  ['%0: float32[4, 3] = broadcast row', 0, 3, 12],
  ['%0: float32[1, 3] = slice x {begin: [1, 0]}', 0, 3, 3],
  ['%0: float32[8, 3] = concatenate x, x {axis: 0}', 0, 12, 24],
  ['%0: float32[3, 5] = matmul x, y {transpose_a: true}', 2 * 3 * 4 * 5, 12 + 20, 15],
  ['%0: float32[4, 5] = matmul x, v', 2 * 4 * 3 * 5, 12 + 15, 20],
  ['%0: float32[4, 5] = matmul x, v {epilogue: [relu]}', 2 * 4 * 3 * 5 + 20, 12 + 15, 20],
  [
    `%0: float32[2, 3, 3, 8] = convolution images, filter, bias {${WINDOW}, epilogue: [bias, relu]}`,
    2 * (2 * 9 * 8) * 27 + 2 * (2 * 9 * 8),
    216 + 216 + 8,
    144,
  ],
  [
    `%0: float32[2, 6, 6, 3] = convolution_input_gradient dy, filter {${WINDOW}, size: 6}`,
    2 * (2 * 9 * 8) * 27,
    144 + 216,
    216,
  ],
  [
    `%0: float32[3, 3, 3, 8] = convolution_filter_gradient images, dy {${WINDOW}, size: 3}`,
    2 * (2 * 9 * 8) * 27,
    216 + 144,
    216,
  ],
  [
    `%0: float32[3, 3, 3, 8], %1: float32[8] = convolution_filter_gradient images, dy {${WINDOW}, size: 3, sums: gradient}`,
    2 * (2 * 9 * 8) * 27 + 144,
    216 + 144,
    216 + 8,
  ],
  ['%0: float32[2, 3, 3, 3] = max_pool images {strides: 2, size: 2}', 54 * 4, 216, 54],
  ['%0: float32[2, 3, 3, 3] = average_pool images {strides: 2, size: 2}', 54 * 4, 216, 54],
  [
    '%0: float32[2, 6, 6, 3] = max_pool_gradient images, small, small {strides: 2, size: 2}',
    54 * 4,
    216 + 54,
    216,
  ],
  ['%0: float32[2, 6, 6, 3] = average_pool_gradient small {strides: 2, size: 2}', 54 * 4, 54, 216],
  ['%0: float32[2, 6, 6, 3] = upsample_nearest small {factors: 2}', 0, 54, 216],
  ['%0: float32[2, 3, 3, 3] = upsample_nearest_gradient images {factors: 2}', 216, 216, 54],
  ['%0: float32[2, 6, 6, 3] = upsample_bilinear small {factors: 2}', 8 * 216, 54, 216],
  ['%0: float32[10] = uniform step {seed: [1, 2]}', 200, 1, 10],
  ['%0: float32[10] = uniform step {seed: [1, 2], halves: true}', 100, 1, 10],
  [
    `%0: float32[3] = fused x, row (
  input a: float32[4, 3]
  input b: float32[3]
  c: float32[4, 3] = add a, b
  d: float32[4, 3] = square c
  e: float32[3] = reduce_sum d {axes: [0]}
  return e
)`,
    12 + 12 + 9,
    12 + 3,
    3,
  ],
  [
    `%0: float32[3, 5] = fused_update x, y, v {gradient: product} (
  input a: float32[3, 5]
  input b: float32[3, 5]
  c: float32[3, 5] = sub b, a
  return c
)`,
    2 * 3 * 4 * 5 + 15,
    12 + 20 + 15,
    15,
  ],
  [
    `%0: float32[3] = fused_update x, row {gradient: sum} (
  input a: float32[3]
  input b: float32[3]
  c: float32[3] = sub b, a
  return c
)`,
    9 + 3,
    12 + 3,
    3,
  ],
];

for (const [text, operations, read, written] of cases) {
  test(`the cost of ${text}`, () => {
    const [instruction, ...more] = parseProgram(HEAD + text).instructions;
    assert.ok(instruction !== undefined && more.length === 0);
    assert.deepEqual(costOf(instruction), { operations, read: 4 * read, written: 4 * written });
  });
}

test('a bool takes a byte, and a program costs what its instructions cost', () => {
  const program = parseProgram(`${HEAD}%0: bool[4, 3] = gt x, 0\n%1: float32[4, 3] = select %0, x, 0`);
  assert.deepEqual(costOfProgram(program), {
    operations: 12 + 12,
    read: 48 + 4 + (12 + 48 + 4),
    written: 12 + 48,
  });
});
