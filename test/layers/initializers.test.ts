import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InitializerName } from '../../src/schema/generated/settings.ts';
import type { Seed } from '../../src/core/seed.ts';
import { initialValues } from '../../src/layers/initializers.ts';
import type { Shape } from '../../src/layers/layer.ts';

const SEED: Seed = [1, 2];

function moments(values: Float32Array): { mean: number; variance: number; largest: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, variance, largest: values.reduce((most, value) => Math.max(most, Math.abs(value)), 0) };
}

/** Fan in and out by Keras: 120 and 500, or a field of 3x5 times 16 and 64 channels. */
const dense: Shape = [120, 500];
const kernel: Shape = [3, 5, 16, 64];
const fans = { dense: [120, 500], kernel: [240, 960] } as const;

test('variance scaling: means, variances and limits by the formulas', () => {
  const factors: readonly [string, (fanIn: number, fanOut: number) => number][] = [
    ['glorot', (fanIn, fanOut) => 2 / (fanIn + fanOut)],
    ['he', (fanIn) => 2 / fanIn],
    ['lecun', (fanIn) => 1 / fanIn],
  ];
  for (const [kind, variance] of factors) {
    for (const [shape, [fanIn, fanOut]] of [
      [dense, fans.dense],
      [kernel, fans.kernel],
    ] as const) {
      const expected = variance(fanIn, fanOut);
      const uniform = moments(initialValues(`${kind}_uniform` as InitializerName, shape, SEED));
      const normal = moments(initialValues(`${kind}_normal` as InitializerName, shape, SEED));
      for (const drawn of [uniform, normal]) {
        assert.ok(Math.abs(drawn.mean) < 4 * Math.sqrt(expected / 60_000));
        assert.ok(
          Math.abs(drawn.variance / expected - 1) < 0.03,
          `${kind}: ${drawn.variance} for ${expected}`,
        );
      }
      const limit = Math.sqrt(3 * expected);
      assert.ok(uniform.largest <= limit * 1.000001 && uniform.largest > limit * 0.999);
      // Two standard deviations of the distribution before it is cut off.
      const cut = 2 * (Math.sqrt(expected) / 0.87962566);
      assert.ok(normal.largest <= cut * 1.000001 && normal.largest > cut * 0.99);
    }
  }
});

test('the plain distributions have the limits and deviations of Keras', () => {
  const uniform = moments(initialValues('random_uniform', dense, SEED));
  assert.ok(uniform.largest <= 0.05 && Math.abs(uniform.variance / (0.1 ** 2 / 12) - 1) < 0.03);
  const normal = moments(initialValues('random_normal', dense, SEED));
  assert.ok(normal.largest > 0.15 && Math.abs(normal.variance / 0.05 ** 2 - 1) < 0.03);
  const truncated = moments(initialValues('truncated_normal', dense, SEED));
  assert.ok(truncated.largest <= 0.1 && Math.abs(truncated.variance / (0.05 * 0.87962566) ** 2 - 1) < 0.03);
  assert.deepEqual(initialValues('zeros', [2], SEED), Float32Array.of(0, 0));
  assert.deepEqual(initialValues('ones', [2], SEED), Float32Array.of(1, 1));
});

test('orthogonal: rows or columns, whichever are fewer, are orthonormal', () => {
  for (const [rows, columns, shape] of [
    [12, 5, [12, 5]],
    [5, 12, [5, 12]],
    [7, 7, [7, 7]],
    [18, 4, [3, 3, 2, 4]],
  ] as const) {
    const values = initialValues('orthogonal', shape, SEED);
    const at = (row: number, column: number): number => values[row * columns + column] ?? NaN;
    const count = Math.min(rows, columns);
    for (let one = 0; one < count; one++) {
      for (let other = 0; other < count; other++) {
        let product = 0;
        for (let k = 0; k < Math.max(rows, columns); k++) {
          product += rows >= columns ? at(k, one) * at(k, other) : at(one, k) * at(other, k);
        }
        assert.ok(Math.abs(product - (one === other ? 1 : 0)) < 1e-5);
      }
    }
  }
});

test('a seed gives its values again, another seed gives others', () => {
  for (const initializer of ['glorot_uniform', 'he_normal', 'orthogonal'] as const) {
    const values = initialValues(initializer, [8, 8], SEED);
    assert.deepEqual(initialValues(initializer, [8, 8], SEED), values);
    assert.notDeepEqual(initialValues(initializer, [8, 8], [1, 3]), values);
  }
});

test('values are pinned, so that no change of the generator passes unseen', () => {
  assert.deepEqual(
    [...initialValues('glorot_uniform', [2, 2], SEED)],
    [-0.7488535642623901, 0.3540412485599518, -0.9269595742225647, -0.17149536311626434],
  );
});
