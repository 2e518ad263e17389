import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EarlyStopping } from '../../../src/nodes/train/early-stopping.ts';

/** The epoch after which training ends, 0 for none. */
function stopsAfter(losses: readonly number[], patience: number, min_delta = 0): number {
  const rule = new EarlyStopping({ patience, min_delta });
  return losses.findIndex((loss) => rule.next(loss).stop) + 1;
}

test('training ends when the loss has not improved for as many epochs as patience allows', () => {
  assert.equal(stopsAfter([5, 4, 4.5, 4.2, 4.1, 3], 3), 5);
  assert.equal(stopsAfter([5, 4, 4.5, 4.2, 3, 3.5], 3), 0);
});

test('patience of 0 and of 1 both end training at the first epoch without improvement, as in Keras', () => {
  for (const patience of [0, 1]) assert.equal(stopsAfter([5, 4, 4, 3], patience), 3);
});

test('an improvement is a fall by more than min_delta', () => {
  assert.equal(stopsAfter([5, 4.9, 4.8, 4.75], 2, 0.25), 3);
  assert.equal(stopsAfter([5, 4.9, 4.5, 4.2], 2, 0.25), 0);
});

test('the first epoch improves on nothing, and never ends training', () => {
  assert.deepEqual(new EarlyStopping({ patience: 0, min_delta: 0 }).next(7), { improved: true, stop: false });
});
