import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { renderMermaid } from '../../../src/cli/terminal/mermaid.ts';
import { explain, renderPlan } from '../../../src/cli/terminal/plan-table.ts';
import { makeStyle, plainStyle } from '../../../src/cli/terminal/style.ts';
import type { LocatedPipeline } from '../../../src/config/pipeline.ts';
import type { Plan, PlannedStage, Reason } from '../../../src/plan/plan.ts';
import { assertGolden } from '../golden.ts';

const LOCATED: LocatedPipeline = {
  file: 'p.yaml',
  folder: '/',
  text: '',
  bases: [],
  pipeline: { name: 'p', seed: 0, params: {}, stages: new Map(), plugins: [] },
  resolved: {},
  overrides: [],
  stageTypes: new Map(),
  invalidStages: new Set(),
  removedStages: new Map(),
  settingsCalled: () => [],
  paths: [],
  locate: () => ({ file: 'p.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 1 } }),
};

function stage(
  name: string,
  type: string,
  inputs: Readonly<Record<string, string>>,
  reason: Reason,
): PlannedStage {
  const isCached = reason.kind === 'unchanged' || reason.kind === 'restored';
  const key = { type, version: 1, settings: {}, inputs: {} };
  return { name, type, inputs, key, hash: '', action: isCached ? 'cached' : 'run', reason };
}

function planOf(...stages: readonly PlannedStage[]): Plan {
  return { located: LOCATED, stages, all: stages };
}

const PLAN = planOf(
  stage('mnist', 'dataset', {}, { kind: 'unchanged' }),
  stage(
    'model',
    'model',
    {},
    {
      kind: 'changed',
      changes: [
        {
          path: 'params.latent_size',
          before: 8,
          after: 16,
          range: { file: 'p.yaml', start: { line: 12, column: 3 }, end: { line: 12, column: 5 } },
        },
      ],
    },
  ),
  stage(
    'denoiser',
    'train',
    { model: 'model', data: 'mnist', target: 'mnist' },
    {
      kind: 'inputs-changed',
      stages: ['model'],
    },
  ),
);

test('a plan says what runs, and why, with the line', () => {
  assertGolden(
    renderPlan(PLAN, plainStyle),
    `
              stage     type     why
      cached  mnist     dataset  unchanged
      run     model     model    params.latent_size 8 -> 16 (p.yaml:12)
      run     denoiser  train    uses model, which changed

      2 stages to run, 1 from the cache
    `,
  );
});

test('colours do not move the columns', () => {
  const colored = renderPlan(PLAN, makeStyle(true));
  assert.equal(stripVTControlCharacters(colored), renderPlan(PLAN, plainStyle));
});

test('plans in which nothing runs', () => {
  const unchanged = stage('a', 'dataset', {}, { kind: 'unchanged' });
  const restored = stage('b', 'dataset', {}, { kind: 'restored', changes: [] });
  assert.match(renderPlan(planOf(unchanged), plainStyle), /\nnothing to do$/);
  assert.match(
    renderPlan(planOf(unchanged, restored), plainStyle),
    /\nnothing to run: all 2 stages from the cache$/,
  );
});

test('reasons in words', () => {
  const place = { file: '-S seed=9', start: { line: 1, column: 6 }, end: { line: 1, column: 7 } };
  const seed = { path: 'seed', before: 7, after: 9, range: place };
  const added = { path: 'clip', after: [0, 1] };
  const removed = { path: 'loss', before: 'mse' };
  for (const [reason, expected] of [
    [{ kind: 'unchanged' }, 'unchanged'],
    [{ kind: 'never-ran' }, 'never ran'],
    [{ kind: 'forced' }, 'forced'],
    [{ kind: 'not-in-cache' }, 'its result is no longer in the cache'],
    [{ kind: 'changed', changes: [seed] }, 'seed 7 -> 9 (-S)'],
    [{ kind: 'changed', changes: [added, removed] }, 'clip [0,1] was added; loss mse was removed'],
    [
      { kind: 'changed', changes: [seed, added, removed, seed, seed] },
      'seed 7 -> 9 (-S); clip [0,1] was added; loss mse was removed; and 2 more',
    ],
    [{ kind: 'restored', changes: [seed] }, 'known from an earlier run: seed 7 -> 9 (-S)'],
  ] satisfies readonly (readonly [Reason, string])[]) {
    assert.equal(explain(reason), expected);
  }
});

test('long and hostile values are shortened and made harmless', () => {
  const text = explain({
    kind: 'changed',
    changes: [{ path: 'title', before: 'x'.repeat(1000), after: '\u001b[2J' }],
  });
  assert.ok(text.length < 100);
  assert.ok(!text.includes('\u001b'));
});

test('the graph in the Mermaid language', () => {
  assertGolden(
    renderMermaid(PLAN),
    `
      flowchart LR
        s0["mnist<br/><small>dataset</small>"]
        s1["model<br/><small>model</small>"]
        s2["denoiser<br/><small>train</small>"]
        s1 --> s2
        s0 --> s2
        classDef run stroke-width:3px
        class s1,s2 run
    `,
  );
});
