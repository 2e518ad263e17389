import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MedianRule } from '../../src/sweep/early-stop.ts';

test('a trial is behind when its best loss is above the median of the mean losses of earlier ones', () => {
  const rule = new MedianRule({ warmup_epochs: 2, min_trials: 3, lag: 1 });
  rule.complete(0, [4, 2, 1]);
  rule.complete(1, [6, 4, 2]);
  assert.equal(rule.isBehind(3, [9, 9]), false, 'two complete trials are too few');
  rule.complete(2, [8, 6, 1]);
  // Means of two epochs: 3, 5, 7; their median is 5.
  assert.equal(rule.isBehind(3, [9]), false, 'within the warm-up');
  assert.equal(rule.isBehind(3, [9, 5]), false);
  assert.equal(rule.isBehind(3, [9, 5.1]), true);
  assert.equal(rule.isBehind(3, [5, 9]), false, 'the best so far counts');
});

test('later trials, and trials within the lag, are not peers', () => {
  const rule = new MedianRule({ warmup_epochs: 1, min_trials: 1, lag: 2 });
  rule.complete(3, [1]);
  assert.equal(rule.isBehind(4, [9]), false);
  assert.equal(rule.isBehind(2, [9]), false);
  assert.equal(rule.isBehind(5, [9]), true);
});

test('an even number of peers has the mean of the middle two as its median', () => {
  const rule = new MedianRule({ warmup_epochs: 1, min_trials: 2, lag: 1 });
  rule.complete(0, [2]);
  rule.complete(1, [4]);
  assert.equal(rule.isBehind(2, [3]), false);
  assert.equal(rule.isBehind(2, [3.1]), true);
});
