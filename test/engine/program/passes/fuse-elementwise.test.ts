/** Groups of elementwise instructions, on text: a program before, and after. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuseElementwise } from '../../../../src/engine/program/passes/fuse-elementwise.ts';
import { deadCode } from '../../../../src/engine/program/passes/dead-code.ts';
import { runPasses } from '../../../../src/engine/program/passes/pass.ts';
import { parseProgram } from '../../../../src/engine/program/parse.ts';
import { printProgram } from '../../../../src/engine/program/print.ts';
import { assertSameOutputs } from '../agree.ts';

function fused(before: string): string {
  return printProgram(runPasses(parseProgram(before), [fuseElementwise, deadCode]));
}

function assertBecomes(before: string, after: string): void {
  assert.equal(fused(before), printProgram(parseProgram(after)));
}

function assertStays(program: string): void {
  assertBecomes(program, program);
}

test('a chain becomes one instruction, with its constants inside', () => {
  assertBecomes(
    `input x: float32[4, 3]
    input y: float32[3]
    %0: float32[4, 3] = mul x, 2
    %1: float32[4, 3] = add %0, y
    %2: float32[4, 3] = tanh %1
    return %2`,
    `input x: float32[4, 3]
    input y: float32[3]
    %0: float32[4, 3] = fused x, y (
      input a: float32[4, 3]
      input b: float32[3]
      c: float32[4, 3] = mul a, 2
      d: float32[4, 3] = add c, b
      e: float32[4, 3] = tanh d
      return e
    )
    return %0`,
  );
});

test('sums of the values that a group computes or reads are results of the group', () => {
  assertBecomes(
    `input x: float32[4, 3]
    %0: float32[4, 3] = square x
    %1: float32[] = reduce_sum %0 {axes: [0, 1]}
    %2: float32[1, 3] = reduce_max x {axes: [0], keep: true}
    return %1, %2`,
    `input x: float32[4, 3]
    %0: float32[], %1: float32[3] = fused x (
      input a: float32[4, 3]
      b: float32[4, 3] = square a
      c: float32[] = reduce_sum b {axes: [0, 1]}
      d: float32[3] = reduce_max a {axes: [0]}
      return c, d
    )
    %2: float32[1, 3] = reshape %1
    return %0, %2`,
  );
});

test('instructions after a reduction are a separate group, which computes cheap values again', () => {
  assertBecomes(
    `input x: float32[4, 3]
    input y: float32[3]
    %0: float32[4, 3] = sub x, y
    %1: float32[4, 3] = square %0
    %2: float32[3] = reduce_sum %1 {axes: [0]}
    %3: float32[4, 3] = mul %0, %2
    return %3`,
    `input x: float32[4, 3]
    input y: float32[3]
    %0: float32[3] = fused x, y (
      input a: float32[4, 3]
      input b: float32[3]
      c: float32[4, 3] = sub a, b
      d: float32[4, 3] = square c
      e: float32[3] = reduce_sum d {axes: [0]}
      return e
    )
    %1: float32[4, 3] = fused x, y, %0 (
      input a: float32[4, 3]
      input b: float32[3]
      input c: float32[3]
      d: float32[4, 3] = sub a, b
      e: float32[4, 3] = mul d, c
      return e
    )
    return %1`,
  );
});

test('values that are expensive, or needed elsewhere, are kept in memory', () => {
  const [slow, read] = ['exp', 'relu'].map((name) =>
    fused(
      `input x: float32[4, 3]
      a: float32[4, 3] = ${name} x
      b: float32[3] = reduce_sum a {axes: [0]}
      c: float32[4, 3] = mul a, b
      return ${name === 'exp' ? '' : 'a, '}c`,
    ),
  );
  for (const text of [slow, read]) {
    assert.match(text ?? '', /%0: float32\[4, 3\], %1: float32\[3\] = fused x \(/);
    assert.match(text ?? '', /= mul %0, %1/);
  }
});

test('a group goes through reshapes, in axes that both sides have in common', () => {
  assertBecomes(
    `input x: float32[2, 12]
    input y: float32[3]
    input z: float32[12]
    %0: float32[2, 12] = add x, z
    %1: float32[2, 4, 3] = reshape %0
    %2: float32[2, 4, 3] = mul %1, y
    %3: float32[3] = reduce_sum %2 {axes: [0, 1]}
    %4: float32[6, 4] = reshape %2
    return %3, %4`,
    `input x: float32[2, 12]
    input y: float32[3]
    input z: float32[12]
    %0: float32[2, 4, 3] = reshape x
    %1: float32[4, 3] = reshape z
    %2: float32[2, 4, 3], %3: float32[3] = fused %0, %1, y (
      input a: float32[2, 4, 3]
      input b: float32[4, 3]
      input c: float32[3]
      d: float32[2, 4, 3] = add a, b
      e: float32[2, 4, 3] = mul d, c
      f: float32[3] = reduce_sum e {axes: [0, 1]}
      return e, f
    )
    %4: float32[6, 4] = reshape %2
    return %3, %4`,
  );
});

test('a group does not depend on its own results', () => {
  assertStays(
    `input x: float32[3, 3]
    %0: float32[3, 3] = relu x
    %1: float32[3, 3] = matmul %0, %0
    %2: float32[3, 3] = add %1, %0
    return %2`,
  );
});

test('instructions over other elements, and single ones, stay as they are', () => {
  assertStays(
    `input x: float32[4, 6]
    %0: float32[4, 6] = relu x
    %1: float32[6, 4] = transpose %0 {permutation: [1, 0]}
    %2: float32[4] = reduce_sum %1 {axes: [0]}
    %3: float32[4] = neg %2
    return %3`,
  );
});

test('a group that joins another one later, when fewer operands are left, stays in order', () => {
  const inputs = Array.from({ length: 31 }, (_, index) => `i${index}`);
  const sums = inputs.slice(1).map((input, index) => {
    const before = index === 0 ? 'i0' : `%${index - 1}`;
    return `%${index}: float32[4] = add ${before}, ${input}`;
  });
  // `select` is one operand too many for the group of the sums, until that reads `c`, too.
  const text = fused(
    [
      ...[...inputs, 'c'].map((name) => `input ${name}: float32[4]`),
      ...sums,
      '%30: bool[4] = gt %29, i0',
      '%31: float32[4] = neg c',
      '%32: float32[4] = abs c',
      '%33: float32[4] = select %30, %31, %32',
      '%34: float32[4] = add %29, c',
      'return %33, %34',
    ].join('\n'),
  );
  assert.equal(text.split('fused').length - 1, 1);
});

test('a value with more paths to it than could ever be followed is no reason to wait', () => {
  const lines = ['input x: float32[64, 64]'];
  let last = 'x';
  for (let index = 0; index < 60; index++) {
    lines.push(
      `u${index}: float32[64, 64] = mul ${last}, 2`,
      `v${index}: float32[64, 64] = mul ${last}, 3`,
      `w${index}: float32[64, 64] = add u${index}, v${index}`,
    );
    last = `w${index}`;
  }
  // What follows a sum of all elements is another group, which needs the value again.
  lines.push(
    `s: float32[] = reduce_sum ${last} {axes: [0, 1]}`,
    `y: float32[64, 64] = mul ${last}, s`,
    'return y',
  );
  assert.match(fused(lines.join('\n')), /fused/);
});

test('a value is computed again in the axes that it has in common with the group', () => {
  const program = parseProgram(
    `input x: float32[2, 3, 2, 6]
    input y: float32[6]
    %0: float32[2, 3, 2, 6] = mul x, y
    %1: float32[2, 6, 2, 3] = reshape %0
    %2: float32[2, 1, 2, 1] = reduce_sum %1 {axes: [1, 3], keep: true}
    %3: float32[2, 6, 2, 3] = sub %1, %2
    return %3`,
  );
  const values = new Map([
    ['x', Float32Array.from({ length: 72 }, (_, index) => (index * 7) % 11)],
    ['y', Float32Array.from({ length: 6 }, (_, index) => index - 2)],
  ]);
  const after = runPasses(program, [fuseElementwise, deadCode]);
  assert.equal(printProgram(after).split('fused').length - 1, 2);
  assertSameOutputs(program, after, values);
});
