import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spread } from '../../src/figures/spread.ts';

test('positions that are far apart stay', () => {
  assert.deepEqual(spread([50, 10, 90], 16, [0, 100]), [50, 10, 90]);
});

test('positions that touch move by the same distance', () => {
  assert.deepEqual(spread([50, 50], 16, [0, 100]), [42, 58]);
  assert.deepEqual(spread([52, 48], 16, [0, 100]), [58, 42]);
});

test('all keep their distance, their order and the limits', () => {
  const positions = fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 12 });
  fc.assert(
    fc.property(positions, (wanted) => {
      const placed = spread(wanted, 16, [0, 300]);
      const pairs = wanted.map((position, index) => ({ position, place: placed[index] ?? NaN }));
      pairs.sort((a, b) => a.place - b.place);
      for (const [index, pair] of pairs.entries()) {
        const before = pairs[index - 1];
        assert.ok(pair.place >= 0 && pair.place <= 300);
        if (before !== undefined) {
          assert.ok(pair.place - before.place >= 16 - 1e-9);
          assert.ok(pair.position >= before.position);
        }
      }
    }),
  );
});

test('without room for all, they continue below the lower limit', () => {
  assert.deepEqual(spread([5, 5, 5], 10, [0, 12]), [0, 10, 20]);
});
