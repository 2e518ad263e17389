/** Stages that are not selected, and why a result is outdated. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LocatedPipeline, StageSettings } from '../../src/config/pipeline.ts';
import type { JsonObject } from '../../src/core/json.ts';
import { causesOf } from '../../src/plan/changes.ts';
import { buildGraph } from '../../src/plan/graph.ts';
import { makePlan } from '../../src/plan/make.ts';
import type { Plan } from '../../src/plan/plan.ts';
import { located, types } from './pipelines.ts';

const STAGES = {
  s: { type: 'source', limit: 10 },
  n: { type: 'noise', data: 's', stddev: 0.5 },
  m: { type: 'model', units: 8 },
  t: { type: 'train', model: 'm', data: 'n', epochs: 3 },
} as const;

function planOf(pipeline: LocatedPipeline, targets: readonly string[] = []): Promise<Plan> {
  return makePlan({
    located: pipeline,
    stages: buildGraph(pipeline).stages,
    targets,
    force: false,
    engine: { kind: 'native', version: '1', platform: 'x' },
    previous: new Map(),
    inCache: async () => false,
    checkpointOf: async () => undefined,
  });
}

/** Why `t` of the first settings is not that of the second; keys are found unless they are forgotten. */
async function causes(
  before: Readonly<Record<string, StageSettings>>,
  after: Readonly<Record<string, StageSettings>>,
  forgotten: readonly string[] = [],
): Promise<readonly string[]> {
  const [old, now] = [
    await planOf(located(before, { threads: 1 })),
    await planOf(located(after, { threads: 1 })),
  ];
  const keys = new Map(
    old.stages
      .filter(({ name }) => !forgotten.includes(name))
      .map(({ hash, key }) => [hash, key as unknown as JsonObject]),
  );
  const shown = old.stages.find(({ name }) => name === 't')?.key as unknown as JsonObject;
  const stage = now.all.find(({ name }) => name === 't');
  assert.ok(stage);
  const found = await causesOf(now, stage, shown, async (hash) => keys.get(hash));
  return found.map(({ stage: name, path }) => `${name}.${path}`);
}

test('the settings behind changed inputs are named, however far', async () => {
  assert.deepEqual(await causes(STAGES, STAGES), []);
  assert.deepEqual(await causes(STAGES, { ...STAGES, m: { type: 'model', units: 4 } }), ['m.units']);
  const deep = { ...STAGES, s: { type: 'source', limit: 9 }, t: { ...STAGES.t, epochs: 4 } };
  assert.deepEqual((await causes(STAGES, deep)).toSorted(), ['s.limit', 't.epochs']);
});

test('where an earlier key is gone, or the reference leads elsewhere, the reference is named', async () => {
  const deep = { ...STAGES, s: { type: 'source', limit: 9 } };
  assert.deepEqual(await causes(STAGES, deep, ['s']), ['n.data']);
  assert.deepEqual(await causes(STAGES, deep, ['n']), ['t.data']);
  assert.deepEqual(await causes(STAGES, { ...STAGES, t: { ...STAGES.t, data: 's' } }), ['t.data']);
});

test('every stage has its key, also where some are selected', async () => {
  const all = await planOf(located(STAGES));
  const some = await planOf(located(STAGES), ['n']);
  assert.deepEqual(
    some.stages.map(({ name }) => name),
    ['s', 'n'],
  );
  assert.deepEqual(
    some.all.map(({ name, hash }) => [name, hash]),
    all.stages.map(({ name, hash }) => [name, hash]),
  );
});

test('files that cannot be identified make a stage unknown, and those behind it; the run fails only if it needs them', async () => {
  const source = types.get('source');
  assert.ok(source);
  const fingerprint = async ({ file }: JsonObject): Promise<string> => {
    if (file === 'gone') throw new Error('no such file');
    return 'there';
  };
  const pipeline: LocatedPipeline = {
    ...located({ ...STAGES, s: { type: 'source', file: 'gone' } }),
    stageTypes: new Map([...types, ['source', { ...source, fingerprint }]]),
  };
  const { all, stages } = await planOf(pipeline, ['m']);
  assert.deepEqual(
    stages.map(({ name }) => name),
    ['m'],
  );
  assert.deepEqual(
    all.flatMap(({ name, hash }) => (hash === undefined ? [name] : [])),
    ['s', 'n', 't'],
  );
  await assert.rejects(planOf(pipeline, ['n']));
});
