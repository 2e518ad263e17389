/** The order in which an epoch goes through its images. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { permutation } from '../../../src/core/philox.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import { shuffle } from '../../../src/nodes/train/epoch-order.ts';

const seed = (purpose: string) => deriveSeed(1, 'stage', purpose);
const LARGE = { whole: 0, piece: 1000, mixed: 3 };

/** Ascending numbers of some of many images. */
const someRows = fc
  .uniqueArray(fc.nat(2000), { minLength: 1, maxLength: 400 })
  .map((rows) => Int32Array.from(rows).sort());

test('a set of up to 2 GiB is shuffled as a whole, as it always was', () => {
  const rows = Int32Array.from({ length: 100 }, (_, index) => index * 2);
  const order = permutation(seed('shuffle/3'), 100);
  const shuffled = shuffle(rows, { rowBytes: 2 ** 24, epoch: 3, seed });
  assert.deepEqual(
    shuffled,
    order.map((index) => index * 2),
  );
});

test('every image has its turn, in an order that the seed and the epoch decide', () => {
  fc.assert(
    fc.property(someRows, fc.integer({ min: 1, max: 3000 }), fc.nat(9), (rows, rowBytes, epoch) => {
      const shuffled = shuffle(rows, { rowBytes, epoch, seed }, LARGE);
      assert.deepEqual(Int32Array.from(shuffled).sort(), rows);
      assert.deepEqual(shuffle(rows, { rowBytes, epoch, seed }, LARGE), shuffled);
    }),
  );
});

test('a large set is read a few random pieces at a time, whose images are mixed', () => {
  const rows = Int32Array.from({ length: 1000 }, (_, index) => index);
  const pieceOf = (row: number): number => Math.floor(row / 10);
  const epochs = [1, 2].map((epoch) => shuffle(rows, { rowBytes: 100, epoch, seed }, LARGE));
  for (const shuffled of epochs) {
    let distant = 0;
    for (let start = 0; start < 990; start += 30) {
      const together = [...shuffled.subarray(start, start + 30)];
      const pieces = [...new Set(together.map(pieceOf))].sort((a, b) => a - b);
      assert.equal(pieces.length, 3);
      if ((pieces[2] ?? 0) - (pieces[0] ?? 0) > 2) distant += 1;
      // Not one piece after the other.
      assert.ok(new Set(together.slice(0, 15).map(pieceOf)).size > 1);
    }
    assert.ok(distant > 20, `${distant}`);
  }
  assert.notDeepEqual(epochs[0], epochs[1]);
});
