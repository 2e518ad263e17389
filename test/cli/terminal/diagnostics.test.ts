import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  countOf,
  diagnosticToJson,
  renderCounted,
  renderDiagnostic,
  renderDiagnostics,
} from '../../../src/cli/terminal/diagnostics.ts';
import { makeStyle, plainStyle } from '../../../src/cli/terminal/style.ts';
import type { Diagnostic, SourceRange } from '../../../src/core/diagnostic.ts';
import { assertGolden } from '../golden.ts';

const SOURCES = [
  { name: 'p.yaml', text: 'name: p\nstages:\n  mnist: { type: dataset, sorce: mnist }\n  画像: 1\n' },
  { name: '-S params.size=0', text: 'params.size=0' },
];

function range(file: string, line: number, from: number, to: number): SourceRange {
  return { file, start: { line, column: from }, end: { line, column: to } };
}

const UNKNOWN_KEY: Diagnostic = {
  code: 'unknown-key',
  severity: 'error',
  message: 'unknown key `sorce`',
  range: range('p.yaml', 3, 27, 32),
  hint: 'did you mean `source`?',
};

test('an error shows its place, the line with a mark below, and what to do', () => {
  assertGolden(
    renderDiagnostic(UNKNOWN_KEY, SOURCES, plainStyle),
    `
      p.yaml:3:27 error: unknown key \`sorce\` [unknown-key]
        1 | name: p
        2 | stages:
        3 |   mnist: { type: dataset, sorce: mnist }
          |                           ^~~~~
        help: did you mean \`source\`?
    `,
  );
});

test('other places, the stage, and overrides', () => {
  const diagnostic: Diagnostic = {
    code: 'out-of-range',
    severity: 'warning',
    message: '`units` is 0',
    stage: 'model',
    range: range('p.yaml', 1, 1, 5),
    related: [{ message: 'it is set here', range: range('-S params.size=0', 1, 13, 14) }],
  };
  assertGolden(
    renderDiagnostic(diagnostic, SOURCES, plainStyle),
    `
      p.yaml:1:1 stage \`model\` warning: \`units\` is 0 [out-of-range]
        1 | name: p
          | ^~~~
        note: -S params.size=0: it is set here
        1 | params.size=0
          |             ^
    `,
  );
});

test('the mark is below characters that take two columns', () => {
  const text = renderDiagnostic({ ...UNKNOWN_KEY, range: range('p.yaml', 4, 7, 8) }, SOURCES, plainStyle);
  assertGolden(
    text,
    `
      p.yaml:4:7 error: unknown key \`sorce\` [unknown-key]
        2 | stages:
        3 |   mnist: { type: dataset, sorce: mnist }
        4 |   画像: 1
          |         ^
        help: did you mean \`source\`?
    `,
  );
});

test('without a source there is no frame, without a range no place', () => {
  assertGolden(
    renderDiagnostic({ ...UNKNOWN_KEY, range: range('gone.yaml', 9, 1, 2) }, SOURCES, plainStyle),
    `
      gone.yaml:9:1 error: unknown key \`sorce\` [unknown-key]
        help: did you mean \`source\`?
    `,
  );
  const { range: _range, hint: _hint, ...bare } = UNKNOWN_KEY;
  assert.equal(renderDiagnostic(bare, SOURCES, plainStyle), 'error: unknown key `sorce` [unknown-key]');
});

test("a hostile pipeline's keys cannot steer the terminal", () => {
  const hostile: Diagnostic = {
    ...UNKNOWN_KEY,
    message: 'unknown key `\u001b]0;evil\u0007\nerror: fake`',
    hint: '\u001b[2J',
    range: range('\u001b[31mp.yaml', 1, 1, 2),
  };
  const text = renderDiagnostic(hostile, [], plainStyle);
  for (const character of ['\u001b', '\u0007']) assert.ok(!text.includes(character));
  assert.equal(text.split('\n').length, 2);
});

test('a stack keeps its lines', () => {
  const text = renderDiagnostic(
    { code: 'internal-error', severity: 'error', message: 'Error: x\n    at y' },
    [],
    plainStyle,
  );
  assert.match(text, /\n {4}at y/);
});

test('several are counted, one is not', () => {
  assert.equal(renderCounted([UNKNOWN_KEY], [], plainStyle).split('\n').length, 2);
  const warning: Diagnostic = { code: 'bad-setting', severity: 'warning', message: 'hm' };
  assert.match(
    renderCounted([UNKNOWN_KEY, warning, UNKNOWN_KEY], [], plainStyle),
    /\n\n2 errors, 1 warning$/,
  );
  assert.equal(countOf([warning]), '1 warning');
});

test('of very many diagnostics, the first are shown', () => {
  const text = renderDiagnostics(
    Array.from({ length: 60 }, () => UNKNOWN_KEY),
    [],
    plainStyle,
  );
  assert.equal(text.match(/unknown key/g)?.length, 50);
  assert.match(text, /and 10 more$/);
});

test('colours are put on or left out', () => {
  const { range: _range, ...bare } = UNKNOWN_KEY;
  assert.ok(renderDiagnostic(bare, [], makeStyle(true)).includes('\u001b[31m'));
  assert.ok(!renderDiagnostic(bare, [], makeStyle(false)).includes('\u001b'));
});

test('as JSON: code, message and place', () => {
  assert.deepEqual(
    diagnosticToJson({
      ...UNKNOWN_KEY,
      related: [{ message: 'here', range: range('p.yaml', 1, 1, 5) }],
    }),
    {
      code: 'unknown-key',
      severity: 'error',
      message: 'unknown key `sorce`',
      hint: 'did you mean `source`?',
      file: 'p.yaml',
      line: 3,
      column: 27,
      endLine: 3,
      endColumn: 32,
      related: [{ message: 'here', file: 'p.yaml', line: 1, column: 1, endLine: 1, endColumn: 5 }],
    },
  );
});
