import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Philox } from '../../../src/core/philox.ts';
import { promoted, rungsOf } from '../../../src/sweep/search/halving.ts';
import { median } from './problems.ts';

test('rungs end at all epochs; there are fewer if combinations or epochs are few', () => {
  const of = (combinations: number, epochs: number, eta = 3, fewest = 1): readonly unknown[] =>
    rungsOf(combinations, epochs, { eta, min_epochs: fewest }).map((rung) => [
      rung.combinations,
      rung.epochs,
    ]);
  assert.deepEqual(of(27, 27), [
    [27, 1],
    [9, 3],
    [3, 9],
    [1, 27],
  ]);
  assert.deepEqual(of(9, 10), [
    [9, 1],
    [3, 3],
    [1, 10],
  ]);
  assert.deepEqual(of(4, 27), [
    [4, 9],
    [1, 27],
  ]);
  assert.deepEqual(of(27, 27, 3, 5), [
    [27, 9],
    [9, 27],
  ]);
  assert.deepEqual(of(100, 20, 2, 4), [
    [100, 5],
    [50, 10],
    [25, 20],
  ]);
  assert.deepEqual(of(2, 10), [[2, 10]]);
  assert.deepEqual(of(9, 2, 3, 5), [[9, 2]]);
});

test('each rung has more epochs and fewer combinations than the one before, within the limits', () => {
  const settings = fc.record({
    combinations: fc.integer({ min: 1, max: 10_000 }),
    epochs: fc.integer({ min: 1, max: 10_000 }),
    eta: fc.integer({ min: 2, max: 10 }),
    fewest: fc.integer({ min: 1, max: 100 }),
  });
  fc.assert(
    fc.property(settings, ({ combinations, epochs, eta, fewest }) => {
      const rungs = rungsOf(combinations, epochs, { eta, min_epochs: fewest });
      assert.equal(rungs[0]?.combinations, combinations);
      assert.equal(rungs.at(-1)?.epochs, epochs);
      rungs.forEach((rung, index) => {
        const before = rungs[index - 1];
        assert.ok(rung.combinations >= 1 && rung.epochs >= Math.min(fewest, epochs));
        if (before === undefined) return;
        assert.ok(rung.epochs >= before.epochs * 2 && rung.combinations <= before.combinations / 2);
      });
    }),
  );
});

test('the best are promoted; among equals the first, and failed ones last', () => {
  assert.deepEqual(promoted([3, 1, 2], 2), [1, 2]);
  assert.deepEqual(promoted([1, 1, 1], 2), [0, 1]);
  assert.deepEqual(promoted([Infinity, 5, Infinity], 2), [0, 1]);
  assert.deepEqual(promoted([Infinity, Infinity, -1], 1), [2]);
});

/** Losses that decrease to a limit as a power of the epochs, at different rates, with noise. */
function curves(count: number, seed: number): readonly ((epoch: number) => number)[] {
  const generator = new Philox([seed, 1]);
  const uniform = (): number => generator.next() / 2 ** 32;
  return Array.from({ length: count }, () => {
    const [limit, start, pace] = [uniform(), 1 + uniform(), 0.5 + uniform()];
    const noise = Float32Array.from({ length: 82 });
    generator.normal(noise);
    return (epoch) => limit + start * epoch ** -pace + 0.02 * (noise[epoch] ?? 0);
  });
}

test('on learning curves, half of the epochs of full trainings find as good a combination', () => {
  const epochs = 81;
  const gaps: number[] = [];
  let spent = 0;
  for (let seed = 1; seed <= 25; seed += 1) {
    const all = curves(81, seed);
    let left = [...all.keys()];
    let trained = 0;
    spent = 0;
    for (const [index, rung] of rungsOf(81, epochs, { eta: 3, min_epochs: 1 }).entries()) {
      // A trial resumes from its state on the previous rung.
      spent += left.length * (rung.epochs - trained);
      trained = rung.epochs;
      const losses = left.map((place) => all[place]?.(rung.epochs) ?? Infinity);
      const next = Math.floor(81 / 3 ** (index + 1));
      if (rung.epochs < epochs) left = promoted(losses, next).map((each) => left[each] ?? 0);
    }
    // The best that full trainings find in as many epochs, …
    const few = all.slice(0, Math.floor((2 * spent) / epochs));
    const loss = (curve: ((epoch: number) => number) | undefined): number => curve?.(epochs) ?? Infinity;
    gaps.push(loss(all[left[0] ?? 0]) - Math.min(...few.map(loss)));
  }
  // … and in twice as many.
  assert.ok(median(gaps) <= 0, String(median(gaps)));
  assert.ok(spent <= (81 * epochs) / 2, String(spent));
});
