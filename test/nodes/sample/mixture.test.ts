/** Mixtures of normal distributions against scikit-learn's `GaussianMixture`, and their samples. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Philox } from '../../../src/core/philox.ts';
import {
  fitMixture,
  meanLogDensity,
  sampleMixture,
  type Mixture,
} from '../../../src/nodes/sample/mixture.ts';

/** Three clusters of 600 points, made of sums of six numbers of a small generator. */
function clusters(): Float32Array {
  let state = 1;
  const uniform = (): number => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
  const sum = (): number => uniform() + uniform() + uniform() + uniform() + uniform() + uniform() - 3;
  return Float32Array.from(
    Array.from({ length: 600 }, (_, index) => {
      const [a, b] = [sum(), sum()];
      if (index % 6 < 3) return [a, 0.5 * a + b];
      return index % 6 < 5 ? [4 + 0.5 * a, 1 + b] : [-1 + a, 5 - 0.7 * a + 0.3 * b];
    }).flat(),
  );
}

/**
 * scikit-learn 1.9.1 on these points: `GaussianMixture(3, tol=1e-5, max_iter=200, n_init=5, random_state=0)`, by the first value of
 * the means.
 */
const SCIKIT_LEARN = {
  score: -2.7000255584716797,
  weights: [0.16666654, 0.50002766, 0.3333058],
  means: [
    [-0.9819313883781433, 5.005880355834961],
    [0.004568653181195259, 0.0005333319422788918],
    [4.026772499084473, 1.0080336332321167],
  ],
  covariances: [
    [0.32904449105262756, -0.22185954451560974, 0.201249361038208],
    [0.5148245096206665, 0.2553027868270874, 0.5752304196357727],
    [0.12608499825000763, -0.012105991132557392, 0.556460440158844],
  ],
};

const fit = (vectors: Float32Array, size: number, components: number): Promise<Mixture> =>
  fitMixture(vectors, size, { components, seed: [1, 2], signal: new AbortController().signal });

/** Variance, covariance and variance of two values, of a lower factor. */
function covariance(factors: Float64Array, component: number): readonly number[] {
  const [a = 0, , b = 0, c = 0] = factors.subarray(component * 4, (component + 1) * 4);
  return [a * a, a * b, b * b + c * c];
}

test('a mixture is the one that scikit-learn finds', async () => {
  const points = clusters();
  const mixture = await fit(points, 2, 3);
  assert.ok(Math.abs(meanLogDensity(points, mixture) - SCIKIT_LEARN.score) < 1e-4);
  const order = [0, 1, 2].toSorted((a, b) => (mixture.means[2 * a] ?? 0) - (mixture.means[2 * b] ?? 0));
  for (const [place, component] of order.entries()) {
    const near = (values: ArrayLike<number>, wanted: readonly number[] = []): void =>
      wanted.forEach((value, index) => assert.ok(Math.abs((values[index] ?? NaN) - value) < 2e-3));
    near([mixture.weights[component] ?? NaN], [SCIKIT_LEARN.weights[place] ?? NaN]);
    near(mixture.means.subarray(2 * component, 2 * component + 2), SCIKIT_LEARN.means[place]);
    near(covariance(mixture.factors, component), SCIKIT_LEARN.covariances[place]);
  }
});

test('samples of a mixture are as likely as its training data, and follow from the seeds', async () => {
  const points = clusters();
  const mixture = await fit(points, 2, 3);
  const normals = new Float32Array(8000);
  new Philox([5, 6]).normal(normals);
  const samples = sampleMixture(mixture, normals, [7, 8]);
  assert.ok(Math.abs(meanLogDensity(samples, mixture) - meanLogDensity(points, mixture)) < 0.06);
  assert.deepEqual(sampleMixture(mixture, normals, [7, 8]), samples);
  assert.notDeepEqual(sampleMixture(mixture, normals, [7, 9]), samples);
  // Fewer are the first of more.
  assert.deepEqual(sampleMixture(mixture, normals.subarray(0, 20), [7, 8]), samples.subarray(0, 20));
});

test('equal vectors, and more components than clusters, have a mixture', async () => {
  const equal = await fit(new Float32Array(40).fill(3), 2, 3);
  const drawn = sampleMixture(equal, new Float32Array([1, -1, 0.5, 2]), [1, 1]);
  assert.ok(
    [...drawn].every((value) => Math.abs(value - 3) < 0.01),
    drawn.join(),
  );
  const many = await fit(clusters(), 2, 20);
  assert.ok(Math.abs(many.weights.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-9);
  assert.ok([...many.means, ...many.factors].every(Number.isFinite));
});
