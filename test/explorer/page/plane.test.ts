import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import { Philox } from '../../../src/core/philox.ts';
import { planeOf } from '../../../src/explorer/page/plane.ts';

/** Latents with a spread of their own along each axis. */
function latentsOf(count: number, size: number, seed: number): readonly Float32Array[] {
  const values = new Float32Array(count * size);
  new Philox([seed, 0]).normal(values);
  return Array.from({ length: count }, (_, row) =>
    values.slice(row * size, (row + 1) * size).map((value, axis) => 3 + value * (1 + (axis % 5))),
  );
}

/** The share of the variance along the two largest principal components. */
function largestShare(latents: readonly Float32Array[]): number {
  const rows = new Matrix(latents.map((latent) => [...latent])).center('column');
  const { realEigenvalues } = new EigenvalueDecomposition(rows.transpose().mmul(rows), {
    assumeSymmetric: true,
  });
  const sorted = realEigenvalues.sort((one, other) => other - one);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  return ((sorted[0] ?? 0) + (sorted[1] ?? 0)) / total;
}

test('two latent values are the plane', () => {
  const plane = planeOf(latentsOf(5, 2, 1));
  assert.equal(plane.kind, 'values');
  assert.deepEqual(plane.place(Float32Array.of(1.5, -2)), [1.5, -2]);
  assert.deepEqual(plane.latentAt(0.25, 4), Float32Array.of(0.25, 4));
});

test('the plane has as much of the variance as two principal components', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 3, max: 40 }),
      fc.integer({ min: 3, max: 20 }),
      fc.nat(),
      (count, size, seed) => {
        const latents = latentsOf(count, size, seed);
        const { kind, share } = planeOf(latents);
        assert.equal(kind, 'components');
        assert.ok(Math.abs(share - largestShare(latents)) < 1e-3, `${share} of ${largestShare(latents)}`);
      },
    ),
    { numRuns: 40 },
  );
});

test('a place becomes a latent that is shown at that place, and the first axis has the most variance', () => {
  fc.assert(
    fc.property(fc.integer({ min: 3, max: 12 }), fc.nat(), (size, seed) => {
      const latents = latentsOf(30, size, seed);
      const plane = planeOf(latents);
      const [x, y] = plane.place(plane.latentAt(2.5, -1.25));
      assert.ok(Math.abs(x - 2.5) < 1e-4 && Math.abs(y + 1.25) < 1e-4, `${x}, ${y}`);
      const places = latents.map((latent) => plane.place(latent));
      const along = [0, 1].map((axis) => places.reduce((sum, place) => sum + (place[axis] ?? 0) ** 2, 0));
      const across = places.reduce((sum, place) => sum + place[0] * place[1], 0);
      assert.ok((along[0] ?? 0) >= (along[1] ?? 0));
      assert.ok(Math.abs(across) < 1e-6 * (along[0] ?? 0));
    }),
    { numRuns: 40 },
  );
});

test('latents that are all equal, or on a line, have a plane', () => {
  const equal = planeOf([Float32Array.of(1, 2, 3), Float32Array.of(1, 2, 3)]);
  assert.deepEqual(equal.place(Float32Array.of(1, 2, 3)), [0, 0]);
  assert.deepEqual([...equal.latentAt(0, 0)], [1, 2, 3]);
  const line = planeOf([0, 1, 5].map((value) => Float32Array.of(value, 2 * value, -value)));
  assert.ok(Math.abs(line.share - 1) < 1e-9);
  assert.ok(line.latentAt(1, 1).every(Number.isFinite));
});
