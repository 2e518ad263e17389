import assert from 'node:assert/strict';
import { test } from 'node:test';
import { busyShare, loadNote } from '../../../scripts/bench/load.ts';

const core = (user: number, idle: number) => ({ times: { user, nice: 0, sys: 0, idle, irq: 0 } });

test('the busy share is of all cores, between the two looks', () => {
  assert.equal(busyShare([core(500, 100), core(0, 100)], [core(600, 100), core(0, 200)]), 0.5);
  assert.equal(busyShare([core(5, 0)], [core(5, 100)]), 0);
});

test('measurements without time between them show no load', () => {
  assert.equal(busyShare([core(1, 1)], [core(1, 1)]), 0);
});

test('the busiest moment is warned of, if it was busy enough', () => {
  assert.deepEqual(loadNote([]), []);
  assert.deepEqual(loadNote([0.02, 0.05]), []);
  assert.match(loadNote([0.02, 0.5]).join(''), / 50 %/);
});
