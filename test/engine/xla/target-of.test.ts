/** What computes an instruction where XLA runs a program, found without TensorFlow. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseProgram } from '../../../src/engine/program/parse.ts';
import { xlaTargetOf } from '../../../src/engine/xla/target-of.ts';

const HEAD = `input x: float32[64, 32]
input small: float32[8, 4]
input images: float32[2, 8, 8, 3]
input dy: float32[2, 8, 8, 4]
input filter: float32[3, 3, 3, 4]
input step: int32[]
input large: float32[128, 128]
`;

const DOUBLED = '(\ninput a: float32[SHAPE]\n%0: float32[SHAPE] = add a, a\nreturn %0\n)';

const DILATED = 'padding: [[2, 2], [2, 2]], dilations: 2';

for (const [text, target] of [
  ['%0: float32[64, 64] = matmul x, x {transpose_b: true}', 'matmul'],
  ['%0: float32[32, 32] = matmul x, x {transpose_a: true}', 'matmul'],
  ['%0: float32[64, 32] = add x, x', 'XLA'],
  ['%0: float32[128, 128] = add large, large', 'elementwise'],
  ['%0: float32[128, 128] = relu_gradient large, large', 'elementwise'],
  ['%0: float32[128, 128] = tanh large', 'XLA'],
  ['%0: float32[] = reduce_sum x {axes: [0, 1]}', 'reduce'],
  ['%0: float32[32] = reduce_sum x {axes: [0]}', 'reduce'],
  ['%0: float32[4] = reduce_sum small {axes: [0]}', 'XLA'],
  [`%0: float32[64, 32] = fused x ${DOUBLED}`.replaceAll('SHAPE', '64, 32'), 'elementwise'],
  [`%0: float32[8, 4] = fused small ${DOUBLED}`.replaceAll('SHAPE', '8, 4'), 'XLA'],
  ['%0: float32[8] = uniform step {seed: [1, 2]}', 'uniform'],
  ['%0: float32[2, 8, 8, 4] = convolution images, filter {padding: [[1, 1], [1, 1]]}', 'convolution'],
  [`%0: float32[2, 8, 8, 4] = convolution images, filter {${DILATED}}`, 'convolution'],
  [`%0: float32[2, 8, 8, 3] = convolution_input_gradient dy, filter {${DILATED}, size: 8}`, 'convolution'],
  [
    `%0: float32[3, 3, 3, 4] = convolution_filter_gradient images, dy {${DILATED}, size: 3}`,
    'filter_gradient',
  ],
] as const) {
  test(`${target} computes ${text}`, () => {
    const [instruction] = parseProgram(HEAD + text).instructions;
    assert.equal(instruction && xlaTargetOf(instruction), target);
  });
}
