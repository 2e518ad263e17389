import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  comparisonFor,
  compareMetrics,
  formatTolerance,
  historyTolerance,
  toleranceOf,
} from '../../src/submission/compare.ts';
import type { Environment } from '../../src/submission/generated/types.ts';
import { ENVIRONMENT } from './archives.ts';

const HERE = ENVIRONMENT;

test('numbers are compared exactly only on an equal platform, and every difference is reported', () => {
  assert.deepEqual(comparisonFor(ENVIRONMENT, HERE), { kind: 'exact', differences: [], data: 'exact' });
  const { engine, processor } = ENVIRONMENT;
  const others: readonly Environment[] = [
    { ...ENVIRONMENT, engine: { ...engine, kind: 'portable' } },
    { ...ENVIRONMENT, engine: { ...engine, version: 'tensorflow 1' } },
    { ...ENVIRONMENT, engine: { ...engine, platform: 'darwin-arm64' } },
    { ...ENVIRONMENT, processor: { ...processor, model: 'Other' } },
    { ...ENVIRONMENT, processor: { ...processor, features: ['avx2'] } },
  ];
  for (const other of others) {
    const { kind, differences, data } = comparisonFor(other, HERE);
    // Results computed without TensorFlow do not depend on these.
    assert.deepEqual([kind, differences.length, data], ['tolerance', 1, 'exact']);
  }
  for (const other of [
    { ...ENVIRONMENT, node: '99.0.0' },
    { ...ENVIRONMENT, node: 'unknown' },
    { ...ENVIRONMENT, hourglass: '9.9.9' },
    { ...ENVIRONMENT, packages: 'f'.repeat(64) },
  ]) {
    const { kind, differences, data } = comparisonFor(other, { ...HERE, packages: '0'.repeat(64) });
    assert.deepEqual([kind, differences.length, data], ['tolerance', 1, 'tolerance']);
  }
  // Another minor version of Node, or another system, does not change numbers; a missing lock file means nothing.
  const alike = { ...ENVIRONMENT, node: '20.99.1', system: 'x', packages: 'f'.repeat(64) };
  assert.equal(comparisonFor(alike, HERE).kind, 'exact');
});

test('exactly means bit by bit; missing or new numbers do not agree', () => {
  const claimed = [
    { name: 'mse', value: 0.1 + 0.2 },
    { name: 'zero', value: 0 },
    { name: 'gone', value: 1 },
  ];
  const found = { mse: 0.3, zero: -0, more: 2 };
  const agreeing = compareMetrics('s', claimed, found, { exact: true, by: 'measuring' });
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

test('tolerances depend on the kind of number, and are tighter for the same weights', () => {
  const agrees = (metric: string, claimed: number, found: number, level: 'measuring' | 'training'): boolean =>
    compareMetrics(
      's',
      [{ name: metric, value: claimed }],
      { [metric]: found },
      { exact: false, by: level },
    )[0]?.agrees === true;
  for (const metric of ['mse', 'test_mse', 'val_loss', 'binary_crossentropy']) {
    assert.ok(agrees(metric, 0.02, 0.02001, 'measuring'));
    assert.ok(!agrees(metric, 0.02, 0.0201, 'measuring'));
    assert.ok(agrees(metric, 0.02, 0.0215, 'training'));
    assert.ok(!agrees(metric, 0.02, 0.01, 'training'));
  }
  assert.ok(agrees('psnr', 18, 18.4, 'training') && !agrees('psnr', 18, 18.4, 'measuring'));
  assert.ok(agrees('ssim', 0.8, 0.82, 'training') && !agrees('ssim', 0.8, 0.82, 'measuring'));
  assert.ok(agrees('accuracy', 0.9, 0.92, 'training') && !agrees('accuracy', 0.9, 0.92, 'measuring'));
  assert.ok(agrees('iterations', 3, 300, 'measuring'));
  assert.ok(!agrees('train_images', 100, 101, 'training') && !agrees('parameters', 5, 6, 'training'));
  assert.ok(agrees('best_epoch', 3, 30, 'training') && !agrees('best_epoch', 3, 4, 'measuring'));
});

test('tolerances are shown as text', () => {
  assert.deepEqual(
    [toleranceOf('mse', 'training'), toleranceOf('mse', 'measuring'), toleranceOf('psnr', 'training')].map(
      formatTolerance,
    ),
    ['±10 %', '±0.1 %', '±0.5'],
  );
  assert.equal(formatTolerance(toleranceOf('epochs', 'training')), 'any');
  assert.equal(formatTolerance(toleranceOf('images', 'training')), 'equal');
});

test('histories may drift apart from epoch to epoch, but hardly in the first', () => {
  const tolerances = [1, 2, 3, 4, 5, 50].map((epoch) => historyTolerance('loss', epoch).relative);
  assert.deepEqual(tolerances, [0.01, 0.02, 0.04, 0.08, 0.1, 0.1]);
  // The last number of a history and that of the metrics are one.
  for (const name of ['loss', 'val_loss', 'vq', 'mmd', 'val_mmd', 'perplexity', 'val_perplexity'])
    assert.deepEqual(historyTolerance(name, 50), toleranceOf(name, 'training'), name);
});
