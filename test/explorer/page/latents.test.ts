import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  MOST_SLIDERS,
  axesOfSliders,
  between,
  nearestTo,
  quantized,
  summarize,
} from '../../../src/explorer/page/latents.ts';

const finite = fc.float({ noNaN: true, noDefaultInfinity: true, min: -100, max: 100 });
const latentSets = fc
  .integer({ min: 1, max: 30 })
  .chain((size) =>
    fc.array(fc.array(finite, { minLength: size, maxLength: size }), { minLength: 1, maxLength: 8 }),
  )
  .map((rows) => rows.map((row) => Float32Array.from(row)));

test('the sliders cover the latents, and are those of the largest variances', () => {
  fc.assert(
    fc.property(latentSets, (all) => {
      const latents = summarize(all);
      for (const latent of all) {
        for (const [axis, value] of latent.entries()) {
          const [low, high] = latents.ranges[axis] ?? [NaN, NaN];
          assert.ok(low <= value && value <= high);
        }
      }
      const axes = axesOfSliders(latents);
      assert.equal(axes.length, Math.min(MOST_SLIDERS, latents.mean.length));
      assert.deepEqual(
        axes,
        [...axes].sort((one, other) => one - other),
      );
      assert.deepEqual(new Set(axes), new Set(latents.byVariance.slice(0, MOST_SLIDERS)));
    }),
  );
  const { mean, byVariance } = summarize([Float32Array.of(0, 1, 10), Float32Array.of(2, 1, 20)]);
  assert.deepEqual([...mean], [1, 1, 15]);
  assert.deepEqual(byVariance, [2, 0, 1]);
});

test('the way between two latents begins and ends with them', () => {
  const [one, other] = [Float32Array.of(1, -2), Float32Array.of(3, 4)];
  assert.deepEqual(between(one, other, 0), one);
  assert.deepEqual(between(one, other, 1), other);
  assert.deepEqual(between(one, other, 0.5), Float32Array.of(2, 1));
});

test('the nearest latent is itself, and a quantised latent consists of codes', () => {
  fc.assert(
    fc.property(latentSets, (all) => {
      for (const latent of all) assert.deepEqual(all[nearestTo(latent, all)], latent);
    }),
  );
  const codes = [Float32Array.of(0, 0), Float32Array.of(1, 1)];
  assert.deepEqual(quantized(Float32Array.of(0.4, 0.2, 0.6, 2), codes), Float32Array.of(0, 0, 1, 1));
  assert.deepEqual(quantized(Float32Array.of(0.4), undefined), Float32Array.of(0.4));
});
