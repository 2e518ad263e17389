import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sizeOf } from '../../src/core/shape.ts';

test('an array holds as many values as the lengths of its axes multiply to', () => {
  assert.equal(sizeOf([28, 28, 3]), 2352);
  assert.equal(sizeOf([5, 0, 2]), 0);
  assert.equal(sizeOf([]), 1, 'a scalar');
});
