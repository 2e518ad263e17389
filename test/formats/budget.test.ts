import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Budget, SharedBudget } from '../../src/formats/budget.ts';

test('work waits until there is room, in its order; more than the whole has the whole for itself', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.array(fc.nat(30)), async (total, amounts) => {
      const budget = new Budget(total);
      const begun: number[] = [];
      let used = 0;
      await Promise.all(
        amounts.map((amount, index) =>
          budget.use(amount, async () => {
            begun.push(index);
            used += Math.min(amount, total);
            assert.ok(used <= total);
            for (let turn = 0; turn <= index % 3; turn++) await Promise.resolve();
            used -= Math.min(amount, total);
          }),
        ),
      );
      assert.deepEqual(begun, [...amounts.keys()]);
    }),
    { numRuns: 100 },
  );
});

test('work that fails gives its room back', async () => {
  const budget = new Budget(1);
  await assert.rejects(budget.use(1, () => Promise.reject(new Error('no'))));
  assert.equal(await budget.use(1, () => Promise.resolve(7)), 7);
});

test('room that threads share is given back, also by work that fails', async () => {
  const memory = SharedBudget.memory(5);
  const [one, other] = [new SharedBudget(memory), new SharedBudget(memory)];
  const left = (): number => new Int32Array(memory)[0] ?? 0;
  assert.equal(await one.use(3, () => other.use(2, () => Promise.resolve(left()))), 0);
  await assert.rejects(one.use(100, () => Promise.reject(new Error('no'))));
  assert.equal(left(), 5);
});
