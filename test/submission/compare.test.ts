import assert from 'node:assert/strict';
import { test } from 'node:test';
import { comparisonFor, compareMetrics, formatTolerance, toleranceOf } from '../../src/submission/compare.ts';
import type { Environment } from '../../src/submission/generated/types.ts';
import { ENVIRONMENT } from './archives.ts';

const HERE = { engine: ENVIRONMENT.engine, processor: ENVIRONMENT.processor };

test('numbers are compared exactly on an equal platform only, and every difference is told', () => {
  assert.deepEqual(comparisonFor(ENVIRONMENT, HERE), { kind: 'exact', differences: [] });
  const { engine, processor } = ENVIRONMENT;
  const others: readonly Environment[] = [
    { ...ENVIRONMENT, engine: { ...engine, kind: 'portable' } },
    { ...ENVIRONMENT, engine: { ...engine, version: 'tensorflow 1' } },
    { ...ENVIRONMENT, engine: { ...engine, platform: 'darwin-arm64' } },
    { ...ENVIRONMENT, processor: { ...processor, model: 'Other' } },
    { ...ENVIRONMENT, processor: { ...processor, features: ['avx2'] } },
  ];
  for (const other of others) {
    const { kind, differences } = comparisonFor(other, HERE);
    assert.deepEqual([kind, differences.length], ['tolerance', 1]);
  }
  // Another Node or system changes no number.
  assert.equal(comparisonFor({ ...ENVIRONMENT, node: '99', system: 'x' }, HERE).kind, 'exact');
});

const loose = { kind: 'tolerance', differences: ['x'] } as const;
const exact = { kind: 'exact', differences: [] } as const;

test('exactly means to the last bit; numbers that are missing or new do not agree', () => {
  const claimed = [
    { name: 'mse', value: 0.1 + 0.2 },
    { name: 'zero', value: 0 },
    { name: 'gone', value: 1 },
  ];
  const found = { mse: 0.3, zero: -0, more: 2 };
  const agreeing = compareMetrics('s', claimed, found, { comparison: exact, level: 'spot' });
  assert.deepEqual(
    agreeing.map(({ metric, agrees }) => [metric, agrees]),
    [
      ['mse', false],
      ['zero', true],
      ['gone', false],
      ['more', false],
    ],
  );
});

test('tolerances are of the kind of the number, and closer for the same weights', () => {
  const agrees = (metric: string, claimed: number, found: number, level: 'spot' | 'full'): boolean =>
    compareMetrics(
      's',
      [{ name: metric, value: claimed }],
      { [metric]: found },
      { comparison: loose, level },
    )[0]?.agrees === true;
  for (const metric of ['mse', 'test_mse', 'val_loss', 'binary_crossentropy']) {
    assert.ok(agrees(metric, 0.02, 0.02001, 'spot'));
    assert.ok(!agrees(metric, 0.02, 0.0201, 'spot'));
    assert.ok(agrees(metric, 0.02, 0.0215, 'full'));
    assert.ok(!agrees(metric, 0.02, 0.01, 'full'));
  }
  assert.ok(agrees('psnr', 18, 18.4, 'full') && !agrees('psnr', 18, 18.4, 'spot'));
  assert.ok(agrees('ssim', 0.8, 0.82, 'full') && !agrees('ssim', 0.8, 0.82, 'spot'));
  assert.ok(agrees('accuracy', 0.9, 0.92, 'full') && !agrees('accuracy', 0.9, 0.92, 'spot'));
  assert.ok(!agrees('train_images', 100, 101, 'full') && !agrees('parameters', 5, 6, 'full'));
  assert.ok(agrees('best_epoch', 3, 30, 'full') && !agrees('best_epoch', 3, 4, 'spot'));
});

test('tolerances are told in words', () => {
  assert.deepEqual(
    [toleranceOf('mse', 'full'), toleranceOf('mse', 'spot'), toleranceOf('psnr', 'full')].map(
      formatTolerance,
    ),
    ['±10 %', '±0.1 %', '±0.5'],
  );
  assert.equal(formatTolerance(toleranceOf('epochs', 'full')), 'any');
  assert.equal(formatTolerance(toleranceOf('images', 'full')), 'equal');
});
