/** Components by subspace iteration, compared with the eigenvectors of the whole covariance matrix. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EigenvalueDecomposition, Matrix as SmallMatrix } from 'ml-matrix';
import type { Matrix } from '../../../src/nodes/encode/rows.ts';
import { principalComponents } from '../../../src/nodes/project/principal.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { grouped } from './rig.ts';

const signal = new AbortController().signal;

test('components are the eigenvectors of the covariance, with their shares of the variance', async () => {
  const engine = await testEngine();
  const size = 24;
  const rows = grouped(500, size, 1, 0);
  // Variances that fall by a tenth from axis to axis, around a mean that is not zero.
  for (let index = 0; index < rows.data.length; index++) {
    rows.data[index] = (rows.data[index] ?? 0) * 0.9 ** (index % size) + (index % size);
  }
  const components = 5;
  const held = engine.tf.memory().numTensors;
  const { coordinates, shares } = await principalComponents(engine, rows, {
    components,
    seed: [1, 2],
    signal,
  });
  assert.equal(engine.tf.memory().numTensors, held);

  const all = new SmallMatrix(
    Array.from({ length: rows.count }, (_, row) => [...rows.data.subarray(row * size, (row + 1) * size)]),
  );
  const centred = all.subRowVector(all.mean('column'));
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(
    centred.transpose().mmul(centred).div(rows.count),
    { assumeSymmetric: true },
  );
  const order = realEigenvalues
    .map((_, index) => index)
    .sort((a, b) => (realEigenvalues[b] ?? 0) - (realEigenvalues[a] ?? 0));
  const total = realEigenvalues.reduce((sum, value) => sum + value, 0);
  for (let component = 0; component < components; component++) {
    const place = order[component] ?? 0;
    assert.ok(Math.abs((shares[component] ?? 0) - (realEigenvalues[place] ?? 0) / total) < 1e-6);
    const weights = eigenvectorMatrix.getColumn(place);
    const largest = weights.reduce((most, weight) => (Math.abs(weight) > Math.abs(most) ? weight : most), 0);
    const expected = centred.mmul(SmallMatrix.columnVector(weights)).mul(Math.sign(largest)).to1DArray();
    expected.forEach((value, row) => {
      assert.ok(Math.abs((coordinates[row * components + component] ?? 9) - value) < 0.01);
    });
  }
});

test('rows with less variance than components, or with none, work', async () => {
  const engine = await testEngine();
  const line: Matrix = { data: Float32Array.of(0, 0, 0, 3, 4, 0, 6, 8, 0), count: 3, size: 3 };
  const { coordinates, shares } = await principalComponents(engine, line, {
    components: 2,
    seed: [1, 2],
    signal,
  });
  assert.ok(Math.abs((shares[0] ?? 0) - 1) < 1e-6 && Math.abs(shares[1] ?? 1) < 1e-6);
  [-5, 0, 0, 0, 5, 0].forEach((value, index) =>
    assert.ok(Math.abs((coordinates[index] ?? 9) - value) < 1e-4),
  );
  const still: Matrix = { data: new Float32Array(6).fill(2), count: 2, size: 3 };
  const nothing = await principalComponents(engine, still, { components: 2, seed: [1, 2], signal });
  assert.deepEqual([...nothing.coordinates, ...nothing.shares], [0, 0, 0, 0, 0, 0]);
});
