/** The executor with small stages of a plugin: what runs, what does not, and what a failure leaves. */
import assert from 'node:assert/strict';
import { isError } from '../../src/core/diagnostic.ts';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
  mkdirSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { loadPipeline } from '../../src/config/load.ts';
import type { LocatedPipeline } from '../../src/config/pipeline.ts';
import type { RunEvent } from '../../src/core/event.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { runPipeline } from '../../src/run/executor.ts';
import { planPipeline } from '../../src/run/plan.ts';
import type { RunOptions, RunResult } from '../../src/run/types.ts';

/** A stage that writes its text and its input's; and does as `behaviour` says. */
const PLUGIN = `
import { readFileSync, writeFileSync } from 'node:fs';
export default {
  type: 'echo', version: 1, outputs: 'images', draws: true, engine: false,
  inputs: { data: { accepts: ['images'], optional: true } },
  schema: {
    type: 'object', additionalProperties: false, required: ['type', 'text'],
    properties: {
      type: { const: 'echo' }, data: { type: 'string' }, text: { type: 'string' },
      behaviour: { enum: ['write', 'throw', 'die', 'nan', 'full', 'wait', 'stuck'], default: 'write' },
    },
  },
  analyze: () => ({ kind: 'images', splits: ['train'] }),
  async run({ settings, inputs, folder, seed, signal, progress }) {
    progress({ fraction: 0.5 });
    const before = inputs.data ? readFileSync(inputs.data.folder + '/text', 'utf8') : '';
    if (settings.behaviour === 'throw') throw new Error('as asked');
    if (settings.behaviour === 'full') throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    if (settings.behaviour === 'die') process.kill(process.pid, 'SIGKILL');
    if (settings.behaviour === 'wait') await new Promise((r) => signal.addEventListener('abort', r));
    if (settings.behaviour === 'stuck') for (;;);
    writeFileSync(folder + '/text', before + settings.text);
    return { metrics: { length: settings.behaviour === 'nan' ? NaN : (before + settings.text).length, seed: seed('x')[0] },
      highlights: ['text'] };
  },
};`;

const CHAIN = `name: chain
seed: 7
params: { word: b }
plugins: [./echo.mjs]
stages:
  one: { type: echo, text: a }
  two: { type: echo, data: one, text: "\${params.word}" }
  three: { type: echo, data: two, text: c }
  other: { type: echo, text: z }
`;

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hourglass-run-'));
  writeFileSync(join(folder, 'echo.mjs'), PLUGIN);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function load(text: string, overrides: readonly string[] = []): Promise<LocatedPipeline> {
  const file = join(folder, 'p.yaml');
  writeFileSync(file, text);
  const { located, diagnostics } = await loadPipeline(file, { overrides, stageTypes: stageTypes(true) });
  assert.ok(located, JSON.stringify(diagnostics));
  return located;
}

interface Outcome extends RunResult {
  readonly states: Readonly<Record<string, string>>;
  readonly events: readonly RunEvent[];
}

async function run(
  text: string,
  options: Partial<RunOptions> = {},
  overrides: readonly string[] = [],
): Promise<Outcome> {
  const events: RunEvent[] = [];
  const result = await runPipeline(await load(text, overrides), {
    outputs: join(folder, 'outputs'),
    targets: [],
    force: false,
    engine: 'auto',
    keepGoing: false,
    jobs: 2,
    signal: new AbortController().signal,
    emit: (event) => events.push(event),
    ...options,
  });
  return {
    ...result,
    events,
    states: Object.fromEntries(result.stages.map(({ name, state }) => [name, state])),
  };
}

const read = (path: string): string => readFileSync(join(folder, 'outputs', 'chain', path), 'utf8');

test('a run leaves artifacts, metrics and its record; the second has nothing to do', async () => {
  const first = await run(CHAIN);
  assert.equal(first.state, 'done');
  assert.deepEqual(first.states, { one: 'ran', two: 'ran', three: 'ran', other: 'ran' });
  assert.equal(read('three/text'), 'abc');
  assert.equal(JSON.parse(read('metrics.json')).three.length, 3);
  assert.equal(JSON.parse(read('run.json')).status, 'done');
  assert.equal(read('pipeline.yaml'), CHAIN);
  const metrics = read('metrics.json');
  const second = await run(CHAIN);
  assert.equal(second.state, 'unchanged');
  assert.deepEqual(second.states, { one: 'cached', two: 'cached', three: 'cached', other: 'cached' });
  assert.equal(read('metrics.json'), metrics);
});

test('a changed setting runs its stage and those that depend on it; going back uses the cache', async () => {
  await run(CHAIN);
  const changed = await run(CHAIN, {}, ['params.word=B']);
  assert.deepEqual(changed.states, { one: 'cached', two: 'ran', three: 'ran', other: 'cached' });
  assert.equal(read('three/text'), 'aBc');
  const back = await run(CHAIN);
  assert.deepEqual(back.states, { one: 'cached', two: 'cached', three: 'cached', other: 'cached' });
  assert.equal(back.state, 'done');
  assert.equal(read('three/text'), 'abc');
});

