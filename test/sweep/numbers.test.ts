/** Columns of numbers have equal decimals. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { columnFormat, formatOne, type Quantity } from '../../src/sweep/numbers.ts';

function shown(...column: readonly (Quantity | number | undefined)[]): readonly string[] {
  const quantities = column.map((each) => (typeof each === 'number' ? { mean: each } : each));
  return quantities.map(columnFormat(quantities));
}

test('a column has equal decimals', () => {
  assert.deepEqual(shown(0.088, 0.08507), ['0.08800', '0.08507']);
  assert.deepEqual(shown(0.07, 0.0113, undefined), ['0.07000', '0.01130', '–']);
  assert.deepEqual(shown(12.3456, 9.87), ['12.35', '9.87']);
  assert.deepEqual(shown(-0.5, 0.25), ['-0.5000', '0.2500']);
});

test('integers have separators, and no decimals', () => {
  assert.deepEqual(shown(469524, 13336), ['469,524', '13,336']);
  assert.deepEqual(shown(0, 0), ['0', '0']);
  assert.equal(formatOne(1_234_567), '1,234,567');
});

test('exact values and single measurements have no deviation', () => {
  assert.deepEqual(shown({ mean: 13336, deviation: 0 }, { mean: 26520, deviation: 0 }), ['13,336', '26,520']);
  assert.deepEqual(shown({ mean: 0.5 }, { mean: 0.25, deviation: 0.01 }), ['0.5000', '0.2500 ± 0.0100']);
  assert.deepEqual(shown({ mean: 20, deviation: 1.5 }, { mean: 30 }), ['20.0 ± 1.5', '30.0']);
});

test('different numbers look different, up to seven digits', () => {
  assert.deepEqual(shown(0.081231, 0.081234), ['0.081231', '0.081234']);
  assert.equal(new Set(shown(1234.5611, 1234.5622)).size, 2);
});

test('numbers far apart, tiny or huge are written with exponents', () => {
  assert.deepEqual(shown(1e-9, 2e-9), ['1.000e-9', '2.000e-9']);
  assert.deepEqual(shown(1e12, 0.5), ['1.000e+12', '5.000e-1']);
  assert.deepEqual(shown(Number.NaN, Infinity, 1), ['–', '–', '1']);
});

test('for any numbers, a column has one format, and each text means its number', () => {
  const number = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e12, max: 1e12 });
  fc.assert(
    fc.property(fc.array(number, { minLength: 1, maxLength: 8 }), (values) => {
      const texts = shown(...values);
      const decimals = texts.map((text) => (/e/.test(text) ? 'e' : (text.split('.')[1] ?? '').length));
      const kinds = new Set(decimals.filter((_, index) => values[index] !== 0));
      assert.ok(kinds.size <= 1, texts.join(' '));
      const largest = Math.max(...values.map(Math.abs));
      texts.forEach((text, index) => {
        const read = Number(text.replaceAll(',', '').replace('<', ''));
        assert.ok(Math.abs(read - (values[index] ?? 0)) <= largest * 1e-3 + 1e-12, text);
      });
    }),
  );
});
