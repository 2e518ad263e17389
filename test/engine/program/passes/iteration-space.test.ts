import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sizeOf } from '../../../../src/core/shape.ts';
import { commonSpace, restated, splitAxes } from '../../../../src/engine/program/passes/iteration-space.ts';

test('the common space of two shapes', () => {
  assert.deepEqual(commonSpace([32, 6272], [32, 14, 14, 32]), [32, 14, 14, 32]);
  assert.deepEqual(commonSpace([6, 4], [2, 12]), [2, 3, 4]);
  assert.deepEqual(commonSpace([1, 5, 1], [5]), [5]);
  assert.deepEqual(commonSpace([1, 1], []), []);
  assert.equal(commonSpace([4, 6], [6, 4]), undefined);
  assert.equal(commonSpace([4], [5]), undefined);
});

const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 5 });

test('a shape of joined axes has the finer one as common space, and axes split into its own', () => {
  fc.assert(
    fc.property(lengths, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (fine, joins) => {
      const coarse = fine.reduce<number[]>((shape, length, axis) => {
        if (shape.length > 0 && joins[axis] === true) shape.push((shape.pop() ?? 1) * length);
        else shape.push(length);
        return shape;
      }, []);
      const space = commonSpace(coarse, fine);
      assert.deepEqual(
        space,
        fine.filter((length) => length !== 1),
      );
      const parts = splitAxes(coarse, space ?? []).map(([first, end]) =>
        sizeOf((space ?? []).slice(first, end)),
      );
      assert.deepEqual(parts, coarse);
    }),
  );
});

test('a shape that repeats keeps its elements', () => {
  assert.deepEqual(restated([6272], [32, 6272], [32, 14, 14, 32]), [14, 14, 32]);
  assert.deepEqual(restated([32, 1], [32, 6272], [32, 14, 14, 32]), [32, 1, 1, 1]);
  assert.deepEqual(restated([1, 1, 3], [2, 4, 3], [2, 4, 3]), [3]);
  assert.deepEqual(restated([], [2, 4], [2, 4]), []);
});