test('the plan names the change as it is written', async () => {
  await run(CHAIN);
  const located = await load(CHAIN.replace('word: b', 'word: x'));
  const { plan } = await planPipeline(located, {
    outputs: join(folder, 'outputs'),
    targets: [],
    force: false,
    engine: 'auto',
  });
  const reasons = Object.fromEntries((plan?.stages ?? []).map(({ name, reason }) => [name, reason]));
  assert.deepEqual(reasons['one'], { kind: 'unchanged' });
  const two = reasons['two'];
  assert.ok(two?.kind === 'changed');
  assert.deepEqual(
    [two.changes[0]?.path, two.changes[0]?.before, two.changes[0]?.after],
    ['params.word', 'b', 'x'],
  );
  assert.equal(two.changes[0]?.range?.start.line, 3);
  assert.deepEqual(reasons['three'], { kind: 'inputs-changed', stages: ['two'] });
});

test('comments, white space and the order of keys change nothing', async () => {
  await run(CHAIN);
  const again = await run(
    `# a comment\n${CHAIN.replace('{ type: echo, text: a }', '{ text: "a",   type: echo }')}`,
  );
  assert.equal(again.state, 'unchanged');
});

test('a named stage runs with its inputs and nothing else', async () => {
  const result = await run(CHAIN, { targets: ['two'] });
  assert.deepEqual(result.states, { one: 'ran', two: 'ran' });
  const rest = await run(CHAIN);
  assert.deepEqual(rest.states, { one: 'cached', two: 'cached', three: 'ran', other: 'ran' });
});

test('force runs cached stages again', async () => {
  await run(CHAIN);
  const forced = await run(CHAIN, { force: true, targets: ['two'] });
  assert.deepEqual(forced.states, { one: 'cached', two: 'ran' });
  assert.equal(read('two/text'), 'ab');
});

for (const [behaviour, code] of [
  ['throw', 'stage-failed'],
  ['die', 'worker-died'],
  ['nan', 'not-finite'],
  ['full', 'disk-full'],
] as const) {
  test(`a stage that fails (${behaviour}) stops the stages that need it, and says where it is`, async () => {
    const text = CHAIN.replace('data: one,', `data: one, behaviour: ${behaviour},`);
    const failed = await run(text, { keepGoing: true });
    assert.equal(failed.state, 'failed');
    assert.deepEqual(failed.states, { one: 'ran', two: 'failed', three: 'skipped', other: 'ran' });
    const diagnostic = failed.diagnostics.find(isError);
    assert.equal(diagnostic?.code, code);
    assert.equal(diagnostic.stage, 'two');
    assert.equal(diagnostic.range?.start.line, 7);
    assert.ok(!existsSync(join(folder, 'outputs', 'chain', 'two')));
    const repaired = await run(CHAIN);
    assert.deepEqual(repaired.states, { one: 'cached', two: 'ran', three: 'ran', other: 'cached' });
  });
}

test('without keep-going nothing is started after a failure', async () => {
  const text = CHAIN.replace('text: a }', 'text: a, behaviour: throw }');
  const { states } = await run(text, { jobs: 1 });
  assert.deepEqual(states, { one: 'failed', two: 'skipped', three: 'skipped', other: 'skipped' });
});

for (const behaviour of ['wait', 'stuck'] as const) {
  test(`an interrupted run keeps finished stages (${behaviour})`, async () => {
    const controller = new AbortController();
    const text = CHAIN.replace('data: one,', `data: one, behaviour: ${behaviour},`);
    const result = await run(text, {
      signal: controller.signal,
      jobs: 1,
      emit: (event) => {
        if (event.type === 'stage-progress' && event.stage === 'two') controller.abort();
      },
    });
    assert.equal(result.state, 'interrupted');
    assert.equal(result.states['one'], 'ran');
    assert.equal(result.states['three'], 'skipped');
    assert.equal(JSON.parse(read('run.json')).status, 'interrupted');
    assert.deepEqual(readdirSync(join(folder, '.hourglass', 'tmp')), []);
    assert.deepEqual((await run(CHAIN)).states['one'], 'cached');
  });
}

/** Writes `content` into a file of the entry whose stage wrote `text`. */
function damage(text: string, name: string, content: string): void {
  const store = join(folder, '.hourglass', 'store');
  const found = readdirSync(store, { recursive: true, encoding: 'utf8' }).find(
    (path) => path.endsWith('/text') && readFileSync(join(store, path), 'utf8') === text,
  );
  assert.ok(found);
  const path = join(store, found, '..', '..', name);
  chmodSync(path, 0o644);
  writeFileSync(path, content);
}

test('a damaged entry is set aside and made again, never used', async () => {
  await run(CHAIN);
  damage('ab', 'artifacts/text', 'xy');
  const result = await run(CHAIN.replace('text: c', 'text: d'));
  assert.deepEqual(result.states, { one: 'cached', two: 'ran', three: 'ran', other: 'cached' });
  assert.equal(result.diagnostics[0]?.code, 'cache-corrupt');
  assert.equal(read('three/text'), 'abd');
});

