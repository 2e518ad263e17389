import assert from 'node:assert/strict';
import { test } from 'node:test';
import { toJson } from '../../src/config/located.ts';
import { parseSource } from '../../src/config/parse.ts';
import { MAX_DEPTH } from '../../src/config/tree.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { Json } from '../../src/core/json.ts';

function parse(text: string): {
  data: Json | undefined;
  found: readonly string[];
  diagnostics: readonly Diagnostic[];
} {
  const diagnostics: Diagnostic[] = [];
  const tree = parseSource({ name: 'p.yaml', text }, (diagnostic) => diagnostics.push(diagnostic));
  return {
    data: tree === undefined || tree === 'empty' ? undefined : toJson(tree, () => undefined),
    found: diagnostics.map(({ code, range }) => `${code} ${range?.start.line}:${range?.start.column}`),
    diagnostics,
  };
}

test('scalars are those of the YAML 1.2 core schema', () => {
  const text = `
rate: 1e-3
more: [1E5, .5, +2, -0.25, 0x1F, 0o17, 012, 1e3]
words: [yes, no, on, off, NO, y, 1_000, 2001-01-01, "12", '1e-3', 12e, 1.2.3]
booleans: [true, False, TRUE]
nothing: [~, null, Null]
`;
  const { data, found } = parse(text);
  assert.deepEqual(found, []);
  assert.deepEqual(data, {
    rate: 0.001,
    more: [100000, 0.5, 2, -0.25, 31, 15, 12, 1000],
    words: ['yes', 'no', 'on', 'off', 'NO', 'y', '1_000', '2001-01-01', '12', '1e-3', '12e', '1.2.3'],
    booleans: [true, false, true],
    nothing: [null, null, null],
  });
});

test('numbers must be finite, also for the engine', () => {
  assert.deepEqual(parse('a: 3.4e38\nb: 3.5e38\nc: [-1e300]\n').found, [
    'out-of-range 2:4',
    'out-of-range 3:5',
  ]);
  assert.deepEqual(parse('a: .nan\nb: [.inf, -.inf]\nc: 1e999\n').found, [
    'out-of-range 1:4',
    'out-of-range 2:5',
    'out-of-range 2:11',
    'out-of-range 3:4',
  ]);
});

test('one syntax error is reported, at its place', () => {
  const cases: Readonly<Record<string, string>> = {
    '\ta: 1\n': '1:1',
    'a:\n\tb: 1\n': '2:1',
    'a:\n  b: 1\n\tc: 2\n\td: 3\n': '3:1',
    'a: { units: ${params.x} }\nb: 2\n': '1:14',
    'a: "not closed\nb: 2\n': '1:4',
    "a: 'not closed\nb: 2\n": '1:4',
    'a: b: c\n': '1:4',
    'a: [1, 2\nb: 3\n': '2:1',
    'a: {b: 1, , c}\n': '1:11',
    '- Dense\n  units: 3\n': '1:3',
    'a:1\nb: 2\n': '1:1',
    'a: 1\n b: 2\n': '1:4',
    'a: x @b\nb: @c\n': '2:4',
    'a: "\\q"\n': '1:5',
    'key: - a\n': '1:6',
    'a:\n  - b\n c: 1\n': '3:2',
    'a: \u0007bell\n': '1:4',
    '- a\nb: 1\n': '2:1',
    'a: ]\n': '1:4',
    'a: &x &y 1\n': '1:7',
    'a: |x\n  y\n': '1:5',
    'a: 1\nb\nc: 2\n': '2:1',
    'a: ["x" "y"]\n': '1:9',
    'a: "x" y\n': '1:8',
    '- - a\n -b\n': '2:1',
    'a: [1,\n b\n': '3:1',
    'a: {b: 1 c: 2}\n': '1:8',
    'long\n  text\nmore: 1\n': '1:1',
    '[1, 2': '1:6',
    '{a: 1': '1:6',
    'a: [1, 2}\n': '1:9',
    [`${'k'.repeat(2000)}: 1\n`]: '1:1',
  };
  for (const [text, place] of Object.entries(cases)) {
    const { data, found } = parse(text);
    assert.deepEqual(found, [`yaml-syntax ${place}`], JSON.stringify(text.slice(0, 80)));
    assert.equal(data, undefined);
  }
});

