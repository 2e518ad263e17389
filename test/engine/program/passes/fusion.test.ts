/** The passes that fuse instructions, on text: a program before, and after. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseChannelSums } from '../../../../src/engine/program/passes/fuse-channel-sums.ts';
import { fuseEpilogues } from '../../../../src/engine/program/passes/fuse-epilogues.ts';
import { fuseUpdates } from '../../../../src/engine/program/passes/fuse-updates.ts';
import { moveReshapes } from '../../../../src/engine/program/passes/move-reshapes.ts';
import { deadCode } from '../../../../src/engine/program/passes/dead-code.ts';
import { runPasses, type Pass } from '../../../../src/engine/program/passes/pass.ts';
import { parseProgram } from '../../../../src/engine/program/parse.ts';
import { printProgram } from '../../../../src/engine/program/print.ts';

function assertBecomes(pass: Pass, head: string, before: string, after: string): void {
  const program = runPasses(parseProgram(head + before), [pass, deadCode]);
  assert.equal(printProgram(program), printProgram(deadCode.run(parseProgram(head + after))));
}

const PLAIN = '{transpose_a: false, transpose_b: false, epilogue: []}';
const LAYER = `input x: float32[4, 3]
input y: float32[4, 5]
variable kernel: float32[3, 5]
variable bias: float32[5]
%0: float32[4, 5] = matmul x, kernel ${PLAIN}
`;

test('a bias and a `relu` after a product become its epilogue, in either order of the operands', () => {
  for (const sum of ['add %0, bias', 'add bias, %0']) {
    assertBecomes(
      fuseEpilogues,
      LAYER,
      `%1: float32[4, 5] = ${sum}\n%2: float32[4, 5] = relu %1\nreturn %2`,
      `%1: float32[4, 5] = matmul x, kernel, bias {transpose_a: false, transpose_b: false, epilogue: [bias, relu]}\nreturn %1`,
    );
  }
});

test('the gradient of a `relu` after a product becomes a mask', () => {
  assertBecomes(
    fuseEpilogues,
    LAYER,
    '%1: float32[4, 5] = relu_gradient %0, y\nreturn %1',
    `%1: float32[4, 5] = matmul x, kernel, y {transpose_a: false, transpose_b: false, epilogue: [mask]}\nreturn %1`,
  );
});

test('values that are read in between, and other sums or gradients, are not fused', () => {
  for (const rest of [
    '%1: float32[4, 5] = relu %0\nreturn %0, %1',
    '%1: float32[4, 5] = add %0, y\nreturn %1',
    '%1: float32[4, 5] = add %0, %0\nreturn %1',
    '%1: float32[4, 5] = relu_gradient y, %0\nreturn %1',
    '%1: float32[4, 5] = relu_gradient %0, bias\nreturn %1',
    '%1: float32[4, 1] = reduce_sum y {axes: [1], keep: true}\n%2: float32[4, 5] = add %0, %1\nreturn %2',
  ]) {
    assertBecomes(fuseEpilogues, LAYER, rest, rest);
  }
});

const WINDOW = 'strides: [1, 1], padding: [[1, 1], [1, 1]], dilations: [1, 1], size: [3, 3]';
const IMAGES = `input x: float32[2, 4, 4, 3]
input dy: float32[2, 4, 4, 5]
`;

test('sums over all pixels are taken by the gradient with respect to the filter', () => {
  const gradient = (sums: string): string => `convolution_filter_gradient x, dy {${WINDOW}, sums: ${sums}}`;
  assertBecomes(
    fuseChannelSums,
    IMAGES,
    `%0: float32[5] = reduce_sum dy {axes: [0, 1, 2], keep: false}
    %1: float32[3, 3, 3, 5] = ${gradient('none')}
    return %0, %1`,
    `%0: float32[3, 3, 3, 5], %1: float32[5] = ${gradient('gradient')}\nreturn %1, %0`,
  );
  assertBecomes(
    fuseChannelSums,
    IMAGES,
    `%0: float32[3, 3, 3, 5] = ${gradient('none')}
    %1: float32[1, 1, 1, 3] = reduce_sum x {axes: [0, 1, 2], keep: true}
    return %0, %1`,
    `%0: float32[3, 3, 3, 5], %1: float32[3] = ${gradient('images')}
    %2: float32[1, 1, 1, 3] = reshape %1 {shape: [1, 1, 1, 3]}
    return %0, %2`,
  );
});

const UPDATE = `input x: float32[4, 3]
input dy: float32[4, 5]
variable kernel: float32[3, 5]
variable momentum: float32[3, 5]
variable rate: float32[]
%0: float32[3, 5] = matmul x, dy {transpose_a: true, transpose_b: false, epilogue: []}
%1: float32[3, 5] = mul %0, rate
`;

test('an update becomes one instruction, with the product that only it reads', () => {
  assertBecomes(
    fuseUpdates,
    UPDATE,
    `%2: float32[3, 5] = sub momentum, %1
    %3: float32[3, 5] = add kernel, %2
    update kernel = %3
    update momentum = %2`,
    `%2: float32[3, 5], %3: float32[3, 5] = fused_update x, dy, rate, momentum, kernel {gradient: product} (
      input a: float32[3, 5]
      input b: float32[]
      input c: float32[3, 5]
      input d: float32[3, 5]
      e: float32[3, 5] = mul a, b
      f: float32[3, 5] = sub c, e
      g: float32[3, 5] = add d, f
      return g, f
    )
    update kernel = %2
    update momentum = %3`,
  );
});

test('a gradient that something else reads is given; an update that is read stays as it is', () => {
  assertBecomes(
    fuseUpdates,
    UPDATE,
    `%2: float32[3, 5] = sub kernel, %1
    return %0
    update kernel = %2`,
    `%2: float32[3, 5] = fused_update %0, rate, kernel {gradient: given} (
      input a: float32[3, 5]
      input b: float32[]
      input c: float32[3, 5]
      d: float32[3, 5] = mul a, b
      e: float32[3, 5] = sub c, d
      return e
    )
    return %0
    update kernel = %2`,
  );
  const read = `%2: float32[3, 5] = sub kernel, %1
    return %2
    update kernel = %2`;
  const program = runPasses(parseProgram(UPDATE + read), [fuseUpdates]);
  assert.ok(program.results.every((value) => program.updates.some((update) => update.value === value)));
});

test('a product that has an epilogue is not computed by an update', () => {
  const program = parseProgram(`input x: float32[4, 3]
input dy: float32[4, 5]
input bias: float32[5]
variable kernel: float32[3, 5]
%0: float32[3, 5] = matmul x, dy, bias {transpose_a: true, transpose_b: false, epilogue: [bias]}
%1: float32[3, 5] = sub kernel, %0
update kernel = %1`);
  const ops = runPasses(program, [fuseUpdates]).instructions.map(({ op }) => op);
  assert.deepEqual(ops, ['matmul', 'fused_update']);
});

const RESHAPED = `input x: float32[4, 6]
input z: float32[4, 2, 3]
variable bias: float32[6]
%0: float32[1, 4, 6] = reshape x {shape: [1, 4, 6]}
`;

test('reshapes move behind elementwise instructions', () => {
  assertBecomes(
    moveReshapes,
    RESHAPED,
    `%1: float32[1, 4, 6] = add %0, bias
    %2: float32[1, 4, 6] = mul %1, 2
    return %2`,
    `%1: float32[4, 6] = add x, bias
    %2: float32[4, 6] = mul %1, 2
    %3: float32[1, 4, 6] = reshape %2 {shape: [1, 4, 6]}
    return %3`,
  );
});

test('a reduction reads the input of a reshape if the axes agree', () => {
  assertBecomes(
    moveReshapes,
    RESHAPED,
    '%1: float32[6] = reduce_sum %0 {axes: [0, 1], keep: false}\nreturn %1',
    '%1: float32[6] = reduce_sum x {axes: [0], keep: false}\nreturn %1',
  );
  assertBecomes(
    moveReshapes,
    RESHAPED,
    '%1: float32[24] = reshape x {shape: [24]}\n%2: float32[] = reduce_max %1 {axes: [0], keep: false}\nreturn %2',
    '%1: float32[] = reduce_max x {axes: [0, 1], keep: false}\nreturn %1',
  );
  assertBecomes(
    moveReshapes,
    RESHAPED,
    '%1: float32[1, 4, 6] = reshape z {shape: [1, 4, 6]}\n%2: float32[6] = reduce_sum %1 {axes: [0, 1], keep: false}\nreturn %2',
    '%1: float32[4, 6] = reshape z {shape: [4, 6]}\n%2: float32[6] = reduce_sum %1 {axes: [0], keep: false}\nreturn %2',
  );
  const others = `%1: float32[4, 2, 3] = reshape x {shape: [4, 2, 3]}
    %2: float32[4, 3] = reduce_sum %1 {axes: [1], keep: false}
    return %2`;
  assertBecomes(moveReshapes, RESHAPED, others, others);
});
