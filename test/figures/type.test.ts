import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TYPE } from '../../src/figures/style.ts';
import { fontOptions, textWidth, truncateText, wrapText } from '../../src/figures/type.ts';

test('longer, larger and bolder text is wider', () => {
  assert.equal(textWidth('', TYPE.label), 0);
  assert.ok(textWidth('Original', TYPE.label) > 30);
  assert.ok(textWidth('Originals', TYPE.label) > textWidth('Original', TYPE.label));
  assert.ok(textWidth('Original', TYPE.title) > textWidth('Original', TYPE.label));
  assert.ok(textWidth('Original', TYPE.seriesName) > textWidth('Original', TYPE.label));
});

test('only text that the bundled font lacks is drawn with the fonts of the system', () => {
  assert.equal(fontOptions('Größe ≥ 10⁻⁷ – Эпоха, Ενα').loadSystemFonts, false);
  assert.equal(fontOptions('去噪').loadSystemFonts, true);
});

const words = fc.array(fc.stringMatching(/^[a-z]{1,12}$/), { maxLength: 12 });

test('wrapped lines hold all words in order, and fit', () => {
  fc.assert(
    fc.property(words, fc.integer({ min: 120, max: 400 }), (list, width) => {
      const lines = wrapText(list.join(' '), TYPE.title, width);
      assert.deepEqual(
        lines.flatMap((line) => line.split(' ')),
        list,
      );
      for (const line of lines) assert.ok(textWidth(line, TYPE.title) <= width);
    }),
    { numRuns: 30 },
  );
});

test('a word that is too wide for a line is shortened', () => {
  const [line = '', ...more] = wrapText('x'.repeat(200), TYPE.title, 150);
  assert.equal(more.length, 0);
  assert.match(line, /^x+…$/);
  assert.ok(textWidth(line, TYPE.title) <= 150);
});

test('shortened text is the longest beginning that fits', () => {
  assert.equal(truncateText('Ankle boot', TYPE.caption, 500), 'Ankle boot');
  const short = truncateText('Ankle boots', TYPE.caption, 40);
  assert.match(short, /^Ank.*…$/);
  assert.ok(textWidth(short, TYPE.caption) <= 40);
});
