/** The answer matches the results. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Json, JsonObject } from '../../src/core/json.ts';
import type { SweepRecord, TrialRecord } from '../../src/sweep/record.ts';
import { resultsOf, type Results } from '../../src/sweep/results.ts';

type Outcome = number | 'failed' | 'stopped' | 'pending' | 'nan' | readonly number[];

interface Sweeping {
  readonly goal?: 'minimize' | 'maximize' | 'none';
}

/** Results of combinations, each with the values of its replicates. */
function results(
  rows: readonly (readonly [JsonObject, Outcome])[],
  { goal = 'minimize' }: Sweeping = {},
): Results {
  const trials = rows.flatMap(([parameters, outcome], row) =>
    (Array.isArray(outcome)
      ? (outcome as readonly number[])
      : [outcome as Exclude<Outcome, readonly number[]>]
    ).map((each, index): TrialRecord => ({
      id: `${row}${index}`.padStart(10, '0'),
      parameters,
      replicate: index + 1,
      seed: index,
      state: typeof each === 'number' || each === 'nan' ? 'done' : each,
      seconds: 1,
      metrics:
        typeof each === 'number' || each === 'nan' ? { q: { mse: each === 'nan' ? Number.NaN : each } } : {},
      stages: {},
    })),
  );
  const sweep = {
    method: 'grid',
    parameters: { a: [1] },
    include: [],
    exclude: [],
    replicates: 1,
    ...(goal === 'none' ? {} : { metric: { name: 'q.mse', goal } }),
  } as const;
  const record: SweepRecord = {
    ...{ status: 'done', pipeline: 'x', seed: 1, overrides: [], launcher: 'local' },
    sweep,
    trials,
  };
  return resultsOf(record);
}

function over(
  name: string,
  values: readonly Json[],
  outcomes: readonly Outcome[],
): readonly [JsonObject, Outcome][] {
  return values.map((value, index) => [{ [name]: value }, outcomes[index] ?? 'failed']);
}

/** Checks which words an answer contains, and which it does not. */
function says(found: Results, words: readonly (string | number)[], not: readonly string[] = []): void {
  const { answer = '' } = found;
  for (const word of words) assert.ok(answer.includes(String(word)), `${word} in: ${answer}`);
  for (const word of ['undefined', 'NaN', ' :', '  ', ...not])
    assert.ok(!answer.includes(word), `${word} not in: ${answer}`);
  assert.match(answer, /^\S.*\.$/);
}

test('one combination', () => {
  const one = results(over('units', [4], [0.07]));
  says(one, ['0.07'], ['lowest', 'knee', 'with']);
  assert.equal(one.best.size, 1);
  says(results(over('units', [4], [[0.07, 0.09]])), ['0.08', '±', '2 replicates'], ['knee']);
});

test('equal values are a tie: no best, no knee', () => {
  const tied = results(over('nouse', [1, 2, 3], [0.07, 0.07, 0.07]));
  says(tied, ['0.07', '3 values', 'nouse'], ['lowest', 'knee']);
  assert.equal(tied.best.size, 0);
  const pairs = [
    [{ a: 1, b: 2 }, 5],
    [{ a: 1, b: 3 }, 5],
  ] as const;
  assert.equal(results(pairs).best.size, 0);
  const rounded = results(
    over(
      'nouse',
      [1, 2],
      [
        [0.1, 0.2, 0.3],
        [0.3, 0.2, 0.1],
      ],
    ),
  );
  assert.equal(rounded.best.size, 0, 'means that differ by rounding alone');
});

test('several share the best', () => {
  const some = results(over('units', [2, 4, 8, 16], [0.5, 0.07, 0.07, 0.4]));
  says(some, ['4', '8', '0.07']);
  assert.equal(some.best.size, 2);
  const many = results(over('kind', ['a', 'b', 'c', 'd', 'e', 'f', 'g'], [1, 1, 1, 1, 1, 1, 2]));
  says(many, ['a, b, c, d and 2 more']);
  const inert = results([
    [{ lr: 0.1, nouse: 1 }, 0.5],
    [{ lr: 0.1, nouse: 2 }, 0.5],
    [{ lr: 0.2, nouse: 1 }, 0.3],
    [{ lr: 0.2, nouse: 2 }, 0.3],
  ]);
  says(inert, ['lr 0.2', 'nouse 1 and 2', '0.3'], ['lr 0.1']);
});

test('categorical values have no curve', () => {
  says(
    results(over('optimizer', ['Adam', 'SGD', 'Nadam'], [0.3, 0.1, 0.2])),
    ['optimizer SGD', '0.1'],
    ['knee'],
  );
  says(results(over('kind', [1, null, 'x'], [0.3, 0.1, 0.2])), ['kind null'], ['knee']);
});

test('two and more parameters', () => {
  const two = results([
    [{ a: 1, b: 2 }, 5],
    [{ a: 1, b: 3 }, 4],
    [{ a: 2, b: 2 }, 6],
  ]);
  says(two, ['a 1, b 3', 4], ['knee']);
});

test('numbers with and without a knee; two points are not a curve', () => {
  says(results(over('size', [2, 4, 8, 16, 32], [0.09, 0.03, 0.011, 0.0105, 0.01])), ['size 8', 'Kneedle']);
  says(results(over('size', [1, 2, 3], [3, 2, 1])), ['size 3', 'no knee']);
  says(results(over('size', [1, 2], [3, 2])), ['size 2'], ['knee']);
  says(results(over('size', [1, 2, 3, 4], [0.1, 0.7, 0.9, 0.91]), { goal: 'maximize' }), ['size 2', '0.91']);
});

test('no metric', () => {
  says(results(over('size', [1, 2], [3, 2]), { goal: 'none' }), ['metric'], ['lowest', 'knee']);
  says(results(over('size', [1, 2, 3], [3, 'failed', 2]), { goal: 'none' }), ['2 of 3']);
  assert.equal(results(over('size', [1], ['pending']), { goal: 'none' }).answer, undefined);
});

test('the metric is missing in all or some trials', () => {
  says(results(over('size', [1, 2, 3], ['failed', 'failed', 'failed'])), ['q.mse', 'all 3'], ['lowest']);
  says(results(over('size', [1, 2], ['nan', 'nan'])), ['q.mse', 'finite'], ['lowest']);
  says(
    results(over('size', [1, 2, 3], ['failed', 'stopped', 'nan'])),
    ['1 failed', '1 stopped', '1 measured'],
    ['lowest'],
  );
  says(results(over('size', [1, 2, 3, 4], [4, 'failed', 'nan', 3])), ['size 4', '2 of 4'], ['knee']);
  says(
    results(over('size', [1, 2, 3], ['failed', 0.5, 'failed'])),
    ['0.5', 'size 2', 'only one of 3'],
    ['lowest'],
  );
  says(results(over('size', [1, 2], [0.5, 'pending'])), ['0.5', '1 of 2', 'not run']);
  assert.equal(results(over('size', [1], ['pending'])).answer, undefined);
});

test('the goal decides which end is the best', () => {
  const kinds = over('kind', ['a', 'b'], [0.2, 0.4]);
  says(results(kinds, { goal: 'maximize' }), ['highest', 'kind b']);
  says(results(kinds), ['lowest', 'kind a']);
});