test('a record that is broken, or a file that is cut short, is reported and made again', async () => {
  await run(CHAIN);
  for (const [name, text] of [
    ['record.json', '{'],
    ['artifacts/text', 'a'],
  ] as const) {
    damage('ab', name, text);
    const result = await run(CHAIN);
    assert.equal(result.states['two'], 'ran', name);
    assert.deepEqual(
      result.diagnostics.map(({ code, stage }) => [code, stage]),
      [['cache-corrupt', 'two']],
    );
    assert.equal(read('two/text'), 'ab');
  }
});

test('an edit in the outputs, which are links into the cache, does not stay unnoticed', async () => {
  await run(CHAIN);
  const path = join(folder, 'outputs', 'chain', 'two', 'text');
  chmodSync(path, 0o644);
  writeFileSync(path, 'xy');
  const result = await run(CHAIN);
  assert.equal(result.diagnostics[0]?.code, 'cache-corrupt');
  assert.equal(read('two/text'), 'ab');
  chmodSync(path, 0o644);
  utimesSync(path, new Date(), new Date());
  assert.deepEqual((await run(CHAIN)).diagnostics, [], 'only touched');
  assert.equal((await run(CHAIN)).state, 'unchanged');
});

test('an input that turns out damaged when it is needed again is made again first', async () => {
  await run(CHAIN);
  const shown = join(folder, 'outputs', 'chain', 'one', 'text');
  const { mtimeMs } = statSync(shown);
  damage('a', 'artifacts/text', 'x');
  // Like a failing disk: only the content shows it.
  utimesSync(shown, mtimeMs / 1000, mtimeMs / 1000);
  damage('ab', 'artifacts/text', 'xy');
  const result = await run(CHAIN);
  assert.deepEqual(result.states, { one: 'ran', two: 'ran', three: 'cached', other: 'cached' });
  assert.deepEqual(
    result.diagnostics.map(({ stage }) => stage),
    ['two', 'one'],
  );
  assert.equal(read('one/text'), 'a');
  assert.equal(read('two/text'), 'ab');
});

test('outputs that were removed or changed are put back from the cache', async () => {
  await run(CHAIN);
  rmSync(join(folder, 'outputs'), { recursive: true });
  const result = await run(CHAIN);
  assert.equal(result.state, 'done');
  assert.equal(result.states['three'], 'cached');
  assert.equal(read('three/text'), 'abc');
});

test('a stage that leaves the pipeline leaves the outputs', async () => {
  await run(CHAIN);
  const result = await run(CHAIN.replace(/ {2}other:.*\n/, ''));
  assert.equal(result.state, 'done');
  assert.ok(!existsSync(join(folder, 'outputs', 'chain', 'other')));
  assert.ok(!('other' in JSON.parse(read('metrics.json'))));
});

test('random numbers depend on the seed and on the stage, and an added stage changes none', async () => {
  await run(CHAIN);
  const before = JSON.parse(read('metrics.json'));
  assert.notEqual(before.one.seed, before.two.seed);
  await run(`${CHAIN}  added: { type: echo, text: q }\n`);
  const after = JSON.parse(read('metrics.json'));
  for (const stage of Object.keys(before)) assert.deepEqual(after[stage], before[stage]);
  await run(CHAIN, {}, ['seed=8']);
  assert.notEqual(JSON.parse(read('metrics.json')).one.seed, before.one.seed);
});

test('an edited plugin runs again', async () => {
  await run(CHAIN);
  writeFileSync(join(folder, 'echo.mjs'), `${PLUGIN}\n// edited`);
  // Modules stay loaded in a process, so only another process sees the edit; the key must change anyway.
  assert.deepEqual((await run(CHAIN)).states, { one: 'ran', two: 'ran', three: 'ran', other: 'ran' });
});

test('two runs of one pipeline at once: the second says so', async () => {
  const controller = new AbortController();
  const slow = CHAIN.replace('text: a }', 'text: a, behaviour: wait }');
  let second: Outcome | undefined;
  await run(slow, {
    signal: controller.signal,
    emit: (event) => {
      if (event.type !== 'stage-progress' || event.stage !== 'one' || second !== undefined) return;
      void run(slow).then((result) => {
        second = result;
        controller.abort();
      });
    },
  });
  assert.equal(second?.state, 'failed');
  assert.equal(second.diagnostics[0]?.code, 'run-locked');
});

test('outputs that cannot be written are a clear failure', async () => {
  writeFileSync(join(folder, 'outputs'), 'a file where a folder should be');
  const result = await run(CHAIN);
  assert.equal(result.state, 'failed');
  assert.equal(result.diagnostics[0]?.code, 'output-not-writable');
  assert.equal(readFileSync(join(folder, 'outputs'), 'utf8'), 'a file where a folder should be');
});

test('the next run removes what a killed one left behind', async () => {
  const left = join(folder, '.hourglass', 'tmp', '999999999-dead', 'artifacts');
  mkdirSync(left, { recursive: true });
  assert.equal((await run(CHAIN)).state, 'done');
  assert.deepEqual(readdirSync(join(folder, '.hourglass', 'tmp')), []);
});
