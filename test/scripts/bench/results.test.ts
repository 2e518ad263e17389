import assert from 'node:assert/strict';
import { test } from 'node:test';
import { costTable, resultsOf, resultTable, type Result } from '../../../scripts/bench/results.ts';
import { table } from '../../../scripts/bench/table.ts';

const stretches = new Map([
  [
    'ours',
    [
      { steps: 100, ms: 300, loss: 0.3 },
      { steps: 100, ms: 200, loss: 0.2 },
    ],
  ],
  ['theirs', [{ steps: 50, ms: 400, loss: 0.25 }]],
]);

test('the fastest stretch of each engine counts, per step, whatever its length', () => {
  assert.deepEqual(resultsOf('dense', 32, 'ours', stretches), [
    { case: 'dense', engine: 'ours', msPerStep: 2, secondsPerEpoch: 3.75, ratio: 1, loss: 0.2 },
    { case: 'dense', engine: 'theirs', msPerStep: 8, secondsPerEpoch: 15, ratio: 0.25, loss: 0.25 },
  ]);
});

test('an epoch has 60,000 images, whatever the batch', () => {
  const [small] = resultsOf('dense', 32, 'ours', stretches);
  const [large] = resultsOf('dense', 512, 'ours', stretches);
  assert.equal(small?.secondsPerEpoch, 3.75);
  assert.equal(large?.secondsPerEpoch, 3.75 / 16);
});

test('without a time of Hourglass there is no ratio', () => {
  const [first] = resultsOf('dense', 32, 'another', stretches);
  assert.equal(first?.ratio, Number.NaN);
});

test('what a case costs more than another is told in percent', () => {
  const results = resultsOf(
    'dense-more',
    32,
    'hourglass',
    new Map([
      ['hourglass', [{ steps: 100, ms: 108, loss: 1 }]],
      ['hourglass, dense', [{ steps: 100, ms: 100, loss: 1 }]],
      ['keras', [{ steps: 100, ms: 300, loss: 1 }]],
    ]),
  );
  const [text = ''] = costTable([{ name: 'dense-more', without: 'dense' }], results);
  assert.match(text, /dense-more +dense +8\.0 %$/);
  assert.deepEqual(costTable([{ name: 'dense-more' }], results), []);
});

test('columns of a table are of equal width, names left and numbers right', () => {
  assert.equal(
    table(
      ['case', 'engine', 'ms'],
      [
        ['dense', 'a', '1.5'],
        ['', 'longer', '10.25'],
      ],
    ),
    ['case   engine     ms', '-----  ------  -----', 'dense  a         1.5', '       longer  10.25'].join(
      '\n',
    ),
  );
});

test('a case is named once, at its first engine', () => {
  const lines = resultTable(resultsOf('dense', 32, 'ours', stretches)).split('\n');
  assert.equal(lines.length, 4);
  assert.match(lines[2] ?? '', /^dense +ours +2\.00 +3\.8 +1\.00 +0\.2000$/);
  assert.match(lines[3] ?? '', /^ +theirs +8\.00 +15\.0 +0\.25 +0\.2500$/);
});

test('a result without a loss leaves its place empty', () => {
  const whole: Result = { case: 'whole', engine: 'ours', msPerStep: 2, secondsPerEpoch: 4, ratio: 1 };
  assert.match(resultTable([whole]), / 1\.00$/m);
});