test('an unquoted parameter in a flow map has its own hint', () => {
  const { diagnostics } = parse('a: { units: ${params.x} }\n');
  assert.match(diagnostics[0]?.hint ?? '', /quotation marks: `"\$\{params/);
});

test('parts of YAML that pipelines do not use are refused', () => {
  const cases: Readonly<Record<string, readonly string[]>> = {
    'a: 1\n---\nb: 2\n': ['yaml-syntax 2:1'],
    '%YAML 1.1\n---\na: yes\n': ['yaml-syntax 1:1'],
    'a: !!str 5\nb: !foo x\n': ['yaml-syntax 1:10', 'yaml-syntax 2:9'],
    'a: !!js/function "x"\n': ['yaml-syntax 1:18'],
    '1: a\ntrue: b\n~: c\n': ['yaml-syntax 1:1', 'yaml-syntax 2:1', 'yaml-syntax 3:1'],
    '? [a]\n: b\n? {c: d}\n: e\n': ['yaml-syntax 1:3', 'yaml-syntax 3:3'],
    ': b\n': ['yaml-syntax 1:1'],
    'a: &k x\n*k : 1\n': ['yaml-syntax 2:1'],
    'a: *nothing\n': ['yaml-syntax 1:4'],
  };
  for (const [text, expected] of Object.entries(cases)) assert.deepEqual(parse(text).found, expected, text);
  assert.deepEqual(parse('%YAML 1.2\n---\na: 1\n...\n').data, { a: 1 });
});

test('a duplicate key points to the first', () => {
  const { data, found, diagnostics } = parse('a: 1\nb: { c: 1, d: 2, "c": 3 }\na: 2\n');
  assert.deepEqual(found, ['duplicate-key 2:18', 'duplicate-key 3:1']);
  assert.deepEqual(diagnostics[0]?.related?.[0]?.range.start, { line: 2, column: 6 });
  assert.deepEqual(diagnostics[1]?.related?.[0]?.range.start, { line: 1, column: 1 });
  assert.deepEqual(data, { a: 1, b: { c: 1, d: 2 } });
});

test('keys of JavaScript objects are refused with the reason, and never get into a tree', () => {
  const { data, found } = parse('a: { __proto__: { x: 1 } }\nconstructor: 2\nb: { <<: { prototype: 3 } }\n');
  assert.deepEqual(found, ['reserved-name 1:6', 'reserved-name 2:1', 'reserved-name 3:12']);
  assert.deepEqual(data, { a: {}, b: {} });
  assert.equal(Object.getPrototypeOf(data), Object.prototype);
});

test('aliases and merge keys', () => {
  const { data, found } = parse(`
base: &base { filters: 32, kernel_size: 3 }
one: *base
two: { <<: *base, filters: 64 }
three:
  filters: 8
  <<: [*base, { strides: 2, filters: 1 }]
again: &base { filters: 1 }
four: *base
text: "<<"
`);
  assert.deepEqual(found, []);
  assert.deepEqual(data, {
    base: { filters: 32, kernel_size: 3 },
    one: { filters: 32, kernel_size: 3 },
    two: { filters: 64, kernel_size: 3 },
    three: { filters: 8, kernel_size: 3, strides: 2 },
    again: { filters: 1 },
    four: { filters: 1 },
    text: '<<',
  });
  assert.deepEqual(parse('a: { <<: 3 }\n').found, ['yaml-syntax 1:10']);
});

test('honest aliases are not limited in number', () => {
  const { data, found } = parse(`a: &a 1\nb: [${Array(5000).fill('*a').join(', ')}]\n`);
  assert.deepEqual(found, []);
  assert.deepEqual(data, { a: 1, b: Array(5000).fill(1) });
});

test('bombs are refused', () => {
  const doubled = (open: string, line: (index: number, inner: string) => string): string =>
    [`a0: &a0 ${open}`, ...Array.from({ length: 40 }, (_, index) => line(index + 1, `*a${index}`))].join(
      '\n',
    );
  const cases: Readonly<Record<string, string>> = {
    lists: doubled('[1, 1]', (index, inner) => `a${index}: &a${index} [${inner}, ${inner}]`),
    maps: doubled('{ x: 1 }', (index, inner) => `a${index}: &a${index} { l: ${inner}, r: ${inner} }`),
    texts: `a: &a "${'x'.repeat(100_000)}"\nb: [${Array(1000).fill('*a').join(', ')}]`,
    keys: `a: &a { "${'x'.repeat(1000)}": 1 }\nb: [${Array(5000).fill('*a').join(', ')}]`,
    merges: `a: &a { ${Array.from({ length: 3000 }, (_, index) => `k${index}: 1`).join(', ')} }\nb:\n${'  - <<: *a\n'.repeat(3000)}`,
    itself: 'a: &a [*a]',
    'itself in a map': 'a: &a { b: { c: *a } }',
    'itself by merging': 'a: &a { <<: *a }',
    'deep lists': '['.repeat(100_000),
    'deep closed lists': '['.repeat(500) + ']'.repeat(500),
    'deep maps': '{a: '.repeat(50_000),
    'deep items': '- '.repeat(50_000),
    'deep keys': '? '.repeat(50_000),
    'deep blocks': Array.from({ length: 300 }, (_, index) => `${' '.repeat(index)}a:`).join('\n'),
    'deep aliases': [
      `a0: &a0 ${'['.repeat(40)}${']'.repeat(40)}`,
      `a1: ${'['.repeat(40)}*a0${']'.repeat(40)}`,
    ].join('\n'),
    'many values': `a: [${'1,'.repeat(110_000)}]`,
  };
  for (const [name, text] of Object.entries(cases)) {
    const { found } = parse(text);
    assert.equal(found.length, 1, name);
    assert.match(found[0] ?? '', /^yaml-syntax/, name);
  }
});

test('nesting up to the limit is fine', () => {
  const nested = '['.repeat(MAX_DEPTH - 1) + ']'.repeat(MAX_DEPTH - 1);
  assert.deepEqual(parse(`a: ${nested}`).found, []);
  assert.deepEqual(parse(`a: [${nested}]`).found, [`yaml-syntax 1:${3 + MAX_DEPTH}`]);
});

test('texts of every script and any length', () => {
  const { data, found } = parse(
    `größe: ñandú\n日本語: "絵文字 🙂"\nlong: ${'x'.repeat(50_000)}\n"key with: colon": |\n  two\n  lines\nempty:\n`,
  );
  assert.deepEqual(found, []);
  assert.deepEqual(data, {
    größe: 'ñandú',
    日本語: '絵文字 🙂',
    long: 'x'.repeat(50_000),
    'key with: colon': 'two\nlines\n',
    empty: null,
  });
});
