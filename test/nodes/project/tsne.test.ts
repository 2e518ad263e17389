/** t-SNE, compared with its definition. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Philox } from '../../../src/core/philox.ts';
import { nearestNeighbors, type Neighbors } from '../../../src/nodes/probe/neighbors.ts';
import { affinities, kernel } from '../../../src/nodes/project/affinities.ts';
import { Quadtree } from '../../../src/nodes/project/quadtree.ts';
import { divergenceOf, gradientOf, tsne } from '../../../src/nodes/project/tsne.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { grouped, purity } from './rig.ts';

function scattered(count: number, seed: number): Float64Array {
  const points = new Float32Array(2 * count);
  new Philox([seed, 0]).normal(points);
  return Float64Array.from(points, (value) => 5 * value);
}

async function neighborsOf(count: number, k: number): Promise<Neighbors> {
  const engine = await testEngine();
  const all = grouped(count, 6, 3, 8);
  return nearestNeighbors(engine, all, all, { k, withoutSelf: true, signal: new AbortController().signal });
}

test('kernels have the requested perplexity', () => {
  for (const distances of [
    [1, 2, 3, 4, 5, 6, 7, 8],
    [0.001, 0.0011, 0.002, 0.003, 0.004],
    [1000, 1001, 1002, 1500, 2000],
  ]) {
    const shares = kernel(Float64Array.from(distances), 3);
    assert.ok(Math.abs(shares.reduce((sum, share) => sum + share, 0) - 1) < 1e-12);
    const entropy = shares.reduce((sum, share) => sum - (share > 0 ? share * Math.log(share) : 0), 0);
    assert.ok(Math.abs(Math.exp(entropy) - 3) < 1e-4);
    assert.ok([...shares].every((share, index) => index === 0 || share <= (shares[index - 1] ?? 0)));
  }
  assert.ok(
    kernel(new Float64Array(6), 3).every((share) => Math.abs(share - 1 / 6) < 1e-12),
    'twins',
  );
});

test('affinities are symmetric and sum to 1', async () => {
  const { starts, columns, values } = affinities(await neighborsOf(90, 12), 4);
  const entries = new Map<string, number>();
  for (let row = 0; row < 90; row++) {
    for (let at = starts[row] ?? 0; at < (starts[row + 1] ?? 0); at++)
      entries.set(`${row},${columns[at]}`, values[at] ?? 0);
  }
  for (const [place, value] of entries) assert.equal(entries.get(place.split(',').reverse().join()), value);
  assert.ok(Math.abs(values.reduce((sum, value) => sum + value, 0) - 1) < 1e-12);
});

/** The repulsion as it is defined: over all pairs. */
function repelExactly(points: Float64Array): { readonly forces: Float64Array; readonly total: number } {
  const forces = new Float64Array(points.length);
  let total = 0;
  for (let one = 0; one < points.length; one += 2) {
    for (let other = 0; other < points.length; other += 2) {
      if (one === other) continue;
      const dx = (points[one] ?? 0) - (points[other] ?? 0);
      const dy = (points[one + 1] ?? 0) - (points[other + 1] ?? 0);
      const weight = 1 / (1 + dx * dx + dy * dy);
      total += weight;
      forces[one] = (forces[one] ?? 0) + weight * weight * dx;
      forces[one + 1] = (forces[one + 1] ?? 0) + weight * weight * dy;
    }
  }
  return { forces, total };
}

test('the tree gives the exact repulsion at theta 0, and nearly that at 0.5, twins and all', () => {
  const points = scattered(700, 1);
  // A crowd in one place, which no division parts.
  points.copyWithin(0, 200, 260);
  points.fill(1.25, 300, 380);
  const exact = repelExactly(points);
  const forces = new Float64Array(points.length);
  const total = new Quadtree(points).repel(0, forces);
  assert.ok(Math.abs(total / exact.total - 1) < 1e-12);
  forces.forEach((force, index) => assert.ok(Math.abs(force - (exact.forces[index] ?? 0)) < 1e-9));

  const length = Math.hypot(...exact.forces);
  for (const [theta, most] of [
    [0.2, 0.005],
    [0.5, 0.05],
  ] as const) {
    const rough = new Float64Array(points.length);
    const nearly = new Quadtree(points).repel(theta, rough);
    assert.ok(Math.abs(nearly / exact.total - 1) < most);
    assert.ok(Math.hypot(...rough.map((force, index) => force - (exact.forces[index] ?? 0))) < most * length);
    assert.notDeepEqual(rough, forces);
  }
});

test('the gradient is the slope of the divergence', async () => {
  const near = affinities(await neighborsOf(60, 9), 3);
  const points = scattered(60, 2);
  const gradient = gradientOf(near, points, { theta: 0, exaggeration: 1 });
  const step = 1e-5;
  for (let index = 0; index < points.length; index++) {
    const moved = (by: number): number =>
      divergenceOf(
        near,
        points.map((value, at) => (at === index ? value + by : value)),
        0,
      );
    const slope = (moved(step) - moved(-step)) / (2 * step);
    assert.ok(Math.abs(slope - (gradient[index] ?? 0)) < 1e-7, `${slope} ${gradient[index]}`);
  }
});

test('the divergence is that of the definition', async () => {
  const { starts, columns, values } = affinities(await neighborsOf(60, 9), 3);
  const points = scattered(60, 3);
  const { total } = repelExactly(points);
  let expected = 0;
  for (let row = 0; row < 60; row++) {
    for (let at = starts[row] ?? 0; at < (starts[row + 1] ?? 0); at++) {
      const other = columns[at] ?? 0;
      const dx = (points[2 * row] ?? 0) - (points[2 * other] ?? 0);
      const dy = (points[2 * row + 1] ?? 0) - (points[2 * other + 1] ?? 0);
      const share = 1 / (1 + dx * dx + dy * dy) / total;
      expected += (values[at] ?? 0) * Math.log((values[at] ?? 0) / share);
    }
  }
  const divergence = divergenceOf({ starts, columns, values }, points, 0);
  assert.ok(Math.abs(divergence - expected) < 1e-10);
});

test('groups stay groups, with the same bits each time', async () => {
  const near = affinities(await neighborsOf(240, 30), 10);
  const start = Float32Array.from(scattered(240, 4));
  const one = await tsne(near, { start });
  assert.ok(purity(one.points, 3) > 0.98);
  assert.ok(one.divergence > 0 && one.divergence < divergenceOf(near, Float64Array.from(start), 0) / 2);
  assert.deepEqual((await tsne(near, { start })).points, one.points);
});
