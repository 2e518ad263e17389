/** Programs on terminals: notes at the ends of lines, and lines that fit. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderProgram, type ProgramTextOptions } from '../../../src/cli/terminal/program-text.ts';
import { makeStyle, plainStyle } from '../../../src/cli/terminal/style.ts';
import { parseProgram } from '../../../src/engine/program/parse.ts';
import { assertGolden } from '../golden.ts';

const program = parseProgram(`
input x: float32[8, 100]
variable layer/kernel: float32[100, 50]
variable layer/other: float32[100, 20]
variable unread: float32[3]
%0: float32[8, 50] = matmul x, layer/kernel {epilogue: [relu]}
%1: float32[100, 50] = fused_update x, %0, 0.5, layer/kernel {gradient: product} (
  input a: float32[100, 50]
  input b: float32[]
  input c: float32[100, 50]
  d: float32[100, 50] = mul a, b
  e: float32[100, 50] = sub c, d
  return e
)
%2: float32[100, 20] = constant {elements: [${Array.from({ length: 2000 }, (_, index) => index).join(', ')}]}
%3: float32[100, 20] = fused_update %2, 0.25, layer/other (
  input a: float32[100, 20]
  input b: float32[]
  input c: float32[100, 20]
  d: float32[100, 20] = mul a, b
  e: float32[100, 20] = sub c, d
  return e
)
update layer/kernel = %1
update layer/other = %3
`);

function render(options: Partial<ProgramTextOptions>): string {
  return renderProgram(program, {
    targetOf: ({ op }) => (op === 'matmul' ? 'matmul' : undefined),
    full: false,
    columns: Infinity,
    style: plainStyle,
    ...options,
  });
}

test('lines fit the terminal, notes are beside the first part of a line, and long parts are shortened', () => {
  assertGolden(
    render({ columns: 72 }),
    `
    input x: float32[8, 100]
    variable layer/kernel: float32[100, 50]
    variable layer/other: float32[100, 20]
    # and 1 variable that it does not read
    %0: float32[8, 50] = matmul x,             # 80.4 kFLOP  24.8 kB  matmul
        layer/kernel {epilogue: [relu]}
    %1: float32[100, 50] = fused_update x,     # 90.0 kFLOP  44.8 kB
        %0, 0.5, layer/kernel
        {gradient: product} (
      input a: float32[100, 50]                # the gradient, of x, %0
      input b: float32[]                       # 0.5
      input c: float32[100, 50]                # layer/kernel
      d: float32[100, 50] = mul a, b
      e: float32[100, 50] = sub c, d
      return e
    )
    %2: float32[100, 20] = constant {elements: <2000 numbers>}
    %3: float32[100, 20] = fused_update %2,    #  4.0 kFLOP  24.0 kB
        0.25, layer/other (as in %1)
    update layer/kernel = %1
    update layer/other = %3
    `,
  );
});

test('without a terminal no line is broken, so that the text can be read back', () => {
  const lines = render({}).split('\n');
  assert.ok(lines.some((line) => /^%0: .* \{epilogue: \[relu\]\} +# .* matmul$/.test(line)));
  assert.doesNotThrow(() => parseProgram(render({ full: true })));
});

test('notes are dim', () => {
  const lines = render({ style: makeStyle(true) }).split('\n');
  assert.ok(lines.some((line) => line.includes('\u001b[2m# 80.4 kFLOP')));
  assert.ok(lines.every((line) => line.startsWith('#') || line.includes('\u001b') === line.includes('# ')));
});

test('only bodies that differ in nothing but shapes are written once', () => {
  const body = (axes: string): string =>
    `(\n  input a: float32[4, 3]\n  b: float32[4, 3] = exp a\n  c: float32[] = reduce_sum b {axes: ${axes}}\n  return b, c\n)`;
  const text = renderProgram(
    parseProgram(`input x: float32[4, 3]
%0: float32[4, 3], %1: float32[3] = fused x ${body('[0]').replace('c: float32[]', 'c: float32[3]')}
%2: float32[4, 3], %3: float32[4] = fused x ${body('[1]').replace('c: float32[]', 'c: float32[4]')}
return %0, %1, %2, %3`),
    { targetOf: () => undefined, full: false, columns: Infinity, style: plainStyle },
  );
  assert.equal(text.match(/exp a/g)?.length, 2);
});
