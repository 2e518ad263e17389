/** Whatever a plugin throws or returns is reported as the plugin's mistake. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadPipeline } from '../../src/config/load.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { checkPipeline, inspectFiles } from '../../src/plan/check.ts';
import { rig, type Rig } from '../rig.ts';

const PARTS = {
  type: "'own'",
  version: '1',
  inputs: '{}',
  outputs: "'metrics'",
  draws: 'false',
  engine: 'false',
  schema: "{ type: 'object', properties: { type: {}, way: {} } }",
  analyze: "() => ({ kind: 'metrics', names: ['score'] })",
  run: 'async () => ({ metrics: { score: 1 } })',
};

function plugin(changes: Readonly<Record<string, string>>, before = ''): string {
  const members = Object.entries({ ...PARTS, ...changes }).map(([name, code]) => `  ${name}: ${code},`);
  return `${before}\nexport default {\n${members.join('\n')}\n};\n`;
}

let number = 0;

/** The codes that a check of a pipeline with one stage of a plugin reports or throws. */
async function codesOf(rigged: Rig, source: string): Promise<readonly string[]> {
  number += 1;
  rigged.write(`own-${number}.mjs`, source);
  rigged.write('p.yaml', `name: p\nplugins: [own-${number}.mjs]\nstages:\n  own: { type: own }\n`);
  try {
    const { located, diagnostics } = await loadPipeline(rigged.path('p.yaml'), {
      stageTypes: stageTypes(true),
    });
    if (located === undefined) return diagnostics.map(({ code }) => code);
    const checked = checkPipeline(located, await inspectFiles(located));
    const [settings] = located.pipeline.stages.values();
    const type = located.stageTypes.get('own');
    if (settings !== undefined && typeof type?.engine === 'function') type.engine(settings);
    if (settings !== undefined) await type?.fingerprint?.(settings, '.');
    if (settings !== undefined) type?.files?.(settings);
    return [...diagnostics, ...checked.diagnostics].map(({ code }) => code);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.diagnostics.map(({ code }) => code);
  }
}

const ODD = ["new Error('own')", 'undefined', "'text'", 'null', '7n', 'Object.create(null)', 'Symbol()'];

test("anything that a plugin throws, anywhere, is reported as the plugin's mistake", async (t) => {
  const rigged = rig(t);
  assert.deepEqual(await codesOf(rigged, plugin({})), []);
  for (const thrown of ODD) {
    const throws = `() => { throw ${thrown}; }`;
    for (const source of [
      plugin({}, `throw ${thrown};`),
      `export default { get type() { throw ${thrown}; } };`,
      ...['analyze', 'engine', 'pairings', 'fingerprint', 'inspect', 'files'].map((name) =>
        plugin({ [name]: throws }),
      ),
    ])
      assert.deepEqual(await codesOf(rigged, source), ['plugin-invalid'], source);
  }
});

test("nonsense that a plugin returns is reported as the plugin's mistake", async (t) => {
  const rigged = rig(t);
  const cyclic = '() => { const it = {}; it.it = it; return it; }';
  const all: readonly Readonly<Record<string, string>>[] = [
    ...['1', '"metrics"', '[]', '{}', "{ kind: 'images', splits: ['train'] }", "{ kind: 'metrics' }"].map(
      (value) => ({ analyze: `() => (${value})` }),
    ),
    { analyze: "async () => ({ kind: 'metrics', names: [] })" },
    { analyze: "() => ({ kind: 'metrics', names: [7n] })" },
    { analyze: cyclic },
    { analyze: "({ report }) => report({ code: 'none', message: 'x', at: [] })" },
    { analyze: "({ report }) => report('wrong')" },
    { outputs: "'images'", analyze: "() => ({ kind: 'images', splits: 'train' })" },
    { outputs: "'images'", analyze: "() => ({ kind: 'images', splits: [], shape: [NaN, 1, 1] })" },
    { outputs: "'vectors'", analyze: "() => ({ kind: 'vectors', splits: ['validation'] })" },
    { outputs: "'model'", analyze: "() => ({ kind: 'model', inputShape: [1] })" },
    { outputs: "'trained-model'", analyze: "() => ({ kind: 'trained-model', inputShape: 3 })" },
    { fingerprint: cyclic },
    { fingerprint: 'async () => 7n' },
    { fingerprint: 'async () => () => 1' },
    { pairings: '() => 3' },
    { inspect: 'async () => 3' },
    { files: '() => 3' },
    { version: 'NaN' },
    { inputs: "{ data: { accepts: 'images' } }" },
    { inputs: "{ data: { accepts: ['pictures'] } }" },
    { inputs: '{ data: 3 }' },
  ];
  for (const changes of all)
    assert.deepEqual(await codesOf(rigged, plugin(changes)), ['plugin-invalid'], JSON.stringify(changes));
});

