/** Each pass on text: a program before, and after. What became unused is removed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CLEAN_UP } from '../../../../src/engine/program/passes/clean-up.ts';
import { commonSubexpressions } from '../../../../src/engine/program/passes/common-subexpressions.ts';
import { deadCode } from '../../../../src/engine/program/passes/dead-code.ts';
import { foldConstants } from '../../../../src/engine/program/passes/fold-constants.ts';
import { runPasses, type Pass } from '../../../../src/engine/program/passes/pass.ts';
import { simplify } from '../../../../src/engine/program/passes/simplify.ts';
import { parseProgram } from '../../../../src/engine/program/parse.ts';
import { printProgram } from '../../../../src/engine/program/print.ts';
import { ProgramError } from '../../../../src/engine/program/types.ts';

interface Case {
  readonly what: string;
  readonly before: string;
  /** Without the parameters; undefined where the pass leaves the program as it is. */
  readonly after?: string;
}

const HEAD = `input x: float32[2, 3]
input row: float32[3]
input i: int32[2]
input b: bool[2, 3]
variable v: float32[2, 3]
`;
const FULL = 'float32[2, 3]';
const ONES = `%0: ${FULL} = constant {dtype: float32, shape: [2, 3], elements: [1, 1, 1, 1, 1, 1]}`;

const dead: readonly Case[] = [
  {
    what: 'no output depends on it, directly or through others',
    before: `%0: ${FULL} = neg x
      %1: ${FULL} = exp x
      %2: ${FULL} = mul %1, %0
      return %0`,
    after: `%0: ${FULL} = neg x\nreturn %0`,
  },
  {
    what: 'a result or an update depends on it, or another of its results is read',
    before: `%0: ${FULL}, %1: float32[] = fused x (
  input a: ${FULL}
  b: float32[] = reduce_sum a {axes: [0, 1]}
  return a, b
)
%2: ${FULL} = neg v
return %1
update v = %2`,
  },
];

