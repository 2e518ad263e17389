import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Plateau, type PlateauRule } from '../../../src/nodes/train/plateau.ts';

const RULE: PlateauRule = { factor: 0.5, patience: 2, min_delta: 0, cooldown: 0, min_lr: 0 };

/** The rate after each epoch, from 1 on. */
function rates(losses: readonly number[], rule: Partial<PlateauRule> = {}): readonly number[] {
  const plateau = new Plateau({ ...RULE, ...rule });
  let rate = 1;
  return losses.map((loss) => (rate = plateau.next(loss, rate)));
}

test('the rate falls when the loss has not improved for as many epochs as patience allows', () => {
  assert.deepEqual(rates([5, 4, 4.5, 4.2, 4.1]), [1, 1, 1, 0.5, 0.5]);
  assert.deepEqual(rates([5, 4, 4.5, 3, 3.5, 2, 2.5]), [1, 1, 1, 1, 1, 1, 1]);
});

test('it falls again after as many epochs more', () => {
  assert.deepEqual(rates([3, 3, 3, 3, 3, 3]), [1, 1, 0.5, 0.5, 0.25, 0.25]);
});

test('patience of 0 and of 1 both lower the rate at the first epoch without improvement, as in Keras', () => {
  for (const patience of [0, 1]) assert.deepEqual(rates([3, 3, 3, 2], { patience }), [1, 0.5, 0.25, 0.25]);
});

test('an improvement is a fall by more than min_delta below the best loss', () => {
  assert.deepEqual(rates([5, 4.9, 4.8, 4.75], { min_delta: 0.25 }), [1, 1, 0.5, 0.5]);
  assert.deepEqual(rates([5, 4.9, 4.5, 4.2], { min_delta: 0.25 }), [1, 1, 1, 1]);
});

test('epochs of the cooldown are not waited for, but the last of them', () => {
  const losses = [3, 3, 3, 3, 3, 3, 3, 3];
  assert.deepEqual(rates(losses, { patience: 1 }), [1, 0.5, 0.25, 0.125, 2 ** -4, 2 ** -5, 2 ** -6, 2 ** -7]);
  assert.deepEqual(rates(losses, { patience: 1, cooldown: 1 }), rates(losses, { patience: 1 }));
  assert.deepEqual(rates(losses, { patience: 1, cooldown: 3 }), [1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.125]);
  assert.deepEqual(rates(losses, { cooldown: 2 }), [1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]);
});

test('an improvement in the cooldown is remembered', () => {
  assert.deepEqual(rates([3, 3, 2, 2.5, 2.5], { patience: 1, cooldown: 2 }), [1, 0.5, 0.5, 0.25, 0.25]);
});

test('the rate stops at min_lr, and no cooldown begins there', () => {
  assert.deepEqual(rates([3, 3, 3, 3, 3], { patience: 1, min_lr: 0.3 }), [1, 0.5, 0.3, 0.3, 0.3]);
  // A rate that was read from a float32 is not above the rate that was set.
  const plateau = new Plateau({ ...RULE, patience: 1, min_lr: 0.3 });
  plateau.next(3, Math.fround(0.3));
  assert.equal(plateau.next(3, Math.fround(0.3)), Math.fround(0.3));
});
