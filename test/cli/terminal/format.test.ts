import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  fit,
  formatBytes,
  formatMetrics,
  formatNumber,
  formatPlural,
  formatSeconds,
  printable,
  table,
} from '../../../src/cli/terminal/format.ts';

function rows<T>(format: (value: T) => string, cases: readonly (readonly [T, string])[]): void {
  for (const [value, expected] of cases) assert.equal(format(value), expected);
}

test('times', () => {
  rows(formatSeconds, [
    [0, '0.0 s'],
    [0.84, '0.8 s'],
    [9.94, '9.9 s'],
    [9.96, '10 s'],
    [59.4, '59 s'],
    [59.6, '1 min 00 s'],
    [125, '2 min 05 s'],
    [3599.7, '1 h 00 min'],
    [7440, '2 h 04 min'],
  ]);
});

test('numbers have four significant digits, whole ones all of theirs', () => {
  rows(formatNumber, [
    [0, '0'],
    [60000, '60,000'],
    [0.0174321, '0.01743'],
    [21.98765, '21.99'],
    [12345.6, '12,346'],
    [0.000012345, '1.234e-5'],
    [-0.5, '-0.5000'],
  ]);
});

test('sizes', () => {
  rows(formatBytes, [
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_234_567, '1.2 MB'],
    [99_960, '100 kB'],
    [999_999, '1.0 MB'],
    [853_000_000, '853 MB'],
    [2.5e15, '2500 TB'],
  ]);
});

test('a size never shows 1000 of a unit below the last', () => {
  const sizes = fc.integer({ min: 0, max: 999_000_000_000_000 });
  fc.assert(fc.property(sizes, (bytes) => Number.parseFloat(formatBytes(bytes)) < 1000));
});

test('counts of things', () => {
  assert.equal(formatPlural(1, 'error'), '1 error');
  assert.equal(formatPlural(1200, 'warning'), '1,200 warnings');
});

test('if there is no room, whole metrics are left out', () => {
  const metrics = { mse: 0.0174, psnr: 21.98, ssim: 0.9 };
  assert.equal(formatMetrics(metrics), 'mse 0.01740, psnr 21.98, ssim 0.9000');
  assert.equal(formatMetrics(metrics, 30), 'mse 0.01740, psnr 21.98');
  assert.equal(formatMetrics(metrics, 5), '');
});

test('texts are cut by columns: wide characters count two, marks none', () => {
  assert.equal(fit('reading', 7), 'reading');
  assert.equal(fit('reading', 6), 'readi…');
  assert.equal(fit('画像を読む', 10), '画像を読む');
  assert.equal(fit('画像を読む', 9), '画像を読…');
  assert.equal(fit('画像を読む', 8), '画像を…');
  assert.equal(fit('👩‍🔬 at work', 10), '👩‍🔬 at work');
  assert.equal(fit('Ju\u0308rgen', 6), 'Ju\u0308rgen');
  assert.equal(fit('anything', 1), '…');
});

test('text that fits is unchanged; longer text is cut to the width', () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 1, max: 80 }), (text, columns) => {
      const cut = fit(text, columns);
      assert.ok(cut.length <= Math.max(columns, text.length));
      if (text.length <= columns && /^[ -~]*$/.test(text)) assert.equal(cut, text);
      else if (cut !== text) assert.ok(cut.endsWith('…'));
    }),
  );
});

test('nothing that could steer a terminal is left', () => {
  assert.equal(printable('evil\u001b[2J\u0007 key'), 'evil·[2J· key');
  assert.equal(printable('one\n  two'), 'one two');
  assert.equal(printable('abc\u202edef'), 'abc·def');
  assert.equal(printable('déjà 画像'), 'déjà 画像');
});

test('columns of a table line up', () => {
  assert.deepEqual(
    table([
      ['a', 'bbb', 'c'],
      ['aa', '', 'longer'],
      ['', 'b', ''],
    ]),
    ['a   bbb  c', 'aa       longer', '    b'],
  );
});
