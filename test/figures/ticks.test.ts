import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linearScale, linearScaleAt, logScale, logScaleAt, type Scale } from '../../src/figures/ticks.ts';

const magnitudes = fc
  .tuple(fc.double({ min: 1, max: 10, noNaN: true }), fc.integer({ min: -30, max: 30 }))
  .map(([mantissa, exponent]) => mantissa * 10 ** exponent);
const values = fc.oneof(
  magnitudes,
  magnitudes.map((value) => -value),
  fc.constant(0),
);
/** Two values; often so near to each other that few digits tell them apart, or none. */
const pairs = fc.oneof(
  fc.tuple(values, values),
  fc
    .tuple(values, fc.integer({ min: -16, max: -1 }), fc.double({ min: -9, max: 9, noNaN: true }))
    .map(([value, exponent, share]): [number, number] => [value, value * (1 + share * 10 ** exponent)]),
  fc
    .tuple(fc.maxSafeInteger(), fc.integer({ min: -9, max: 9 }))
    .map(([a, b]): [number, number] => [a, a + b]),
);

function assertSound({ domain: [low, high], ticks, labels }: Scale): void {
  assert.ok(low < high);
  assert.equal(labels.length, ticks.length);
  assert.equal(new Set(labels).size, labels.length, labels.join(' '));
  for (const [index, tick] of ticks.entries()) {
    assert.ok(tick >= low && tick <= high);
    assert.ok(index === 0 || tick > (ticks[index - 1] ?? Infinity));
  }
}

test('a linear axis holds the data, and ends at its outer ticks if extended', () => {
  fc.assert(
    fc.property(pairs, ([one, other]) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const scale = linearScale(low, high, { steps: 6, extend: true });
      assertSound(scale);
      const slack = 1e-6 * (scale.domain[1] - scale.domain[0]);
      assert.ok(scale.domain[0] <= low + slack && scale.domain[1] >= high - slack);
      assert.deepEqual([scale.ticks[0], scale.ticks.at(-1)], [...scale.domain]);
      assert.ok(scale.ticks.length >= 2 && scale.ticks.length <= 9);
    }),
  );
});

test('whole numbers have ticks at whole numbers only', () => {
  fc.assert(
    fc.property(fc.nat({ max: 2000 }), fc.nat({ max: 100_000 }), (low, length) => {
      const scale = linearScale(low, low + length, { steps: 10, integer: true });
      assertSound(scale);
      assert.ok(scale.ticks.every(Number.isInteger));
      assert.ok(scale.ticks.length >= 1 && scale.ticks.length <= 11);
    }),
  );
});

test('an axis of whole numbers ends with them, and has a tick at each of a few', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: -500, max: 5000 }), { minLength: 1, maxLength: 30 }),
      (numbers) => {
        const scale = linearScaleAt(numbers);
        assertSound(scale);
        const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
        assert.deepEqual([scale.ticks[0], scale.ticks.at(-1)], [low, high]);
        if (low < high) assert.deepEqual(scale.domain, [low, high]);
      },
    ),
  );
  assert.deepEqual(linearScaleAt([40, 2, 16]).labels, ['2', '16', '40']);
});

test('epochs', () => {
  assert.deepEqual(linearScale(1, 5, { steps: 10, integer: true }).labels, ['1', '2', '3', '4', '5']);
  assert.deepEqual(linearScale(1, 1, { steps: 10, integer: true }), {
    domain: [0.5, 1.5],
    ticks: [1],
    labels: ['1'],
  });
  assert.deepEqual(linearScale(1, 50, { steps: 10, integer: true }).labels.slice(0, 2), ['5', '10']);
});

test('labels have as many decimals as they need', () => {
  const labels = (low: number, high: number) => linearScale(low, high, { steps: 6, extend: true }).labels;
  assert.deepEqual(labels(0.01, 0.5), ['0', '0.1', '0.2', '0.3', '0.4', '0.5']);
  assert.deepEqual(labels(-2, 3.5), ['−2', '−1', '0', '1', '2', '3', '4']);
  assert.deepEqual(labels(0, 3e-8), [
    '0',
    '5 × 10⁻⁹',
    '10⁻⁸',
    '1.5 × 10⁻⁸',
    '2 × 10⁻⁸',
    '2.5 × 10⁻⁸',
    '3 × 10⁻⁸',
  ]);
  assert.deepEqual(labels(0, 2e7), ['0', '5 × 10⁶', '10⁷', '1.5 × 10⁷', '2 × 10⁷']);
});

test('differences too small to be written are not spread over the axis', () => {
  const { domain } = linearScale(0.25, 0.25 + 1e-9, { steps: 6, extend: true });
  assert.ok(domain[1] - domain[0] > 0.1);
});

test('a logarithmic axis holds the data between ticks', () => {
  fc.assert(
    fc.property(magnitudes, magnitudes, (one, other) => {
      const [low, high] = [Math.min(one, other), Math.max(one, other)];
      const scale = logScale(low, high);
      assertSound(scale);
      assert.ok(scale.domain[0] <= low * (1 + 1e-6) && scale.domain[1] >= high * (1 - 1e-6));
      assert.ok(scale.ticks.length <= 10);
    }),
  );
});

test('few decades are divided', () => {
  assert.deepEqual(logScale(0.004, 0.06).labels, ['0.002', '0.005', '0.01', '0.02', '0.05', '0.1']);
  assert.deepEqual(logScale(1e-3, 1).labels, ['0.001', '0.01', '0.1', '1']);
});

test('sizes have a tick at each', () => {
  assert.deepEqual(logScaleAt([2, 64, 16, 2]), {
    domain: [2, 64],
    ticks: [2, 16, 64],
    labels: ['2', '16', '64'],
  });
  assertSound(logScaleAt([8]));
});
