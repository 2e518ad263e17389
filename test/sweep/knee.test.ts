import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findKnee, kneeConfidence, type KneePoint } from '../../src/sweep/knee.ts';

const DECREASING = { direction: 'decreasing' } as const;
const INCREASING = { direction: 'increasing' } as const;

function curve(xs: readonly number[], f: (x: number) => number): KneePoint[] {
  return xs.map((x) => ({ x, y: f(x) }));
}

function grid(from: number, to: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1));
}

test("the paper's example: -1 / (x + 0.1) + 5 at ten points has its knee at 0.22", () => {
  const points = curve(grid(0, 1, 10), (x) => 5 - 1 / (x + 0.1));
  assert.ok(Math.abs((findKnee(points, INCREASING)?.x ?? 0) - 0.222) < 0.001);
});

test('the knee of 1 / (x + a) is where the slope equals that of the chord', () => {
  fc.assert(
    fc.property(fc.double({ min: 0.01, max: 0.5, noNaN: true }), (a) => {
      // The derivative of the difference is zero where 1 / (x + a)^2 = 1 / a - 1 / (1 + a).
      const expected = 1 / Math.sqrt(1 / a - 1 / (1 + a)) - a;
      const points = curve(grid(0, 1, 2001), (x) => 1 / (x + a));
      assert.ok(Math.abs((findKnee(points, DECREASING)?.x ?? -1) - expected) < 0.001);
    }),
    { numRuns: 50 },
  );
});

test('a corner is found at its place, and its strength is its distance from the chord', () => {
  const points = curve([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10], (x) =>
    x < 2 ? 1 - 0.45 * x : 0.1 - 0.0125 * (x - 2),
  );
  const knee = findKnee(points, DECREASING);
  assert.equal(knee?.x, 2);
  assert.equal(knee.index, 2);
  assert.ok(Math.abs(knee.strength - (0.9 - 0.2)) < 1e-12);
});

test('stretching, shifting and flipping a curve do not move its knee', () => {
  const sizes = [2, 4, 8, 16, 32, 64];
  const errors = [0.045, 0.033, 0.019, 0.0095, 0.005, 0.0035];
  const points = sizes.map((x, index) => ({ x, y: errors[index] ?? 0 }));
  const knee = findKnee(points, DECREASING);
  assert.equal(knee?.x, 16);
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: -1000, max: 1000 }), (scale, offset) => {
      const stretched = points.map(({ x, y }) => ({ x: x * scale + offset, y: y * scale + offset }));
      assert.equal(findKnee(stretched, DECREASING)?.index, knee.index);
      const turned = points.map(({ x, y }) => ({ x, y: 1 - y })).reverse();
      assert.equal(findKnee(turned, INCREASING)?.x, knee.x);
    }),
  );
});

test('a small dent before the bend is not taken for the knee', () => {
  const ys = [1, 0.7, 0.695, 0.3, 0.1, 0.09, 0.08, 0.07, 0.06, 0.05];
  assert.equal(
    findKnee(
      ys.map((y, x) => ({ x, y })),
      DECREASING,
    )?.x,
    4,
  );
});

test('curves without a knee get none', () => {
  const none: [string, KneePoint[]][] = [
    ['nothing', []],
    ['two points', curve([1, 2], (x) => 1 / x)],
    ['flat', curve([1, 2, 3, 4], () => 7)],
    ['straight', curve([1, 2, 3, 4, 5], (x) => 10 - 2 * x)],
    ['bends the other way', curve(grid(0, 1, 11), (x) => 1 - x ** 4)],
    ['rises', curve([1, 2, 3, 4, 5], (x) => x)],
    ['not finite', curve([1, 2, 3, 4], () => Number.NaN)],
  ];
  for (const [name, points] of none) assert.equal(findKnee(points, DECREASING), undefined, name);
});

test('the mean of replicates counts', () => {
  const points = curve([1, 2, 4, 8, 16], (x) => 1 / x ** 2);
  const spread = points.flatMap(({ x, y }) => [
    { x, y: y - 0.01 },
    { x, y: y + 0.01 },
  ]);
  const knee = findKnee(points, DECREASING);
  assert.ok(knee !== undefined);
  assert.equal(findKnee(spread, DECREASING)?.x, knee.x);
  assert.equal(findKnee(spread, DECREASING)?.index, knee.index);
});

test('close replicates make a certain knee, scattered ones an uncertain one', () => {
  const scattered = (noise: number): KneePoint[] =>
    [1, 2, 4, 8, 16, 32].flatMap((x, index) =>
      [-1, 0, 1].map((sign) => ({ x, y: 1 / x ** 2 + sign * noise * (index % 2 === 0 ? 1 : 0.6) })),
    );
  const sure = kneeConfidence(scattered(0.001), DECREASING, [1, 2]);
  const unsure = kneeConfidence(scattered(0.3), DECREASING, [1, 2]);
  assert.deepEqual(sure, { agreement: 1, low: 4, high: 4 });
  assert.ok(unsure !== undefined && unsure.agreement < 0.9 && unsure.low < unsure.high);
  assert.deepEqual(kneeConfidence(scattered(0.3), DECREASING, [1, 2]), unsure);
  assert.equal(
    kneeConfidence(
      curve([1, 2, 4, 8], (x) => 1 / x),
      DECREASING,
      [1, 2],
    ),
    undefined,
  );
});