const simplified: readonly Case[] = [
  {
    what: 'reshape of reshape',
    before: `%0: float32[6] = reshape x {shape: [6]}
      %1: float32[3, 2] = reshape %0 {shape: [3, 2]}
      return %1`,
    after: '%0: float32[3, 2] = reshape x {shape: [3, 2]}\nreturn %0',
  },
  {
    what: 'reshape back to the same shape',
    before: `%0: float32[6] = reshape x {shape: [6]}
      %1: ${FULL} = reshape %0 {shape: [2, 3]}
      return %1`,
    after: 'return x',
  },
  {
    what: 'broadcast of broadcast',
    before: `%0: float32[1, 3] = broadcast row {shape: [1, 3]}
      %1: ${FULL} = broadcast %0 {shape: [2, 3]}
      return %1`,
    after: `%0: ${FULL} = broadcast row {shape: [2, 3]}\nreturn %0`,
  },
  {
    what: 'transposes that cancel',
    before: `%0: float32[3, 2] = transpose x {permutation: [1, 0]}
      %1: ${FULL} = transpose %0 {permutation: [1, 0]}
      return %1`,
    after: 'return x',
  },
  {
    what: 'transpose of transpose',
    before: `%0: float32[2, 1, 3] = reshape x {shape: [2, 1, 3]}
      %1: float32[1, 2, 3] = transpose %0 {permutation: [1, 0, 2]}
      %2: float32[3, 1, 2] = transpose %1 {permutation: [2, 0, 1]}
      return %2`,
    after: `%0: float32[1, 2, 3] = reshape x {shape: [1, 2, 3]}
%1: float32[3, 1, 2] = transpose %0 {permutation: [2, 0, 1]}
return %1`,
  },
  {
    what: 'slice of slice, and of all',
    before: `%0: float32[1, 3] = slice x {begin: [1, 0], size: [1, 3]}
      %1: float32[1, 1] = slice %0 {begin: [0, 2], size: [1, 1]}
      %2: ${FULL} = slice x {begin: [0, 0], size: [2, 3]}
      return %1, %2`,
    after: '%0: float32[1, 1] = slice x {begin: [1, 2], size: [1, 1]}\nreturn %0, x',
  },
  {
    what: 'pad by nothing, concatenate one, cast to the same type',
    before: `%0: ${FULL} = pad x {padding: [[0, 0], [0, 0]], value: 1}
      %1: ${FULL} = concatenate %0 {axis: 1}
      %2: ${FULL} = cast %1 {dtype: float32}
      return %2`,
    after: 'return x',
  },
  {
    what: 'largest of one',
    before: `%0: float32[1, 3] = reshape row {shape: [1, 3]}
      %1: float32[3] = reduce_max %0 {axes: [0]}
      return %1`,
    after: 'return row',
  },
  {
    what: 'sum of one, which makes 0 of -0',
    before: `%0: float32[1, 3] = slice x {begin: [0, 0], size: [1, 3]}
      %1: float32[3] = reduce_sum %0 {axes: [0]}
      return %1`,
  },
  { what: 'x 1', before: `%0: ${FULL} = mul x, 1\n%1: ${FULL} = mul 1, %0\nreturn %1`, after: 'return x' },
  { what: 'x 1 as an array', before: `${ONES}\n%1: ${FULL} = mul x, %0\nreturn %1`, after: 'return x' },
  {
    what: 'x 1 that stretches x',
    before: `${ONES}\n%1: ${FULL} = mul row, %0\nreturn %1`,
    after: `%0: ${FULL} = broadcast row {shape: [2, 3]}\nreturn %0`,
  },
  {
    what: 'a number x 1 as an array',
    before: `%0: ${FULL} = broadcast 1\n%1: ${FULL} = mul 1, %0\nreturn %1`,
    after: `%0: ${FULL} = broadcast 1\nreturn %0`,
  },
  {
    what: 'x / 1, x^1',
    before: `%0: ${FULL} = div x, 1\n%1: ${FULL} = pow %0, 1\nreturn %1`,
    after: 'return x',
  },
  {
    what: 'x - 0, x + -0',
    before: `%0: ${FULL} = sub x, 0\n%1: ${FULL} = add -0, %0\nreturn %1`,
    after: 'return x',
  },
  { what: 'x + 0, x - -0', before: `%0: ${FULL} = add x, 0\n%1: ${FULL} = sub %0, -0\nreturn %1` },
  { what: 'an integer + 0', before: `%0: int32[2] = add i, 0:int32\nreturn %0`, after: 'return i' },
  {
    what: 'neg of neg, not of not',
    before: `%0: ${FULL} = neg x
      %1: ${FULL} = neg %0
      %2: bool[2, 3] = not b
      %3: bool[2, 3] = not %2
      return %1, %3`,
    after: 'return x, b',
  },
  {
    what: 'a choice that is known, or none',
    before: `%0: ${FULL} = select 1:bool, x, v
      %1: ${FULL} = select 0:bool, x, v
      %2: ${FULL} = select b, x, x
      return %0, %1, %2`,
    after: 'return x, v, x',
  },
  {
    what: 'a choice by the sign, which `relu_gradient` is not for every dtype',
    before: `%0: bool[2, 3] = gt x, 0
      %1: ${FULL} = select %0, v, 0
      return %1`,
  },
  {
    what: 'functions of what is repeated',
    before: `%0: ${FULL} = broadcast row {shape: [2, 3]}
      %1: ${FULL} = constant {dtype: float32, shape: [2, 3], elements: [2, 2, 2, 2, 2, 2]}
      %2: ${FULL} = add x, %0
      %3: ${FULL} = mul %2, %1
      return %3`,
    after: `%0: ${FULL} = add x, row\n%1: ${FULL} = mul %0, 2\nreturn %1`,
  },
  {
    what: 'functions of nothing else than what is repeated',
    before: `%0: ${FULL} = broadcast row {shape: [2, 3]}
      %1: ${FULL} = add %0, 1
      return %1`,
    after: `%0: float32[3] = add row, 1\n%1: ${FULL} = broadcast %0 {shape: [2, 3]}\nreturn %1`,
  },
];

