import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flopsOf } from '../../../scripts/bench/flops.ts';
import { AXES, growthOf, growthTable, laddersOf } from '../../../scripts/bench/scale.ts';

for (const axis of AXES) {
  test(`${axis}: sizes double, the arithmetic grows, and a stretch has a step`, () => {
    for (const { rungs } of laddersOf(axis)) {
      rungs.forEach(({ size, benchCase }, index) => {
        assert.ok(benchCase.steps >= 1);
        const before = rungs[index - 1];
        if (before === undefined) return;
        assert.equal(size, 2 * before.size);
        assert.ok(flopsOf(benchCase) > flopsOf(before.benchCase));
      });
    }
  });
}

test('the slope is the power of the size that the time grows with', () => {
  const [first, second, third] = growthOf([
    { size: 1, flops: 10, ms: 3 },
    { size: 2, flops: 20, ms: 6 },
    { size: 4, flops: 80, ms: 24 },
  ]);
  assert.deepEqual([first?.slope, first?.excess], [undefined, undefined]);
  assert.deepEqual([second?.slope, second?.excess], [1, 1]);
  assert.deepEqual([third?.slope, third?.excess], [2, 1]);
});

test('a time that grows much faster than the arithmetic is marked', () => {
  const [ladder] = laddersOf('batch', 1);
  assert.ok(ladder !== undefined);
  const rungs = ladder.rungs.slice(0, 3);
  const results = rungs.map(({ benchCase }, index) => ({
    case: benchCase.name,
    engine: 'hourglass',
    msPerStep: [1, 2, 8][index] ?? 0,
    secondsPerEpoch: 1,
    ratio: 1,
  }));
  const lines = growthTable({ ...ladder, rungs }, 'batch', results).split('\n');
  assert.deepEqual(
    lines.map((line) => line.includes('cliff')),
    [false, false, false, false, true],
  );
});
