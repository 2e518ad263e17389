/** Metrics of images against their definitions, written down without any shortcut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Philox } from '../../../src/core/philox.ts';
import { HIGHEST_PSNR, MetricMeans, type MetricName } from '../../../src/engine/train/metrics.ts';
import { ssim } from '../../../src/engine/train/ssim.ts';

type Shape = readonly [number, number, number];

function noise(seed: number, count: number): Float32Array {
  const values = new Float32Array(count);
  new Philox([seed, 7]).uniform(values);
  return values;
}

function means(
  metrics: readonly MetricName[],
  shape: Shape,
  targets: Float32Array,
  outputs: Float32Array,
  span = 1,
): ReadonlyMap<MetricName, number> {
  const total = new MetricMeans(metrics, { shape, span });
  total.add(targets, outputs);
  return total.means();
}

function close(actual: number | undefined, wanted: number, tolerance = 1e-12): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - wanted) <= tolerance, `${actual} instead of ${wanted}`);
}

/** Equation 13 of the paper, with the weights of each window computed anew in two dimensions. */
function ssimByDefinition(
  one: Float32Array,
  other: Float32Array,
  [height, width, channels]: Shape,
  span: number,
): number {
  const values: number[] = [];
  for (let channel = 0; channel < channels; channel++) {
    for (let top = 0; top + 11 <= height; top++) {
      for (let left = 0; left + 11 <= width; left++) {
        const window = Array.from({ length: 121 }, (_, index) => {
          const row = Math.floor(index / 11);
          const column = index % 11;
          const at = ((top + row) * width + left + column) * channels + channel;
          const weight = Math.exp(-((row - 5) ** 2 + (column - 5) ** 2) / (2 * 1.5 * 1.5));
          return { x: one[at] ?? 0, y: other[at] ?? 0, weight };
        });
        const total = window.reduce((sum, { weight }) => sum + weight, 0);
        const mean = (of: (pair: { x: number; y: number }) => number): number =>
          window.reduce((sum, pair) => sum + pair.weight * of(pair), 0) / total;
        const meanX = mean(({ x }) => x);
        const meanY = mean(({ y }) => y);
        const varianceX = mean(({ x }) => (x - meanX) ** 2);
        const varianceY = mean(({ y }) => (y - meanY) ** 2);
        const covariance = mean(({ x, y }) => (x - meanX) * (y - meanY));
        const c1 = (0.01 * span) ** 2;
        const c2 = (0.03 * span) ** 2;
        values.push(
          ((2 * meanX * meanY + c1) * (2 * covariance + c2)) /
            ((meanX ** 2 + meanY ** 2 + c1) * (varianceX + varianceY + c2)),
        );
      }
    }
  }
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('ssim is that of its definition', () => {
  for (const [shape, span] of [
    [[11, 11, 1], 1],
    [[13, 16, 1], 255],
    [[12, 11, 3], 1],
  ] as const) {
    const count = shape[0] * shape[1] * shape[2];
    const one = noise(1, count).map((value) => value * span);
    const other = one.map((value, index) => value * 0.7 + (noise(2, count)[index] ?? 0) * span * 0.3);
    close(ssim(one, other, shape, span), ssimByDefinition(one, other, shape, span), 1e-10);
  }
});

test('ssim of equal images is 1, of an image and its negative below 0', () => {
  const image = noise(3, 144);
  close(ssim(image, image, [12, 12, 1], 1), 1);
  assert.ok(
    ssim(
      image,
      image.map((value) => 1 - value),
      [12, 12, 1],
      1,
    ) < 0,
  );
});

test('ssim of images smaller than its window is refused', () => {
  assert.throws(
    () => ssim(noise(1, 110), noise(2, 110), [10, 11, 1], 1),
    ({ diagnostics }) => diagnostics[0].code === 'shape-mismatch',
  );
});

test('psnr is averaged over images, not over pixels', () => {
  const targets = Float32Array.of(0, 0, 0, 0);
  const outputs = Float32Array.of(0.5, 0.5, 0.25, 0.25);
  const wanted = (10 * Math.log10(1 / 0.25) + 10 * Math.log10(1 / 0.0625)) / 2;
  close(means(['psnr'], [1, 2, 1], targets, outputs).get('psnr'), wanted);
});

test('psnr knows the span of the intensities', () => {
  const targets = Float32Array.of(0, 255);
  const outputs = Float32Array.of(51, 204);
  close(means(['psnr'], [1, 2, 1], targets, outputs, 255).get('psnr'), 20 * Math.log10(5));
});

test('psnr of a perfect reconstruction is finite', () => {
  const image = noise(5, 16);
  assert.equal(means(['psnr'], [4, 4, 1], image, image).get('psnr'), HIGHEST_PSNR);
});

test('mse, mae and binary_crossentropy are means over pixels', () => {
  const pixel = fc.float({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(fc.tuple(pixel, pixel), { minLength: 1, maxLength: 20 }), (pixels) => {
      const targets = Float32Array.from(pixels, ([y]) => y);
      const outputs = Float32Array.from(pixels, ([, p]) => p);
      const mean = (of: (y: number, p: number) => number): number =>
        pixels.reduce((sum, [y, p]) => sum + of(y, p), 0) / pixels.length;
      const found = means(['mse', 'mae', 'binary_crossentropy'], [1, pixels.length, 1], targets, outputs);
      assert.deepEqual([...found.keys()], ['mse', 'mae', 'binary_crossentropy']);
      close(
        found.get('mse'),
        mean((y, p) => (y - p) ** 2),
      );
      close(
        found.get('mae'),
        mean((y, p) => Math.abs(y - p)),
      );
      const entropy = mean((y, p) => {
        const inside = Math.max(Math.fround(1e-7), Math.min(Math.fround(1 - 1e-7), p));
        return -y * Math.log(inside) - (1 - y) * Math.log(1 - inside);
      });
      close(found.get('binary_crossentropy'), entropy);
    }),
  );
});

test('metrics do not depend on how images come in batches', () => {
  const shape: Shape = [11, 11, 1];
  const metrics = ['mse', 'psnr', 'ssim'] as const;
  const targets = noise(8, 121 * 5);
  const outputs = noise(9, 121 * 5);
  const inTwo = new MetricMeans(metrics, { shape, span: 1 });
  inTwo.add(targets.subarray(0, 121 * 2), outputs.subarray(0, 121 * 2));
  inTwo.add(targets.subarray(121 * 2), outputs.subarray(121 * 2));
  assert.deepEqual(inTwo.means(), means(metrics, shape, targets, outputs));
});