const folded: readonly Case[] = [
  {
    what: 'arithmetic, rounded to float32',
    before: `%0: float32[] = sub 1, 0.9
      %1: float32[] = sqrt %0
      %2: ${FULL} = mul x, %1
      return %2`,
    after: `%0: ${FULL} = mul x, 0.3162278\nreturn %0`,
  },
  {
    what: 'casts and reshapes of constants',
    before: `%0: int32[2] = constant {dtype: int32, shape: [2], elements: [3, -4]}
      %1: float32[2] = cast %0 {dtype: float32}
      %2: float32[2, 1] = reshape %1 {shape: [2, 1]}
      %3: ${FULL} = add x, %2
      return %3`,
    after: `%0: float32[2, 1] = constant {dtype: float32, shape: [2, 1], elements: [3, -4]}
%1: ${FULL} = add x, %0
return %1`,
  },
  {
    what: 'integers and comparisons',
    before: `%0: int32[] = add 2147483647:int32, 1:int32
      %1: bool[] = lt %0, 0:int32
      %2: ${FULL} = select %1, x, v
      return %2`,
    after: `%0: ${FULL} = select 1:bool, x, v\nreturn %0`,
  },
  { what: 'an array', before: `${ONES}\n%1: ${FULL} = neg %0\nreturn %1` },
];

const shared: readonly Case[] = [
  {
    what: 'equal instructions, and what follows from them',
    before: `%0: ${FULL} = exp x
      %1: ${FULL} = exp x
      %2: float32[3] = reduce_sum %0 {axes: [0]}
      %3: float32[3] = reduce_sum %1 {axes: [0]}
      return %2, %3`,
    after: `%0: ${FULL} = exp x
%1: float32[3] = reduce_sum %0 {axes: [0]}
return %1, %1`,
  },
  {
    what: 'operands in another order',
    before: `%0: ${FULL} = mul x, v\n%1: ${FULL} = mul v, x\nreturn %0, %1`,
    after: `%0: ${FULL} = mul x, v\nreturn %0, %0`,
  },
  {
    what: 'other operands or attributes, or an order that matters',
    before: `%0: ${FULL} = sub x, v
      %1: ${FULL} = sub v, x
      %2: ${FULL} = clamp x {low: 0, high: 1}
      %3: ${FULL} = clamp x {low: -0, high: 1}
      %4: ${FULL} = max x, v
      %5: ${FULL} = max v, x
      %6: float32[3] = constant {dtype: float32, shape: [3], elements: [0, 1, NaN]}
      %7: float32[3] = constant {dtype: float32, shape: [3], elements: [-0, 1, NaN]}
      return %0, %1, %2, %3, %4, %5, %6, %7`,
  },
  {
    what: 'equal bodies',
    before: [0, 1]
      .map((at) => `%${at}: ${FULL} = fused x (\ninput a: ${FULL}\n%0: ${FULL} = exp a\nreturn %0\n)`)
      .concat('return %0, %1')
      .join('\n'),
    after: `%0: ${FULL} = fused x (
  input a: ${FULL}
  b: ${FULL} = exp a
  return b
)
return %0, %0`,
  },
];

function testPass(pass: Pass, cases: readonly Case[]): void {
  for (const { what, before, after } of cases) {
    test(`${pass.name} ${after === undefined ? 'leaves' : 'changes'}: ${what}`, () => {
      const program = parseProgram(HEAD + before);
      const expected = after === undefined ? program : parseProgram(HEAD + after);
      assert.equal(printProgram(runPasses(program, [pass, deadCode])), printProgram(expected));
    });
  }
}

testPass(deadCode, dead);
testPass(simplify, simplified);
testPass(foldConstants, folded);
testPass(commonSubexpressions, shared);

test('constants behind broadcasts are folded after the broadcasts have moved', () => {
  const before = `%0: ${FULL} = broadcast 1\n%1: ${FULL} = div %0, 4\n%2: ${FULL} = mul %1, x\nreturn %2`;
  const { instructions } = runPasses(parseProgram(HEAD + before), CLEAN_UP);
  assert.deepEqual(
    instructions.map(({ op }) => op),
    ['constant', 'mul'],
  );
});

test('passes run in order, and the one that breaks a program is named', () => {
  const program = parseProgram(`${HEAD}%0: ${FULL} = mul x, 1\nupdate v = %0`);
  const seen: string[] = [];
  runPasses(program, [simplify, deadCode], (name, { instructions }) =>
    seen.push(`${name} ${instructions.length}`),
  );
  assert.deepEqual(seen, ['simplify 1', 'dead-code 0']);
  const broken: Pass = { name: 'broken', run: (given) => ({ ...given, instructions: [] }) };
  assert.throws(
    () => runPasses(parseProgram(`${HEAD}%0: ${FULL} = neg x\nreturn %0`), [deadCode, broken]),
    (error) => error instanceof ProgramError && error.message.includes('`broken`'),
  );
});