test('mistakes of a running plugin fail its stage', { timeout: 120_000 }, async (t) => {
  const rigged = rig(t);
  const ways: Readonly<Record<string, string>> = {
    error: "throw new Error('own')",
    nothing: 'throw undefined',
    bare: 'throw Object.create(null)',
    text: "return 'text'",
    big: 'return { metrics: { score: 7n } }',
    words: "return { metrics: { score: 'much' } }",
    missing: "return { highlights: ['none.png'] }",
    outside: "return { highlights: ['../../x'] }",
    list: 'return { highlights: 3 }',
    exits: 'process.exit(0)',
    late: 'setTimeout(() => { throw 7 }); await new Promise(() => undefined)',
    infinite: 'return { metrics: { score: Infinity } }',
    absent: "await import('./none.mjs')",
    noisy: "context.log('loud', 7); throw 7",
  };
  const code = Object.entries(ways).map(([way, text]) => `if (settings.way === '${way}') { ${text}; }`);
  rigged.write(
    'own.mjs',
    plugin({ run: `async (context) => { const { settings } = context; ${code.join(' ')} }` }),
  );
  const stages = Object.keys(ways).map((way) => `  s-${way}: { type: own, way: ${way} }`);
  rigged.write('p.yaml', `name: p\nplugins: [own.mjs]\nstages:\n${stages.join('\n')}\n`);
  const { code: exit, json } = await rigged.runJson(['run', 'p.yaml', '--allow-plugins', '--keep-going']);
  assert.equal(exit, 1);
  const codes = Object.fromEntries(json.diagnostics.map((each) => [each.stage, each.code]));
  const expected = (way: string): string =>
    ['exits', 'late'].includes(way)
      ? 'worker-died'
      : way === 'infinite'
        ? 'not-finite'
        : ['error', 'nothing', 'bare', 'absent', 'noisy'].includes(way)
          ? 'stage-failed'
          : 'plugin-invalid';
  assert.deepEqual(codes, Object.fromEntries(Object.keys(ways).map((way) => [`s-${way}`, expected(way)])));
});

test('output that a plugin prints is not part of a result', async (t) => {
  const rigged = rig(t);
  rigged.write('own.mjs', plugin({}, "console.log('noise');"));
  rigged.write('p.yaml', 'name: p\nplugins: [own.mjs]\nstages:\n  own: { type: own }\n');
  assert.equal((await rigged.runJson(['check', 'p.yaml', '--allow-plugins'])).code, 0);
});

test('a plugin that ends the process, or never finishes loading, is an error', async (t) => {
  const rigged = rig(t);
  for (const source of [
    plugin({}, 'process.exit(0);'),
    plugin({}, 'await new Promise(() => undefined);'),
    plugin({ analyze: '() => process.exit(0)' }),
    plugin({ schema: '7' }),
    plugin({ analyze: "() => Promise.reject(new Error('late'))" }),
    plugin(
      {},
      'setTimeout(() => { throw new Error("late"); }); await new Promise((r) => setTimeout(r, 50));',
    ),
  ]) {
    rigged.write('own.mjs', source);
    rigged.write('p.yaml', 'name: p\nplugins: [own.mjs]\nstages:\n  own: { type: own }\n');
    const { code, stdout, stderr } = await rigged.run(['check', 'p.yaml', '--allow-plugins']);
    assert.ok(code === 1 || code === 2, `${source}: ${code}`);
    assert.match(stdout + stderr, /plugin-invalid/, source);
    assert.doesNotMatch(stdout + stderr, /internal-error/, source);
  }
});
