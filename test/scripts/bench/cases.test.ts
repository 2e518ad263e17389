import assert from 'node:assert/strict';
import { test } from 'node:test';
import { architectureOf, CASES, flopsOf, withSteps } from '../../../scripts/bench/cases.ts';
import { inferAutoencoder } from '../../../src/layers/shapes.ts';

for (const benchCase of CASES) {
  test(`${benchCase.name}: the layers fit together, and the latent size is the case's`, () => {
    const findings: unknown[] = [];
    const shapes = inferAutoencoder(architectureOf(benchCase), (finding) => findings.push(finding));
    assert.deepEqual(findings, []);
    assert.deepEqual(shapes?.latent, [benchCase.latent]);
  });

  test(`${benchCase.name}: a stretch is within an epoch of whole batches`, () => {
    assert.ok(benchCase.steps * benchCase.batch <= 60_000);
  });
}

test('names are unique', () => {
  const names = CASES.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test('stretches can be shortened, and lengthened up to an epoch', () => {
  const [dense] = CASES;
  assert.ok(dense !== undefined);
  assert.equal(withSteps(dense, 10).steps, 10);
  assert.equal(withSteps(dense).steps, dense.steps);
  assert.equal(withSteps({ ...dense, batch: 512 }, 1000).steps, 117);
});

test('a step of dense layers takes two operations a weight and sample, three times', () => {
  const [dense] = CASES;
  assert.ok(dense !== undefined);
  const halves = [784, 512, 256, 128, 64, 32];
  const weights = 2 * halves.slice(1).reduce((sum, size, index) => sum + size * (halves[index] ?? 0), 0);
  assert.equal(flopsOf(dense), 6 * dense.batch * weights);
  assert.equal(flopsOf({ ...dense, batch: 2 * dense.batch }), 2 * flopsOf(dense));
});
