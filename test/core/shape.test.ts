import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fitsImage, imageOf, sizeOf } from '../../src/core/shape.ts';

test('an array holds as many values as the lengths of its axes multiply to', () => {
  assert.equal(sizeOf([28, 28, 3]), 2352);
  assert.equal(sizeOf([5, 0, 2]), 0);
  assert.equal(sizeOf([]), 1, 'a scalar');
});

test('a model fits images of its shape, and gray images without their channels', () => {
  assert.ok(fitsImage([28, 28, 1], [28, 28, 1]));
  assert.ok(fitsImage([28, 28], [28, 28, 1]));
  assert.ok(!fitsImage([28, 28], [28, 28, 3]));
  assert.ok(!fitsImage([28, 27], [28, 28, 1]));
  assert.ok(!fitsImage([784], [28, 28, 1]));
});

test('outputs that are images', () => {
  assert.deepEqual(imageOf([4, 5, 3]), [4, 5, 3]);
  assert.deepEqual(imageOf([4, 5]), [4, 5, 1]);
  assert.equal(imageOf([20]), undefined);
  assert.equal(imageOf([4, 5, 1, 1]), undefined);
});
