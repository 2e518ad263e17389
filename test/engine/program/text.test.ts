/** Programs as text, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkProgram } from '../../../src/engine/program/check.ts';
import { parseProgram } from '../../../src/engine/program/parse.ts';
import { printProgram } from '../../../src/engine/program/print.ts';
import { ProgramError } from '../../../src/engine/program/types.ts';
import { Failure } from '../../../src/core/diagnostic.ts';

const head = 'input x: float32[2, 3]\n';

const text = `input x: float32[2, 3]
variable dense/kernel: float32[3, 4]
variable step: int32[]
%0: float32[2, 4] = matmul x, dense/kernel
%1: float32[2, 4] = mul %0, -0.5
%2: float32[2] = constant {elements: [0.1, NaN]}
%3: float32[2, 1] = reshape %2
%4: float32[4] = fused %1, %3 (
  input a: float32[2, 4]
  input b: float32[2, 1]
  c: float32[2, 4] = add a, b
  d: float32[4] = reduce_sum c {axes: [0]}
  return d
)
%5: int32[] = add step, 1:int32
%6: float32[3, 4] = add dense/kernel, %4
return %4
update dense/kernel = %6
update step = %5
`;

test('a program is printed as it is read', () => {
  const program = checkProgram(parseProgram(text));
  assert.equal(printProgram(program), text);
});

/** Each as it is printed, and with everything written out. */
const forms: readonly (readonly [string, string])[] = [
  [
    '%0: float32[3, 3] = matmul x, x {transpose_a: true, epilogue: [relu]}',
    '%0: float32[3, 3] = matmul x, x {transpose_a: true, transpose_b: false, epilogue: [relu]}',
  ],
  ['%0: float32[3] = reduce_sum x {axes: [0]}', '%0: float32[3] = reduce_sum x {axes: [0], keep: false}'],
  [
    '%0: float32[1, 2, 3, 1] = reshape x\n%1: float32[1, 4, 3, 1] = upsample_nearest %0 {factors: [2, 1]}',
    '%0: float32[1, 2, 3, 1] = reshape x {shape: [1, 2, 3, 1]}\n%1: float32[1, 4, 3, 1] = upsample_nearest %0 {factors: [2, 1]}',
  ],
  [
    '%0: float32[1, 2, 3, 1] = reshape x\n%1: float32[1, 4, 6, 1] = upsample_nearest %0 {factors: 2}',
    '%0: float32[1, 2, 3, 1] = reshape x\n%1: float32[1, 4, 6, 1] = upsample_nearest %0 {factors: [2, 2]}',
  ],
  ['%0: int32[2, 3] = cast x', '%0: int32[2, 3] = cast x {dtype: int32}'],
  [
    '%0: float32[1, 3] = slice x {begin: [1, 0]}',
    '%0: float32[1, 3] = slice x {begin: [1, 0], size: [1, 3]}',
  ],
  ['%0: float32[2, 3] = select true, x, -0', '%0: float32[2, 3] = select 1:bool, x, -0'],
  [
    '%0: float32[4, 3] = pad x {padding: [[1, 1], [0, 0]]}',
    '%0: float32[4, 3] = pad x {padding: [[1, 1], [0, 0]], value: 0}',
  ],
  [
    '%0: float32[4, 3] = pad x {padding: [[1, 1], [0, 0]], value: -0}',
    '%0: float32[4, 3] = pad x {padding: [[1, 1], [0, 0]], value: -0}',
  ],
];

for (const [short, full] of forms) {
  test(`default values, and values that follow from the type, are left out: ${short}`, () => {
    for (const line of [short, full])
      assert.equal(printProgram(parseProgram(`${head}${line}`)), `${head}${short}\n`);
  });
}

test('elements beyond a limit are counted', () => {
  assert.match(printProgram(parseProgram(text), { elements: 1 }), /elements: <2 numbers>/);
});

const mistakes: readonly (readonly [string, RegExp])[] = [
  ['%0: float32[2, 3] = foo x', /line 2.*`foo`/],
  ['%0: float32[2, 3] = add x, y', /line 2.*`y`/],
  ['%0: float32[2, 4] = neg x', /line 2.*float32\[2, 3\]/],
  ['%0: float32[2, 3] = clamp x {low: 0}', /line 2.*`high`/],
  ['%0: float32[2, 3] = clamp x {low: 0, high: one}', /line 2.*`one`/],
  ['%0: float32[2, 3] = and x, x', /line 2.*float32/],
  ['%0: float32[3] = reduce_sum x {axes: [1, 0]}', /line 2/],
  ['%0: float32[3] = reduce_sum x', /line 2.*`axes`/],
  ['%0: float32[4] = reshape x', /line 2/],
  ['%0: float32[2, 3] = reshape x {shape: [6]}', /line 2/],
  ['%0: float32[2, 3] = fused x (\ninput a: float32[2, 3]\nreturn a', /line 2.*not closed/],
  ['%0: float32[1, 3] = slice x {begin: [2, 0], size: [1, 3]}', /line 2/],
  ['return z', /line 2.*`z`/],
  [')', /line 2/],
];

for (const [line, message] of mistakes) {
  test(`a mistake is reported with its line: ${line}`, () => {
    assert.throws(
      () => parseProgram(`${head}${line}`),
      (error) => error instanceof ProgramError && message.test(error.message.replaceAll('\n', ' ')),
    );
  });
}

test('a check finds values that are used too early, computed twice or changed in type', () => {
  const program = parseProgram(text);
  const { instructions, updates } = program;
  const refused = (changed: Partial<typeof program>): void =>
    assert.throws(() => checkProgram({ ...program, ...changed }, 'a pass'), /after `a pass`/);
  refused({ instructions: [...instructions].reverse() });
  refused({ instructions: [...instructions, ...instructions.slice(0, 1)] });
  refused({ updates: [...updates, ...updates.slice(0, 1)] });
  refused({ results: [{ type: { dtype: 'bool', shape: [] } }] });
  const [first, ...others] = instructions;
  if (first === undefined) throw new TypeError('no instructions');
  refused({
    instructions: [{ ...first, results: [{ type: { dtype: 'int32', shape: [2, 4] } }] }, ...others],
  });
});

test('a value of more elements than kernels count is refused, whether it is given or computed', () => {
  const row = 'input a: float32[1, 3]\ninput b: float32[3, 4]';
  checkProgram(parseProgram(`${row}\nc: float32[1, 4] = matmul a, b\nreturn c`));
  const columns = 65_536;
  for (const large of [
    `input a: float32[${columns}, ${columns}]\nreturn a`,
    `input a: float32[${columns}, 1]\ninput b: float32[1, ${columns}]\nc: float32[${columns}, ${columns}] = matmul a, b\nreturn c`,
  ])
    assert.throws(
      () => checkProgram(parseProgram(large)),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'model-too-large',
    );
});
