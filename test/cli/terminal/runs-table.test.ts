import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainStyle } from '../../../src/cli/terminal/style.ts';
import { renderRuns, type ListedRun } from '../../../src/cli/terminal/runs-table.ts';

const METRICS = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`metric_${index}`, index]));

function run(number: number, facts: Partial<ListedRun> = {}): ListedRun {
  const metrics = Object.fromEntries(
    Object.entries(METRICS).map(([name, value]) => [name, value + number / 10]),
  );
  return {
    run: {
      number,
      started: '2026-11-27T23:50:00.000Z',
      seconds: 12,
      command: [],
      record: {
        status: 'done',
        pipeline: 'p',
        file: 'p.yaml',
        seed: 0,
        overrides: [],
        versions: {},
        stages: {},
      },
      metrics: { quality: metrics },
      pipeline: '',
      resolved: '',
      bases: [],
    },
    state: 'done',
    changes: [],
    kept: 3,
    total: 3,
    isShown: false,
    ...facts,
  };
}

const CHANGES = ['stages.denoiser.optimizer', 'stages.denoiser.learning_rate', 'seed'].map((name) => ({
  name,
  values: [1, 2],
}));

test('the table fits the terminal: changes are cut, and numbers without room are named', () => {
  const listed = [run(1), run(2, { changes: CHANGES, isShown: true })];
  for (const columns of [80, 100, 140]) {
    const lines = renderRuns(listed, columns, plainStyle).split('\n');
    for (const line of lines) assert.ok(line.length <= columns, `${line.length} > ${columns}: ${line}`);
    assert.match(lines[0] ?? '', /quality\.metric_0/);
    assert.match(lines.at(-1) ?? '', /columns? left out/);
  }
  const whole = renderRuns(listed, Infinity, plainStyle);
  for (const name of Object.keys(METRICS)) assert.ok(whole.includes(`quality.${name}`), name);
});

test('states and results have columns where runs differ from what is usual', () => {
  const head = (...listed: readonly ListedRun[]): readonly string[] =>
    (renderRuns(listed, Infinity, plainStyle).split('\n')[0] ?? '').trim().split(/ {2,}/);
  const usual = ['run', 'started', 'time', 'changed'];
  assert.deepEqual(head(run(1), run(2)).slice(0, 4), usual);
  const odd = head(run(1, { state: 'killed' }), run(2, { kept: 1 }));
  assert.deepEqual(odd.slice(0, 6), ['run', 'started', 'state', 'time', 'results', 'changed']);
});
