/** Summaries and figures of a sweep's trials. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig } from '../rig.ts';
import type { SweepRecord, TrialRecord } from '../../src/sweep/record.ts';
import { sweepCsv } from '../../src/sweep/record.ts';
import { resultsOf } from '../../src/sweep/results.ts';

function trial(parameters: TrialRecord['parameters'], replicate: number, value?: number): TrialRecord {
  const id = `${JSON.stringify(parameters).length}${replicate}`;
  return {
    id: id.padStart(10, '0'),
    parameters,
    replicate,
    seed: replicate,
    state: value === undefined ? 'failed' : 'done',
    seconds: 1,
    metrics: value === undefined ? {} : { quality: { mse: value } },
    stages: {},
  };
}

function recordOf(trials: readonly TrialRecord[], goal: 'minimize' | 'maximize' = 'minimize'): SweepRecord {
  return {
    status: 'done',
    pipeline: 'made-up',
    seed: 1,
    overrides: [],
    launcher: 'local',
    sweep: {
      method: 'grid',
      parameters: { size: [1] },
      include: [],
      exclude: [],
      replicates: 2,
      metric: { name: 'quality.mse', goal },
    },
    trials,
  };
}

/** Falls steeply to 16, hardly from there on. */
const CURVE = [
  [2, 0.09],
  [4, 0.06],
  [8, 0.035],
  [16, 0.012],
  [32, 0.011],
  [64, 0.0105],
] as const;

const knees = recordOf(
  CURVE.flatMap(([size, mse]) => [
    trial({ size, kind: 'a' }, 1, mse),
    trial({ size, kind: 'a' }, 2, mse * 1.1),
  ]),
);

test('replicates are grouped, equal parameters are left out, and the best and the knee are found', () => {
  const { parameters, groups, best, knee, answer = '' } = resultsOf(knees);
  assert.deepEqual(parameters, ['size']);
  assert.equal(groups.length, 6);
  assert.equal([...best][0]?.parameters['size'], 64);
  const summary = groups[0]?.metrics.get('quality.mse');
  assert.equal(summary?.count, 2);
  assert.ok(Math.abs((summary?.mean ?? 0) - 0.0945) < 1e-12);
  // Sample standard deviation of 0.09 and 0.099.
  assert.ok(Math.abs((summary?.deviation ?? 0) - 0.009 / Math.SQRT2) < 1e-12);
  assert.equal(knee?.x, 16);
  assert.ok((knee?.confidence?.agreement ?? 0) > 0.5);
  assert.match(answer, /16/);
});

test('the goal decides which is best; failed trials are ignored', () => {
  const trials = [trial({ size: 'a' }, 1, 3), trial({ size: 'b' }, 1, 5), trial({ size: 'c' }, 1)];
  assert.equal([...resultsOf(recordOf(trials)).best][0]?.parameters['size'], 'a');
  assert.equal([...resultsOf(recordOf(trials, 'maximize')).best][0]?.parameters['size'], 'b');
  assert.equal(resultsOf(recordOf([trial({ size: 'c' }, 1)])).best.size, 0);
});

test('CSV quotes where necessary', () => {
  const text = sweepCsv([trial({ size: 'a,"b"' }, 1, 3), trial({ size: [1, 2] }, 1, 4)]);
  const [head, first, second] = text.split('\n');
  assert.equal(head, 'trial,folder,label,replicate,seed,size,state,reason,seconds,quality.mse');
  assert.match(first ?? '', /,"a,""b""",done,,1,3$/);
  assert.match(second ?? '', /,"\[1,2\]",done,,1,4$/);
});

test('compare sorts, prints JSON and CSV, and rejects unknown names', async (t) => {
  const rigged = rig(t);
  rigged.write('outputs/made-up/sweep.json', JSON.stringify(knees));
  const { code, stdout } = await rigged.run(['compare', 'made-up', '--csv', '--sort', 'quality.mse']);
  assert.equal(code, 0);
  const rows = stdout.trim().split('\n');
  assert.equal(rows[0], 'trials,label,size,kind,state,reason,quality.mse,quality.mse sd');
  assert.match(rows[1] ?? '', /^11 12,size 64,64,a,2,,/);
  const { json } = await rigged.runJson(['compare', 'made-up']);
  assert.equal(json.status, 'done');
  assert.match((await rigged.run(['compare', 'made-up'])).stdout, /★ .*64/);
  assert.equal((await rigged.run(['compare', 'made-up', '--sort', 'sise'])).code, 2);
  assert.equal((await rigged.run(['compare', 'nothing'])).code, 2);
  rigged.write('plain.yaml', 'name: plain\nstages: { mnist: { type: dataset, source: mnist } }\n');
  const { code: plain, json: told } = await rigged.runJson(['compare', 'plain.yaml']);
  assert.deepEqual([plain, told.diagnostics[0]?.code], [2, 'no-run']);
});
