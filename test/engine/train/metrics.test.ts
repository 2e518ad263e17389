/** Metrics of images against their definitions, written down without any shortcut. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { meanOf } from '../../../src/core/statistics.ts';
import { Philox } from '../../../src/core/philox.ts';
import {
  HIGHEST_PSNR,
  measureImages,
  metricOf,
  type ImageKind,
  type MetricName,
} from '../../../src/engine/train/metrics.ts';
import { predictAll } from '../../../src/engine/train/predict.ts';
import type { ForwardEngine } from '../../../src/engine/train/rows.ts';
import { rowNumbers, type Samples } from '../../../src/engine/train/samples.ts';
import { ssim } from '../../../src/engine/train/ssim.ts';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import { layer, seedsOf } from '../../layers/specs.ts';
import { testEngine } from './engine.ts';

type Shape = readonly [number, number, number];

function noise(seed: number, count: number): Float32Array {
  const values = new Float32Array(count);
  new Philox([seed, 7]).uniform(values);
  return values;
}

function close(actual: number | undefined, wanted: number, tolerance = 1e-12): void {
  assert.ok(Math.abs((actual ?? Number.NaN) - wanted) <= tolerance, `${actual} instead of ${wanted}`);
}

/** Equation 13 of the paper, with the weights of each window computed directly in two dimensions. */
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

/** Means of images whose mean squared differences are known. */
function meansOf(metrics: readonly MetricName[], squares: readonly number[], kind: ImageKind) {
  const measures = new Map([['mse', squares]] as const);
  return new Map(metrics.map((metric) => [metric, meanOf(metricOf(metric, measures, squares.length, kind))]));
}

test('psnr is averaged over images, not over pixels', () => {
  const wanted = (10 * Math.log10(1 / 0.25) + 10 * Math.log10(1 / 0.0625)) / 2;
  close(meansOf(['psnr'], [0.25, 0.0625], { shape: [1, 2, 1], span: 1 }).get('psnr'), wanted);
});

test('psnr knows the span of the intensities', () => {
  close(meansOf(['psnr'], [51 ** 2], { shape: [1, 2, 1], span: 255 }).get('psnr'), 20 * Math.log10(5));
});

test('psnr of a perfect reconstruction is finite', () => {
  assert.equal(meansOf(['psnr'], [0], { shape: [4, 4, 1], span: 1 }).get('psnr'), HIGHEST_PSNR);
});

test('squared_error is a sum over the values of an image', () => {
  const found = meansOf(['squared_error', 'mse'], [0.5, 0.25], { shape: [2, 3, 2], span: 1 });
  assert.deepEqual(
    [...found],
    [
      ['squared_error', 4.5],
      ['mse', 0.375],
    ],
  );
});

const METRICS = ['mse', 'mae', 'binary_crossentropy', 'squared_error', 'psnr', 'ssim'] as const;

test('metrics of a model are those of its outputs, however they come in batches, in programs and op by op', async () => {
  const { tf } = await testEngine();
  const executor = new Executor({ threads: 1 });
  const shape: Shape = [12, 11, 1];
  const [count, size] = [7, 132];
  const models = buildAutoencoder(
    tf,
    {
      input_shape: shape,
      encoder: ['Flatten', layer('Dense', { units: 9, activation: 'relu' })],
      decoder: [
        layer('Dense', { units: size, activation: 'sigmoid' }),
        layer('Reshape', { target_shape: shape }),
      ],
    },
    seedsOf(1),
  );
  const samples = (seed: number): Samples => ({
    data: noise(seed, count * size),
    ...{ count, shape, scale: 1, offset: 0 },
  });
  const pair = { x: samples(1), y: samples(2) };
  const signal = new AbortController().signal;
  const options = { metrics: METRICS, kind: { shape, span: 1 }, signal };
  const rows = rowNumbers(count);
  const measure = (engine: ForwardEngine, batchSize: number) =>
    measureImages(engine, models.autoencoder, pair, rows, { ...options, batchSize });
  const outputs = await predictAll({ tf }, models.autoencoder, pair.x, rows, { batchSize: count, signal });
  const mean = (of: (target: Float32Array, output: Float32Array) => number): number =>
    rows.reduce((sum, row) => {
      const [start, end] = [row * size, (row + 1) * size];
      return sum + of((pair.y.data as Float32Array).subarray(start, end), outputs.subarray(start, end));
    }, 0) / count;
  const pixels = (of: (y: number, p: number) => number) => (target: Float32Array, output: Float32Array) =>
    target.reduce((sum, y, at) => sum + of(y, output[at] ?? 0), 0) / size;
  const square = pixels((y, p) => (y - p) ** 2);
  const wanted: Readonly<Record<MetricName, number>> = {
    mse: mean(square),
    mae: mean(pixels((y, p) => Math.abs(y - p))),
    binary_crossentropy: mean(pixels((y, p) => -y * Math.log(p) - (1 - y) * Math.log(1 - p))),
    squared_error: mean(square) * size,
    psnr: mean((target, output) => -10 * Math.log10(square(target, output))),
    ssim: mean((target, output) => ssim(target, output, shape, 1)),
  };
  const compiled = await measure({ tf, executor }, 3);
  for (const found of [compiled, await measure({ tf }, 2)]) {
    assert.deepEqual([...found.keys()], METRICS);
    for (const [metric, values] of found)
      close(meanOf(values), wanted[metric], 1e-6 * Math.abs(wanted[metric]));
  }
  // Bit for bit: each image is computed by itself.
  for (const batchSize of [1, 7, 32]) assert.deepEqual(await measure({ tf, executor }, batchSize), compiled);
  disposeAutoencoder(models);
  await executor.dispose();
});
