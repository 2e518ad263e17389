import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { stringify } from 'yaml';
import { interpolate } from '../../src/config/interpolate.ts';
import { toJson } from '../../src/config/located.ts';
import { parseSource } from '../../src/config/parse.ts';
import { LARGEST_NUMBER } from '../../src/config/tree.ts';
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

test('only parameters are allowed between the braces', () => {
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
    ...[3, 4, 5, 6, 7, 8].map((line) => `bad-interpolation ${line}:4`),
    'unknown-param 9:4',
    'bad-interpolation 10:4',
    'unknown-param 11:4',
    'unknown-param 12:4',
  ]);
  assert.match(diagnostics[0]?.hint ?? '', /`size`/);
  assert.match(diagnostics[1]?.hint ?? '', /params\.size/);
});

test('parameters are made of other parameters, in any order, and keep their types', () => {
  const { data, found } = interpolated(`
params:
  half: "\${params.size}"
  size: 16
  name: "mnist-\${params.half}"
  shape: ["\${params.size}", "\${params.size}", 1]
  block: { Dense: { units: "\${params.half}", activation: relu } }
  stack: [Flatten, "\${params.block}"]
  inner: "\${params.stack[1].Dense.units}"
a: "\${params.stack}"
b: "\${params.block.Dense.units}"
c: "\${params.stack.1.Dense.activation}-\${params.shape.2}"
d: "\${params.name}"
e: "\${params.inner}"
`);
  assert.deepEqual(found, []);
  const block = { Dense: { units: 16, activation: 'relu' } };
  assert.deepEqual(data, {
    params: {
      half: 16,
      size: 16,
      name: 'mnist-16',
      shape: [16, 16, 1],
      block,
      stack: ['Flatten', block],
      inner: 16,
    },
    a: ['Flatten', block],
    b: 16,
    c: 'relu-1',
    d: 'mnist-16',
    e: 16,
  });
});

test('a circle of parameters is reported once, with all its members in order', () => {
  const { found, diagnostics } = interpolated(
    'params:\n  z: 1\n  a: "${params.b}"\n  b: ["${params.c.deep}"]\n  c: { deep: "x${params.a}" }\nx: "${params.a}"\ny: "${params.z}"\n',
  );
  assert.deepEqual(found, ['param-cycle 3:6']);
  assert.match(diagnostics[0]?.message ?? '', /a.*b.*c\.deep.*a/s);
  assert.deepEqual(
    diagnostics[0]?.related?.map(({ range }) => range.start.line),
    [4, 5],
  );
  for (const text of [
    'params: { a: "${params.a}" }\n',
    'params: { a: { x: "${params.a}" } }\n',
    'params: { a: ["${params.a.0}"] }\n',
  ])
    assert.deepEqual(
      interpolated(text).found.map((each) => each.split(' ')[0]),
      ['param-cycle'],
      text,
    );
  // A reference to another value of the same map is not a circle.
  assert.deepEqual(
    interpolated('params: { a: { x: 1, y: "${params.a.x}" } }\nb: "${params.a.y}"\n').found,
    [],
  );
  assert.deepEqual(interpolated('x: "${params.a}"\n').found, ['unknown-param 1:4']);
});

test('if a parameter lacks a value, the error lists the values that it has', () => {
  const { found, diagnostics } =
    interpolated(`params: { size: 16, net: { units: 4, rate: 0.1 }, list: [1, 2], of: "\${params.net}" }
a: "\${params.size.units}"
b: "\${params.net.unit}"
c: "\${params.list.2}"
d: "\${params.of.units.x}"
e: "x\${params.net}"
f: "\${params.net.constructor}"
`);
  assert.deepEqual(found, [
    ...[2, 3, 4, 5].map((line) => `unknown-param ${line}:4`),
    'bad-interpolation 6:4',
    'unknown-param 7:4',
  ]);
  assert.match(diagnostics[0]?.hint ?? '', /`\$\{params\.size\}`/);
  assert.match(diagnostics[1]?.hint ?? '', /`units`/);
  for (const [index, written] of ['params.size.units', 'params.net.unit', 'params.list.2'].entries())
    assert.ok(!(diagnostics[index]?.hint ?? '').includes(`\${${written}}`));
});

test('a long row of parameters, and deep ones, end in a diagnostic', () => {
  const row = Array.from({ length: 5000 }, (_, index) => `  p${index}: "\${params.p${index + 1}}"`).join(
    '\n',
  );
  assert.deepEqual(interpolated(`params:\n${row}\n  p5000: 1\n`).found.length > 0, true);
  const deep = Array.from({ length: 80 }, (_, index) => `  p${index + 1}: ["\${params.p${index}}"]`).join(
    '\n',
  );
  assert.deepEqual(
    new Set(interpolated(`params:\n  p0: 1\n${deep}\n`).found.map((each) => each.split(' ')[0])),
    new Set(['bad-interpolation']),
  );
  const twice = Array.from(
    { length: 40 },
    (_, index) => `  p${index + 1}: ["\${params.p${index}}", "\${params.p${index}}"]`,
  ).join('\n');
  assert.deepEqual(interpolated(`params:\n  p0: 1\n${twice}\n`).found.length, 1);
});

test('parameters cannot blow a pipeline up', () => {
  const word = `params: { a: ${'x'.repeat(50_000)} }\n`;
  assert.deepEqual(interpolated(`${word}b: [${'"${params.a}${params.a}", '.repeat(2000)}]`).found.length, 1);
  assert.deepEqual(interpolated(`${word}b: [${'"${params.a}", '.repeat(5000)}]`).found.length, 1);
  const list = `params: { a: [${'1,'.repeat(10_000)}] }\n`;
  assert.deepEqual(interpolated(`${list}b: [${'"${params.a}", '.repeat(5000)}]`).found.length, 1);
});

test('property: every scalar and list of scalars stays unchanged', () => {
  const scalar = fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc
      .double({ noNaN: true, min: -LARGEST_NUMBER, max: LARGEST_NUMBER })
      .map((value) => (value === 0 ? 0 : value)),
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

test('values made of another swept parameter are resolved in the trials', () => {
  const { data, found } = interpolated(`
params: { a: 1, b: 2, c: { d: 3 } }
sweep:
  parameters:
    a: [5, "\${params.a}", "\${params.b}", "\${params.c.d}"]
    stages.x.y: [[{ z: "\${params.a}-\${params.b}" }], "\${params.b}"]
    params.c.d: { min: "\${params.a}", max: 9 }
  include: [{ a: 7, stages.x.y: "\${params.a}", b: "\${params.c.d}" }, "\${params.b}"]
  exclude: [{ a: "\${params.c.d}", b: "\${params.a}" }]
  metric: { name: "q.\${params.a}" }
`);
  assert.deepEqual(found, []);
  assert.deepEqual((data as { sweep: Json }).sweep, {
    parameters: {
      a: [5, 1, 2, '${params.c.d}'],
      'stages.x.y': [[{ z: '${params.a}-${params.b}' }], 2],
      'params.c.d': { min: 1, max: 9 },
    },
    include: [{ a: 7, 'stages.x.y': '${params.a}', b: 3 }, 2],
    exclude: [{ a: '${params.c.d}', b: '${params.a}' }],
    metric: { name: 'q.1' },
  });
});
