import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InitializerName, InitializerSpec } from '../../src/schema/generated/settings.ts';
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

test('arguments move and stretch the distributions', () => {
  const at = (initializer: InitializerSpec) => moments(initialValues(initializer, dense, SEED));
  const normal = at({ RandomNormal: { mean: 2, stddev: 0.3 } });
  assert.ok(Math.abs(normal.mean - 2) < 0.01 && Math.abs(normal.variance / 0.3 ** 2 - 1) < 0.03);
  const truncated = at({ TruncatedNormal: { mean: -1, stddev: 0.2 } });
  assert.ok(Math.abs(truncated.mean + 1) < 0.01);
  assert.ok(Math.abs(truncated.variance / (0.2 * 0.87962566) ** 2 - 1) < 0.03);
  assert.ok(truncated.largest <= 1.4 && truncated.largest > 1.39);
  const range = initialValues({ RandomUniform: { minval: 1, maxval: 3 } }, dense, SEED);
  assert.ok(range.every((value) => value >= 1 && value <= 3));
  const uniform = moments(range);
  assert.ok(Math.abs(uniform.mean - 2) < 0.02 && Math.abs(uniform.variance / (4 / 12) - 1) < 0.03);
  assert.deepEqual(initialValues({ Constant: { value: -0.5 } }, [2], SEED), Float32Array.of(-0.5, -0.5));
});

test('variance scaling: the variance is the scale divided by the fan, whatever the distribution', () => {
  const [fanIn, fanOut] = fans.kernel;
  for (const [mode, fan] of [
    ['fan_in', fanIn],
    ['fan_out', fanOut],
    ['fan_avg', (fanIn + fanOut) / 2],
  ] as const) {
    // Where each distribution ends, in standard deviations; the second one does not.
    for (const [distribution, low, high] of [
      ['truncated_normal', 2.26, 2 / 0.87962566],
      ['untruncated_normal', 3.5, Infinity],
      ['uniform', 1.73, Math.sqrt(3)],
    ] as const) {
      const scale = 1.7;
      const scaled = { VarianceScaling: { scale, mode, distribution } };
      const found = moments(initialValues(scaled, kernel, SEED));
      const text = `${mode} ${distribution}`;
      assert.ok(Math.abs(found.variance / (scale / fan) - 1) < 0.03, text);
      assert.ok(Math.abs(found.mean) < 4 * Math.sqrt(scale / fan / 15_360), text);
      const most = found.largest / Math.sqrt(scale / fan);
      assert.ok(most > low && most <= high * 1.000001, `${text}: ${most}`);
    }
  }
});

test('a name and the map of the same arguments give the same values', () => {
  const normal = { scale: 2, mode: 'fan_in', distribution: 'truncated_normal' } as const;
  for (const [name, map] of [
    ['he_normal', { VarianceScaling: normal }],
    ['random_uniform', { RandomUniform: { minval: -0.05, maxval: 0.05 } }],
    ['orthogonal', { Orthogonal: { gain: 1 } }],
    ['identity', { Identity: { gain: 1 } }],
  ] as const) {
    assert.deepEqual(initialValues(name, [8, 6], SEED), initialValues(map, [8, 6], SEED));
  }
});

test('identity: ones on the diagonal, times the gain, also of matrices that are not square', () => {
  assert.deepEqual([...initialValues('identity', [2, 3], SEED)], [1, 0, 0, 0, 1, 0]);
  assert.deepEqual([...initialValues({ Identity: { gain: 0.5 } }, [3, 2], SEED)], [0.5, 0, 0, 0.5, 0, 0]);
});

test('the gain multiplies an orthogonal matrix', () => {
  const plain = initialValues('orthogonal', [5, 12], SEED);
  const twice = initialValues({ Orthogonal: { gain: 2 } }, [5, 12], SEED);
  assert.deepEqual(
    twice,
    plain.map((value) => 2 * value),
  );
});

test('a seed gives its values again, another seed gives others', () => {
  for (const initializer of [
    'glorot_uniform',
    'he_normal',
    'orthogonal',
    { RandomNormal: { mean: 1, stddev: 2 } },
  ] as const) {
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
