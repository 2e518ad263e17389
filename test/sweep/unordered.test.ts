/** Numbers that only choose classes have no order; all others have one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig } from '../rig.ts';
import type { SweepRecord } from '../../src/sweep/record.ts';
import { resultsOf } from '../../src/sweep/results.ts';

/** Keeps some images, without a training. */
const pipeline = (count: string, sweep: string): string => `name: digits
seed: 3
params: { digit: 1, count: 4 }
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 60, test: 20 } }
  some: { type: subset, data: mnist, classes: ["\${params.digit}"], count: ${count} }
sweep:
  parameters: { ${sweep} }
`;

for (const [what, count, sweep, expected] of [
  ['a class', 'null', 'digit: [0, 1, 2]', ['digit']],
  ['a class in one of two parameters', '"${params.count}"', 'digit: [0, 1], count: [2, 3]', ['digit']],
  ['a number used also as an amount', '"${params.digit}"', 'digit: [1, 2, 3]', undefined],
  ['an amount', '"${params.count}"', 'count: [2, 3, 4]', undefined],
] as const) {
  test(`${what}: ${expected === undefined ? 'ordered' : 'unordered'}`, async (t) => {
    const rigged = rig(t);
    rigged.write('digits.yaml', pipeline(count, sweep));
    assert.equal((await rigged.run(['sweep', 'digits.yaml'])).code, 0);
    const record: SweepRecord = JSON.parse(rigged.read('outputs/digits/sweep.json'));
    assert.deepEqual(record.unordered, expected);
  });
}

/** A curve with a knee at 3. */
function resultsFor(unordered: readonly string[] | undefined) {
  const errors = [9, 5, 3, 1, 0.9, 0.85, 0.8];
  return resultsOf({
    ...{ status: 'done', pipeline: 'made-up', seed: 1, overrides: [], launcher: 'local' },
    ...(unordered === undefined ? {} : { unordered }),
    sweep: {
      ...{ method: 'grid', parameters: { digit: [0] }, include: [], exclude: [], replicates: 1 },
      metric: { name: 'quality.mse', goal: 'minimize' },
    },
    trials: errors.map((mse, digit) => ({
      ...{ id: `${digit}`, parameters: { digit }, replicate: 1, seed: 1, state: 'done', seconds: 1 },
      ...{ metrics: { quality: { mse } }, stages: {} },
    })),
  } as const);
}

test('there is a best class, but no knee', () => {
  const ordered = resultsFor(undefined);
  assert.equal(ordered.knee?.x, 3);
  const unordered = resultsFor(['digit']);
  assert.equal(unordered.knee, undefined);
  assert.equal([...unordered.best][0]?.parameters['digit'], 6);
  assert.doesNotMatch(unordered.answer ?? '', /knee/);
  assert.match(unordered.answer ?? '', /6/);
});
