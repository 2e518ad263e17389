import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StageSettings } from '../../src/config/pipeline.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { checkTargets, makePlan, type PlanInputs, type PreviousStage } from '../../src/plan/make.ts';
import type { Plan, PlannedStage } from '../../src/plan/plan.ts';
import { located } from './pipelines.ts';

type Stages = Readonly<Record<string, StageSettings>>;

const STAGES: Stages = {
  s: { type: 'source', limit: 10 },
  n: { type: 'noise', data: 's', stddev: 0.5 },
  m: { type: 'model', units: 8 },
  t: { type: 'train', model: 'm', data: 'n', epochs: 3, preview: { rows: 4 } },
};

async function plan(
  stages: Stages,
  options: Partial<PlanInputs> = {},
  document: JsonObject = {},
): Promise<Plan> {
  const pipeline = located(stages, { threads: 2, ...document });
  return makePlan({
    located: pipeline,
    stages: buildGraph(pipeline).stages,
    targets: [],
    force: false,
    engine: { kind: 'native', version: 'tensorflow 2.21.0', platform: 'linux-x64' },
    previous: new Map(),
    inCache: async () => false,
    checkpointOf: async () => undefined,
    ...options,
  });
}

const hashes = ({ stages }: Plan): Record<string, string> =>
  Object.fromEntries(stages.map(({ name, hash }) => [name, hash]));

/** Names of the stages whose keys differ between the base and a changed pipeline. */
async function missed(
  stages: Stages,
  options: Partial<PlanInputs> = {},
  document: JsonObject = {},
): Promise<string> {
  const [before, after] = [hashes(await plan(STAGES)), hashes(await plan(stages, options, document))];
  return Object.keys(after)
    .filter((name) => before[name] !== after[name])
    .sort()
    .join(' ');
}

test('every change gives new keys to the stages that depend on it, and to no others', async () => {
  const change = (name: string, settings: JsonObject): Stages => ({
    ...STAGES,
    [name]: { ...STAGES[name], type: STAGES[name]?.type ?? '', ...settings },
  });
  assert.equal(await missed(STAGES), '');
  assert.equal(await missed(change('s', { limit: 11 })), 'n s t');
  assert.equal(await missed(change('s', { limit: '10' })), 'n s t');
  assert.equal(await missed(change('s', { file: 'other content' })), 'n s t');
  assert.equal(await missed(change('n', { stddev: 0.4 })), 'n t');
  assert.equal(
    await missed(change('n', { data: 'n2' }), {}, {}),
    '',
    'a stage with a bad reference is not planned',
  );
  assert.equal(await missed(change('m', { units: 16 })), 'm t');
  assert.equal(await missed(change('t', { epochs: 4 })), 't');
  assert.equal(await missed(change('t', { threads: 1 })), 't');
  assert.equal(await missed(change('t', { preview: { rows: 2 } })), '', 'cosmetic');
  assert.equal(await missed(STAGES, {}, { seed: 1 }), 'n t', 'only what draws');
  assert.equal(await missed(STAGES, {}, { threads: 4 }), 't');
  const engine = { kind: 'portable', version: 'webassembly', platform: 'any' };
  assert.equal(await missed(STAGES, { engine }), 't');
  const { s, n, m, t } = STAGES;
  assert.ok(s && n && m && t);
  assert.equal(await missed({ t, m, n, s }), '', 'the order of the file');
  assert.equal(await missed({ x: s, n: { ...n, data: 'x' }, m, t }), 'x', 'a name that nothing draws from');
});

test('on the portable engine, threads change no key', async () => {
  const engine = { kind: 'portable', version: 'webassembly', platform: 'any' };
  assert.deepEqual(
    hashes(await plan(STAGES, { engine }, { threads: 4 })),
    hashes(await plan(STAGES, { engine }, { threads: 1 })),
  );
});

test('targets include their inputs', async () => {
  const { stages } = await plan(STAGES, { targets: ['n'] });
  assert.deepEqual(
    stages.map(({ name }) => name),
    ['s', 'n'],
  );
  assert.deepEqual(
    checkTargets(located(STAGES), ['n', 'tt']).map(({ code }) => code),
    ['unknown-stage'],
  );
});

async function reasons(
  now: Stages,
  before: Stages | undefined,
  cached: 'all' | 'before' | 'none',
): Promise<Record<string, PlannedStage['reason']['kind']>> {
  const earlier = before === undefined ? [] : (await plan(before)).stages;
  const known = new Set(earlier.map(({ hash }) => hash));
  const previous = new Map(
    earlier.map(({ name, hash, key }): [string, PreviousStage] => [
      name,
      { hash, key: JSON.parse(JSON.stringify(key)) as JsonObject },
    ]),
  );
  const { stages } = await plan(now, {
    previous,
    inCache: async (hash) => cached === 'all' || (cached === 'before' && known.has(hash)),
  });
  return Object.fromEntries(stages.map(({ name, reason }) => [name, reason.kind]));
}

test('each stage has the reason that a user would give', async () => {
  const changed: Stages = { ...STAGES, n: { type: 'noise', data: 's', stddev: 0.4 } };
  assert.deepEqual(await reasons(STAGES, undefined, 'none'), {
    s: 'never-ran',
    n: 'never-ran',
    m: 'never-ran',
    t: 'never-ran',
  });
  assert.deepEqual(await reasons(STAGES, STAGES, 'before'), {
    s: 'unchanged',
    n: 'unchanged',
    m: 'unchanged',
    t: 'unchanged',
  });
  assert.deepEqual(await reasons(changed, STAGES, 'before'), {
    s: 'unchanged',
    n: 'changed',
    m: 'unchanged',
    t: 'inputs-changed',
  });
  assert.deepEqual(await reasons(changed, STAGES, 'all'), {
    s: 'unchanged',
    n: 'restored',
    m: 'unchanged',
    t: 'restored',
  });
  assert.deepEqual(await reasons(STAGES, STAGES, 'none'), {
    s: 'not-in-cache',
    n: 'not-in-cache',
    m: 'not-in-cache',
    t: 'not-in-cache',
  });
});

test('force runs the targets, and only them', async () => {
  const { stages } = await plan(STAGES, { targets: ['t'], force: true, inCache: async () => true });
  assert.deepEqual(
    stages.map(({ name, action }) => `${name} ${action}`),
    ['s cached', 'n cached', 'm cached', 't run'],
  );
});
