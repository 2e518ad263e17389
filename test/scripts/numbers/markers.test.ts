/** Numbers in documents are found, replaced and formatted. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatValue, markersOf, withTexts } from '../../../scripts/numbers/markers.ts';

const mark = (source: string, format: string, text: string): string =>
  `<!--n mnist ${source} ${format}-->${text}<!--/n-->`;

test('a marker has a pipeline, a source, a format, a text and a line', () => {
  const document = `# Title\n\n| ${mark('quality.mse', '.3', '0.123')} | ${mark('a/b.json#c.d', ',', '1,000')} |\n`;
  assert.deepEqual(markersOf(document), [
    { pipeline: 'mnist', source: 'quality.mse', format: '.3', text: '0.123', line: 3 },
    { pipeline: 'mnist', source: 'a/b.json#c.d', format: ',', text: '1,000', line: 3 },
  ]);
});

test('replacing texts changes nothing else, and replacing them twice is replacing them once', () => {
  const words = fc.stringMatching(/^[a-z |.\n]{0,20}$/);
  fc.assert(
    fc.property(fc.array(fc.tuple(words, fc.integer({ min: 0, max: 999 })), { maxLength: 5 }), (parts) => {
      const before = parts.map(([text, value]) => text + mark('q.mse', ',', String(value))).join('');
      const after = parts.map(([text]) => text + mark('q.mse', ',', '7')).join('');
      assert.equal(
        withTexts(before, () => '7'),
        after,
      );
      assert.equal(
        withTexts(after, () => '7'),
        after,
      );
      assert.equal(
        withTexts(before, () => undefined),
        before,
      );
    }),
  );
});

test('formats', () => {
  assert.equal(formatValue(0.15849, '.3'), '0.158');
  assert.equal(formatValue(0.9431, '.1%'), '94.3 %');
  assert.equal(formatValue(1153712, ','), '1,153,712');
  assert.equal(formatValue('the knee is at 16', 'text'), 'the knee is at 16');
  for (const [value, format] of [
    [Number.NaN, '.3'],
    ['0.1', '.3'],
    [1, 'three'],
  ] as const) {
    assert.throws(() => formatValue(value, format), RangeError);
  }
});
