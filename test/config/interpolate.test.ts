import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { interpolate } from '../../src/config/interpolate.ts';
import { toJson } from '../../src/config/located.ts';
import { parseSource } from '../../src/config/parse.ts';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import type { Json } from '../../src/core/json.ts';

function interpolated(text: string): {
  data: Json;
  found: readonly string[];
  diagnostics: readonly Diagnostic[];
} {
  const diagnostics: Diagnostic[] = [];
  const report = (diagnostic: Diagnostic): void => void diagnostics.push(diagnostic);
  const root = parseSource({ name: 'p.yaml', text }, report);
  assert.ok(typeof root === 'object' && root.kind === 'map');
  const document = interpolate({ state: 'overridden', root }, report);
  return {
    data: toJson(document.root, () => undefined),
    found: diagnostics.map(({ code, range }) => `${code} ${range?.start.line}:${range?.start.column}`),
    diagnostics,
  };
}

test('a parameter alone keeps its type, inside a text it is written out', () => {
  const { data, found } = interpolated(`
params: { size: 16, rate: 1e-3, on: true, none: null, word: relu, list: [28, 28, 1] }
stages:
  a: ["\${params.size}", "\${params.rate}", "\${params.on}", "\${params.none}", "\${params.word}", "\${params.list}"]
  b: ["x\${params.size}", " \${params.rate}", "\${params.word}-\${params.size}", "\${params.on}\${params.none}", "$\${params.size}"]
  c: $params.size
`);
  assert.deepEqual(found, []);
  assert.deepEqual((data as { stages: Json }).stages, {
    a: [16, 0.001, true, null, 'relu', [28, 28, 1]],
    b: ['x16', ' 0.001', 'relu-16', 'truenull', '$16'],
    c: '$params.size',
  });
});

test('nothing but parameters stands between the braces', () => {
  const { found, diagnostics } = interpolated(`params: { size: 16, list: [1] }
a: "\${params.sise}"
b: "\${size}"
c: "\${ params.size }"
d: "\${params.size * 2}"
e: "\${env.HOME}"
f: "\${params.size"
g: "\${}"
h: "\${params.a.b}"
i: "x\${params.list}"
j: "\${params.__proto__}"
k: "\${params.toString}"
`);
  assert.deepEqual(found, [
    'unknown-param 2:4',
    ...[3, 4, 5, 6, 7, 8, 9, 10].map((line) => `bad-interpolation ${line}:4`),
    'unknown-param 11:4',
    'unknown-param 12:4',
  ]);
  assert.match(diagnostics[0]?.hint ?? '', /`size`/);
  assert.match(diagnostics[1]?.hint ?? '', /params\.size/);
});

test('parameters are not made of parameters, and that is said once', () => {
  const { found } = interpolated('params:\n  a: "${params.b}"\n  b: ["${params.a}"]\nx: "${params.a}"\n');
  assert.deepEqual(found, ['bad-interpolation 2:6', 'bad-interpolation 3:7']);
  assert.deepEqual(interpolated('x: "${params.a}"\n').found, ['unknown-param 1:4']);
});

test('parameters cannot blow a pipeline up', () => {
  const word = `params: { a: ${'x'.repeat(50_000)} }\n`;
  assert.deepEqual(interpolated(`${word}b: [${'"${params.a}${params.a}", '.repeat(2000)}]`).found.length, 1);
  assert.deepEqual(interpolated(`${word}b: [${'"${params.a}", '.repeat(5000)}]`).found.length, 1);
  const list = `params: { a: [${'1,'.repeat(10_000)}] }\n`;
  assert.deepEqual(interpolated(`${list}b: [${'"${params.a}", '.repeat(5000)}]`).found.length, 1);
});

test('property: every scalar and list of scalars comes through as it is', () => {
  const scalar = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (value === 0 ? 0 : value)),
    fc.string().filter((text) => !text.includes('${')),
  );
  fc.assert(
    fc.property(fc.oneof(scalar, fc.array(scalar, { maxLength: 5 })), (value) => {
      const { data, found } = interpolated(stringify({ params: { x: value }, y: '${params.x}' }));
      assert.deepEqual(found, []);
      assert.deepEqual(data, { params: { x: value }, y: value });
    }),
  );
});
