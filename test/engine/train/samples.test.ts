import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { spreadRows } from '../../../src/engine/train/samples.ts';

test('property: some of many rows are spread over all of them, each at most once', () => {
  const counts = fc.record({
    count: fc.integer({ min: 1, max: 5000 }),
    most: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(
    fc.property(counts, ({ count, most }) => {
      const rows = [...spreadRows(count, most)];
      assert.equal(rows.length, Math.min(count, most));
      const next = [...rows.slice(1), count];
      const gaps = next.map((row, place) => row - (rows[place] ?? 0));
      assert.equal(rows[0], 0);
      assert.ok(Math.min(...gaps) >= 1);
      assert.ok(Math.max(...gaps) - Math.min(...gaps) <= 1);
    }),
  );
});
