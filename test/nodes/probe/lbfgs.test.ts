import assert from 'node:assert/strict';
import { test } from 'node:test';
import { minimize } from '../../../src/nodes/probe/lbfgs.ts';

test('a quadratic of badly scaled axes has its minimum where its gradient is zero', async () => {
  const centre = [3, -2, 0.5, 40];
  const scale = [1, 100, 10_000, 0.01];
  const { point, value, converged } = await minimize({
    evaluate: (at) => ({
      value: at.reduce((sum, x, axis) => sum + ((scale[axis] ?? 0) * (x - (centre[axis] ?? 0)) ** 2) / 2, 0),
      gradient: at.map((x, axis) => (scale[axis] ?? 0) * (x - (centre[axis] ?? 0))),
    }),
    start: new Float64Array(4),
    iterations: 200,
    tolerance: 1e-8,
  });
  assert.ok(converged && value < 1e-10);
  point.forEach((x, axis) => assert.ok(Math.abs(x - (centre[axis] ?? 0)) < 1e-5));
});

test("Rosenbrock's valley is followed to its end", async () => {
  const { point, converged, iterations } = await minimize({
    evaluate: ([x = 0, y = 0]) => ({
      value: (1 - x) ** 2 + 100 * (y - x * x) ** 2,
      gradient: Float64Array.of(-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)),
    }),
    start: Float64Array.of(-1.2, 1),
    iterations: 200,
    tolerance: 1e-6,
  });
  assert.ok(converged && iterations > 5);
  point.forEach((x) => assert.ok(Math.abs(x - 1) < 1e-5));
});

test('reaching the maximum number of iterations is reported', async () => {
  const { converged, iterations } = await minimize({
    evaluate: ([x = 0]) => ({ value: x ** 4, gradient: Float64Array.of(4 * x ** 3) }),
    start: Float64Array.of(100),
    iterations: 3,
    tolerance: 1e-9,
  });
  assert.deepEqual([converged, iterations], [false, 3]);
});
