/** Malicious files: each gets diagnostics with codes and places, never a stack trace, and none leads out of its folder. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { stringify } from 'yaml';
import { loadPipeline } from '../../src/config/load.ts';
import { DIAGNOSTIC_CODES, isError } from '../../src/core/diagnostic.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { HOURGLASS } from '../rig.ts';

const folder = mkdtempSync(join(tmpdir(), 'hourglass-hostile-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const LONG = 'a'.repeat(100_000);
const HEAD = 'name: x\nstages:\n  d: { type: dataset, source: mnist }\n';
const stage = (settings: string): string => `${HEAD}  s: ${settings}\n`;
const many = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => line(index)).join('\n');

/** File name -> content; what begins with `base-` is only extended by others. */
const CORPUS: Readonly<Record<string, string | Uint8Array>> = {
  'bomb-lists': `name: x\na0: &a0 [x,x,x,x,x,x,x,x,x]\n${many(9, (i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`)}\n`,
  'bomb-maps': `name: x\na0: &a0 { k: v }\n${many(9, (i) => `a${i + 1}: &a${i + 1} { ${many(9, (j) => `k${j}: *a${i}`).replaceAll('\n', ', ')} }`)}\n`,
  'bomb-params': `name: x\nparams:\n  a0: &a0 [1,1,1,1,1,1,1,1]\n${many(9, (i) => `  a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]`)}\nstages: {}\n`,
  'many-aliases': `name: x\nparams: { a: &a 1 }\nl: [${Array(20_000).fill('*a').join(',')}]\n`,
  'alias-of-itself': 'name: x\nparams: &p { a: *p }\nstages: {}\n',
  'alias-unknown': 'name: x\nparams: *nothing\nstages: {}\n',
  'anchors-many': `name: x\nparams:\n${many(10_000, (i) => `  a${i}: &a${i} 1`)}\nstages: {}\n`,
  'anchor-twice': `name: x\nparams: { a: &a 1, b: &a 2, c: *a }\nstages: {}\n`,
  'deep-flow-list': `name: x\nparams: { a: ${'['.repeat(50_000)}${']'.repeat(50_000)} }\n`,
  'deep-flow-open': `name: ${'['.repeat(100_000)}`,
  'deep-flow-map': `name: x\nparams: ${'{ a: '.repeat(20_000)}1${' }'.repeat(20_000)}\n`,
  'deep-block': many(600, (i) => `${' '.repeat(i)}a:`),
  'deep-list': `name: x\nl:\n  ${'- '.repeat(20_000)}x\n`,
  'deep-question': `${'? '.repeat(20_000)}x\n`,
  'many-keys': `name: x\nparams:\n${many(10_000, (i) => `  key${i}: 1`)}\nstages: {}\n`,
  'many-stages': `name: x\nstages:\n${many(4000, (i) => `  s${i}: { type: dataset }`)}\n`,
  'many-unknown': `name: x\n${many(10_000, (i) => `k${i}: 1`)}\n`,
  'many-equal-keys': `name: x\n${many(20_000, () => 'k: 1')}\n`,
  'many-layers': stage(
    `{ type: model, input_shape: [28, 28, 1], encoder: [${Array(20_000).fill('Flatten').join(',')}], decoder: [] }`,
  ),
  'many-documents': many(20_000, () => '---\nname: x'),
  'tag-js': 'name: !!js/function "function () {}"\nstages: {}\n',
  'tag-python': 'name: !!python/object/apply:os.system ["touch canary"]\nstages: {}\n',
  'tag-binary': 'name: !!binary aGVsbG8=\nstages: {}\n',
  'tag-set': 'name: x\nparams: !!set { a, b }\nstages: {}\n',
  'tag-omap': 'name: x\nparams: !!omap [a: 1, b: 2]\nstages: {}\n',
  'tag-own': '%TAG ! tag:evil,2026:\n---\nname: !x y\nstages: {}\n',
  'directive-yaml-9': '%YAML 9.9\n---\nname: x\nstages: {}\n',
  'proto-root': 'name: x\n__proto__: { polluted: true }\nstages: {}\n',
  'proto-params': 'name: x\nparams: { __proto__: { polluted: true } }\nstages: {}\n',
  'proto-stage-name': 'name: x\nstages:\n  __proto__: { type: dataset, source: mnist }\n',
  'proto-setting': stage('{ type: noise, data: d, __proto__: { kind: gaussian } }'),
  'proto-layer': stage(
    '{ type: model, input_shape: [2], encoder: [{ __proto__: { units: 1 } }], decoder: [] }',
  ),
  'proto-type': stage('{ type: __proto__ }'),
  'proto-interpolated':
    'name: x\nparams: { a: 1 }\nstages: { d: { type: dataset, source: "${params.__proto__}" } }\n',
  'constructor-root': 'name: x\nconstructor: { prototype: { polluted: true } }\nstages: {}\n',
  'constructor-stage': 'name: x\nstages:\n  constructor: { type: constructor }\n',
  'constructor-param': 'name: x\nstages: { d: { type: dataset, source: "${params.constructor}" } }\n',
  'prototype-setting': stage('{ type: noise, data: d, prototype: { polluted: true } }'),
  'to-string': 'name: x\nstages:\n  toString: { type: toString, data: valueOf }\n',
  'merge-key': 'name: x\nparams: &p { a: 1 }\nstages: { d: { <<: *p, type: dataset, source: mnist } }\n',
  'merge-proto':
    'name: x\nstages: { d: { <<: { __proto__: { polluted: true } }, type: dataset, source: mnist } }\n',
  'merge-list': `name: x\nstages: { d: { <<: [${Array(1000).fill('{ a: 1 }').join(',')}], type: dataset } }\n`,
  'extends-itself': 'extends: extends-itself.yaml\nname: x\n',
  'extends-circle': 'extends: base-circle.yaml\nname: x\n',
  'base-circle': 'extends: extends-circle.yaml\nname: x\n',
  'extends-above': 'extends: ../../../../../../etc/passwd\nname: x\n',
  'extends-absolute': 'extends: /etc/passwd\nname: x\n',
  'extends-device': 'extends: /dev/zero\nname: x\n',
  'extends-folder': 'extends: .\nname: x\n',
  'extends-nul': 'extends: "a\\0b"\nname: x\n',
  'extends-url': 'extends: "http://127.0.0.1:9/x.yaml"\nname: x\n',
  'extends-long': `extends: ${LONG}\nname: x\n`,
  'extends-proto': 'extends: base-proto.yaml\nname: x\nstages: { d: { type: dataset, source: mnist } }\n',
  'base-proto': '__proto__: { polluted: true }\nparams: { __proto__: { polluted: true } }\n',
  'plugin-path': 'name: x\nplugins: [../../../../evil.mjs]\nstages: {}\n',
  'plugin-url': 'name: x\nplugins: ["data:text/javascript,process.exit(7)"]\nstages: {}\n',
  'plugin-many': `name: x\nplugins: [${many(5000, (i) => `./p${i}.mjs`).replaceAll('\n', ', ')}]\nstages: {}\n`,
  'name-path': 'name: ../../evil\nstages: { d: { type: dataset, source: mnist } }\n',
  'name-long': `name: ${LONG}\nstages: {}\n`,
  'name-almost': `name: ${LONG}!\nstages: {}\n`,
  'stage-path': 'name: x\nstages: { ../../evil: { type: dataset, source: mnist } }\n',
  'stage-long': `name: x\nstages:\n  ? ${LONG}\n  : { type: dataset, source: mnist }\n`,
  'param-long': `name: x\nparams:\n  ? ${LONG}!\n  : 1\nstages: {}\n`,
  'seed-huge': 'name: x\nseed: 1e400\nstages: {}\n',
  'seed-long': `name: x\nseed: ${'9'.repeat(100_000)}\nstages: {}\n`,
  'seed-nan': 'name: x\nseed: .nan\nstages: {}\n',
  'seed-hexadecimal': `name: x\nseed: 0x${'f'.repeat(50_000)}\nstages: {}\n`,
  'shape-huge': stage(
    '{ type: model, input_shape: [1e308, 1e308], encoder: [Flatten, { Dense: { units: 2 } }], decoder: [{ Dense: { units: 4 } }] }',
  ),
  'units-huge': stage(
    '{ type: model, input_shape: [2], encoder: [{ Dense: { units: 9007199254740993 } }], decoder: [] }',
  ),
  'interpolation-long': `name: x\nstages: { d: { type: dataset, source: "${'${'.repeat(50_000)}" } }\n`,
  'interpolation-open': `name: x\nparams: { a: 1 }\nstages: { d: { type: dataset, source: "\${params.${LONG}}" } }\n`,
  'interpolation-itself':
    'name: x\nparams: { a: "${params.a}" }\nstages: { d: { type: dataset, source: "${params.a}" } }\n',
  'value-spaces': stage(`{ type: subset, data: d, count: "1${' '.repeat(100_000)}x" }`),
  'key-spaces': stage(`{ type: subset, data: d, "cou${' '.repeat(100_000)}nt": 1 }`),
  'parameter-spaces': `name: x\nparams: { x: 1 }\nstages: { d: { type: dataset, limit: "\${${' '.repeat(100_000)}y" } }\n`,
  'parameters-unknown': `name: x\nparams:\n${many(3000, (i) => `  param_${i}: 1`)}\nl: [${many(5000, (i) => `"\${params.parm_${i}}"`).replaceAll('\n', ',')}]\n`,
  'spaces-odd': `name: x${'\u00a0'.repeat(50_000)}y\nstages: {}\n`,
  'syntax-spaces': `name${' '.repeat(60_000)}x\n  y: z: ${' '.repeat(60_000)}.\n`,
  'one-line': `name: ${'x '.repeat(120_000)}\n`,
  'comment-only': `# ${LONG}\n`,
  'quote-open': `name: "${LONG}\n`,
  'block-scalar': `name: |\n${many(50_000, () => ' x')}\n`,
  tabs: 'name: x\nstages:\n\td:\n\t\ttype: dataset\n',
  crlf: 'name: x\r\nstages:\r\n  d: { type: dataste, source: mnist }\r\n',
  'control-characters': 'name: "\\e]0;evil\\a"\nstages: {}\n',
  direction: 'name: "\\u202Eevil"\nstages: {}\n',
  surrogate: 'name: "\\uD800"\nstages: {}\n',
  'utf-8-invalid': Uint8Array.of(0x6e, 0x61, 0x6d, 0x65, 0x3a, 0x20, 0xff, 0xfe, 0x0a),
  'utf-8-overlong': Uint8Array.of(0x6e, 0x3a, 0x20, 0xc0, 0xaf, 0x0a),
  'utf-16': new Uint8Array(Buffer.from('\ufeffname: x\n', 'utf16le')),
  'bom-twice': '\ufeff\ufeffname: x\nstages: {}\n',
  nul: 'name: x\0\nstages: {}\n',
  empty: '',
  'only-null': 'null\n',
  list: '- name: x\n',
  scalar: '42\n',
  'too-large': 'a'.repeat(300 * 1024),
};

