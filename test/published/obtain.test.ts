/** What a sweep gave for published figures: a value for each seed, and what a seed took. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Store } from '../../src/artifacts/store.ts';
import { canonicalJson, sha256, type JsonObject } from '../../src/core/json.ts';
import type { Publication } from '../../src/published/generated/types.ts';
import { obtainedIn } from '../../src/published/obtain.ts';
import { compareFigures } from '../../src/published/rows.ts';
import type { SweepRecord, TrialRecord } from '../../src/sweep/record.ts';

const figure = { name: 'loss', value: 1, text: '1', tolerance: 0.1, better: 'lower' } as const;
const PUBLICATION: Publication = {
  title: 'A model',
  source: 'https://example.org',
  figures: [
    { ...figure, metric: 'trained.loss', parameters: { digit: 0 } },
    { ...figure, metric: 'trained.loss', parameters: { digit: 1 } },
  ],
};

/** Two digits with two seeds each; the data are common to all. */
const DATA = { type: 'dataset' };
const keyOf = (digit: number, seed: number): JsonObject => ({ type: 'train', digit, seed });
const hashOf = (key: JsonObject): string => sha256(canonicalJson(key));

function trial(digit: number, seed: number, loss: number): TrialRecord {
  return {
    id: `${digit}${seed}`,
    parameters: { digit },
    replicate: seed,
    seed,
    state: 'done',
    seconds: 0,
    metrics: { trained: { loss } },
    stages: { data: hashOf(DATA), trained: hashOf(keyOf(digit, seed)) },
  };
}

function recordOf(trials: readonly TrialRecord[]): SweepRecord {
  return {
    status: 'done',
    pipeline: 'digits',
    seed: 1,
    overrides: [],
    launcher: 'local',
    sweep: { method: 'grid', parameters: {}, include: [], exclude: [], replicates: 2 },
    trials,
  };
}

const TRIALS = [trial(0, 1, 0.8), trial(1, 1, 2), trial(0, 2, 1), trial(1, 2, 4)];

test('each figure has the values of its own trials, and shared stages are paid once', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-obtain-'));
  t.after(() => rm(folder, { recursive: true }));
  const store = new Store(folder);
  const keys = [DATA, ...[0, 1].flatMap((digit) => [1, 2].map((seed) => keyOf(digit, seed)))];
  for (const [index, key] of keys.entries()) {
    const draft = await store.draft(hashOf(key), { replace: false });
    const usage = { processor: 20, memory: 1000 + index };
    await draft.commit({ key, metrics: {}, highlights: [], seconds: 10, usage });
  }
  const obtained = await obtainedIn(recordOf(TRIALS), PUBLICATION, { settings: 'abc', store });
  assert.deepEqual(obtained.figures, [
    { metric: 'trained.loss', parameters: { digit: 0 }, values: [0.8, 1] },
    { metric: 'trained.loss', parameters: { digit: 1 }, values: [2, 4] },
  ]);
  assert.deepEqual([obtained.settings, obtained.seeds], ['abc', 2]);
  // Five stages, two seeds.
  assert.deepEqual(obtained.cost, { seconds: 25, processor: 50, memory: 1004 });
  const compared = compareFigures(PUBLICATION, obtained);
  assert.deepEqual(
    compared.map(({ mean, verdict }) => [mean, verdict.state]),
    [
      [0.9, 'met'],
      [3, 'not met'],
    ],
  );
  assert.ok(Math.abs((compared[1]?.deviation ?? 0) - Math.SQRT2) < 1e-12);
});

test('a seed that did not measure a figure leaves this figure without a result, and no other', async () => {
  const store = new Store(join(tmpdir(), 'hourglass-nowhere'));
  const [first = trial(0, 1, 0.8), ...others] = TRIALS;
  const settings = { settings: 'abc', store };
  const unmeasured: TrialRecord = { ...first, metrics: {} };
  const failed: TrialRecord = { ...unmeasured, state: 'failed' };
  for (const broken of [unmeasured, failed]) {
    const obtained = await obtainedIn(recordOf([broken, ...others]), PUBLICATION, settings);
    const [digit0, digit1] = compareFigures(PUBLICATION, obtained);
    assert.deepEqual([digit0?.mean, digit0?.verdict.state, digit0?.values], [undefined, 'not obtained', [1]]);
    assert.deepEqual([digit1?.mean, digit1?.verdict.state], [3, 'not met']);
    // What a seed takes is not known if a trial failed.
    assert.equal(obtained.cost === undefined, broken.state === 'failed');
  }
});

test('a figure that the run did not measure at all has no result', async () => {
  const store = new Store(join(tmpdir(), 'hourglass-nowhere'));
  const obtained = await obtainedIn(recordOf(TRIALS), PUBLICATION, { settings: 'abc', store });
  const later = { ...figure, name: 'added later', metric: 'trained.kl', parameters: { digit: 0 } } as const;
  const newer: Publication = { ...PUBLICATION, figures: [...PUBLICATION.figures, later] };
  const names = compareFigures(newer, obtained).map((each) => each.figure.name);
  assert.deepEqual(names, ['loss', 'loss']);
});
