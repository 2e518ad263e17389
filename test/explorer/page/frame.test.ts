import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SIZE, colorsOf, frameFor } from '../../../src/explorer/page/frame.ts';

const number = fc.double({ min: -1000, max: 1000, noNaN: true });
const places = fc.array(fc.tuple(number, number), { minLength: 1, maxLength: 20 });

test('all points are on the map, with space around them, and lead back to their places', () => {
  fc.assert(
    fc.property(places, (all) => {
      const { toCanvas, toPlane } = frameFor(all);
      for (const place of all) {
        const [x, y] = toCanvas(place);
        assert.ok(x > 0 && x < SIZE && y > 0 && y < SIZE, `${x}, ${y}`);
        const back = toPlane([x, y]);
        for (const axis of [0, 1] as const) {
          const error = Math.abs(back[axis] - place[axis]);
          assert.ok(error <= 1e-6 * Math.max(1, Math.abs(place[axis])), String(error));
        }
      }
    }),
  );
});

test('both axes have one scale, and up is up', () => {
  const { toCanvas } = frameFor([
    [0, 0],
    [10, 1],
  ]);
  const [[x, y], [right], [, above]] = [toCanvas([0, 0]), toCanvas([1, 0]), toCanvas([0, 1])] as const;
  assert.ok(Math.abs(right - x - (y - above)) < 1e-9);
  assert.ok(above < y);
});

test('frequent classes have colours of their own, rare ones share one', () => {
  assert.deepEqual([...colorsOf([undefined, undefined])], []);
  const few = colorsOf([3, 1, 1]);
  assert.deepEqual([...few.keys()], [1, 3]);
  assert.equal(new Set(few.values()).size, 2);
  // Label n occurs n + 1 times.
  const many = colorsOf(
    Array.from({ length: 12 }, (_, label) => Array.from({ length: label + 1 }, () => label)).flat(),
  );
  assert.equal(many.size, 12);
  assert.equal(new Set(many.values()).size, 10);
  assert.equal(many.get(0), many.get(1));
  assert.equal(many.get(0), many.get(2));
  assert.notEqual(many.get(2), many.get(3));
});