const FILES = Object.keys(CORPUS).filter((name) => !name.startsWith('base-'));
for (const [name, content] of Object.entries(CORPUS)) writeFileSync(join(folder, `${name}.yaml`), content);

/** Files that one process checks. */
const BATCH = 12;

/** Seconds of the processor, which a busy machine does not use up, after which a process counts as one that never ends. */
const MOST_SECONDS = 60;

/** Checks files as a user would, in a process that is killed if it does not end. */
function check(
  names: readonly string[],
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const files = names.map((name) => `${name}.yaml`);
  const node = [process.execPath, '--max-old-space-size=512', ...HOURGLASS, 'check', ...files, '--json'];
  const limited = `ulimit -t ${MOST_SECONDS} && exec "$0" "$@"`;
  // One that waits for ever uses no processor.
  const child = spawn('sh', ['-c', limited, ...node], {
    cwd: folder,
    timeout: 1_200_000,
    killSignal: 'SIGKILL',
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
  child.stderr.on('data', (text: Buffer) => (stderr += text.toString()));
  return new Promise((resolve) => {
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

test('every hostile file gets diagnostics', async () => {
  assert.ok(FILES.length >= 60);
  for (let first = 0; first < FILES.length; first += BATCH) {
    const names = FILES.slice(first, first + BATCH);
    const { code, stdout, stderr } = await check(names);
    assert.equal(code, 2, `${names.join(' ')}: ${stdout.slice(0, 300)} ${stderr.slice(0, 300)}`);
    assert.equal(stderr, '', names.join(' '));
    const { files } = JSON.parse(stdout) as {
      files: { diagnostics: { code: string; severity: string; message: string }[] }[];
    };
    for (const [index, name] of names.entries()) {
      const diagnostics = files[index]?.diagnostics ?? [];
      assert.ok(diagnostics.some(isError), name);
      for (const diagnostic of diagnostics) {
        const { code: kind, message } = diagnostic;
        assert.ok(kind in DIAGNOSTIC_CODES && kind !== 'internal-error', `${name}: ${message}`);
        assert.doesNotMatch(message, /\n\s+at |node:internal/, name);
        assert.doesNotMatch(message, /root:.*:0:0/, `${name} shows a file that is none of its business`);
      }
    }
  }
});

const EVIL = fc.constantFrom('__proto__', 'constructor', 'prototype');
const KEY = fc.oneof(EVIL, fc.constantFrom('name', 'params', 'stages', 'seed', 'type', 'data', '<<', 'a'));
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(1, 'x', true, null),
    // A map as entries: an object literal would lose the keys in question.
    fc
      .uniqueArray(fc.tuple(KEY, tie('tree')), { selector: ([key]) => key, maxLength: 3 })
      .map((entries) => new Map(entries)),
  ),
}));

test('no tree with such keys pollutes a prototype, through the file, what it extends, or `-S`', async () => {
  const place = join(folder, 'trees');
  mkdirSync(place);
  const [file, base] = [join(place, 'p.yaml'), join(place, 'base.yaml')];
  const before = Object.getOwnPropertyNames(Object.prototype).sort();
  const options = { stageTypes: stageTypes(false) };
  await fc.assert(
    fc.asyncProperty(
      tree,
      tree,
      EVIL,
      tree,
      fc.array(KEY, { minLength: 1, maxLength: 3 }),
      async (own, extended, evil, value, path) => {
        const root = new Map<unknown, unknown>([
          ...(own instanceof Map ? own : []),
          ['extends', 'base.yaml'],
          [evil, value],
        ]);
        writeFileSync(file, stringify(root));
        writeFileSync(
          base,
          stringify(new Map<unknown, unknown>([['name', 'x'], ...(extended instanceof Map ? extended : [])])),
        );
        const { located, diagnostics } = await loadPipeline(file, {
          ...options,
          overrides: [`${[...path, evil].join('.')}={ ${evil}: 1 }`],
        });
        assert.ok(diagnostics.some(isError));
        assert.equal(located, undefined);
        assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).sort(), before);
        for (const key of ['name', 'params', 'stages', 'seed', 'type', 'data', 'a'])
          assert.ok(!(key in {}), key);
      },
    ),
    { numRuns: 500 },
  );
});
