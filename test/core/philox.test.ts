import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Philox, permutation } from '../../src/core/philox.ts';

const words = (generator: Philox, count: number): number[] =>
  Array.from({ length: count }, () => generator.next());

test('gives the published vectors of Random123', () => {
  // Key 0 and counter 0, from the file kat_vectors of Random123, generator philox4x32 with 10 rounds.
  assert.deepEqual(words(new Philox([0, 0]), 4), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
});

test('filling in pieces equals filling at once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(9), { maxLength: 8 }),
      fc.constantFrom('uniform' as const, 'normal' as const),
      (sizes, kind) => {
        const whole = new Float32Array(sizes.reduce((sum, size) => sum + size, 0));
        new Philox([1, 2])[kind](whole);
        const generator = new Philox([1, 2]);
        const pieces = sizes.map((size) => {
          const piece = new Float32Array(size);
          generator[kind](piece);
          return [...piece];
        });
        assert.deepEqual(pieces.flat(), [...whole]);
      },
    ),
  );
});

test('a start at counter n skips n groups of four', () => {
  fc.assert(
    fc.property(fc.nat(50), (counter) => {
      const skipped = new Philox([3, 4]);
      words(skipped, 4 * counter);
      assert.deepEqual(words(new Philox([3, 4], counter), 8), words(skipped, 8));
    }),
  );
});

test('the counter carries into its second word', () => {
  assert.deepEqual(words(new Philox([5, 6], 2 ** 32 - 1), 8).slice(4), words(new Philox([5, 6], 2 ** 32), 4));
});

test('uniform numbers are in [0, 1) with the right moments', () => {
  const values = new Float32Array(200_000);
  new Philox([7, 8]).uniform(values);
  assert.ok(values.every((value) => value >= 0 && value < 1));
  const { mean, variance } = moments(values);
  assert.ok(Math.abs(mean - 0.5) < 0.005 && Math.abs(variance - 1 / 12) < 0.002, `${mean} ${variance}`);
});

test('normal numbers have the right moments and tails', () => {
  const values = new Float32Array(200_000);
  new Philox([9, 10]).normal(values);
  const { mean, variance } = moments(values);
  assert.ok(Math.abs(mean) < 0.01 && Math.abs(variance - 1) < 0.02, `${mean} ${variance}`);
  const beyond = values.filter((value) => Math.abs(value) > 1.959964).length / values.length;
  assert.ok(Math.abs(beyond - 0.05) < 0.003, `${beyond}`);
});

test('integers are below their bound, and all occur', () => {
  const generator = new Philox([11, 12]);
  fc.assert(fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (below) => generator.integer(below) < below));
  const counts = [0, 0, 0];
  for (let draw = 0; draw < 30_000; draw++) {
    const value = generator.integer(3);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  for (const count of counts) assert.ok(Math.abs(count - 10_000) < 400, counts.join());
});

test('a permutation holds each number once, and another seed gives another', () => {
  fc.assert(
    fc.property(fc.nat(300), fc.nat(), (count, seed) => {
      const order = permutation([seed, 0], count);
      assert.deepEqual(
        [...order].sort((a, b) => a - b),
        Array.from({ length: count }, (_, index) => index),
      );
      assert.deepEqual(permutation([seed, 0], count), order);
    }),
  );
  assert.notDeepEqual(permutation([1, 0], 100), permutation([2, 0], 100));
});

function moments(values: Float32Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return { mean, variance: values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length };
}
