import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceColors, likenessOf } from '../../../src/explorer/page/likeness.ts';

test('errors are those of the metrics of `evaluate`', () => {
  const [one, other] = [Float32Array.of(0, 0.5, 1, 1), Float32Array.of(0, 1, 1, 1)];
  assert.deepEqual(likenessOf(one, other, 1), { mse: 0.0625, psnr: 10 * Math.log10(16) });
  assert.deepEqual(likenessOf(one, other, 2).psnr, 10 * Math.log10(64));
  assert.deepEqual(likenessOf(one, one, 1), { mse: 0, psnr: 100 });
});

test('differences are white where there are none, and coloured by their sign', () => {
  const pixels = [...differenceColors(Float32Array.of(0, 1, 0.5), Float32Array.of(1, 0, 0.5), 1, 1)];
  assert.deepEqual(pixels, [0, 0x72, 0xb2, 255, 0xd5, 0x5e, 0, 255, 255, 255, 255, 255]);
  // Of colours, the mean counts.
  assert.deepEqual(
    [...differenceColors(Float32Array.of(1, 0, 0), Float32Array.of(0, 1, 0), 3, 1)],
    [255, 255, 255, 255],
  );
});
