import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Resvg } from '@resvg/resvg-js';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { TYPE } from '../../src/figures/style.ts';
import { escapeXml, svgDocument, textElement } from '../../src/figures/svg.ts';

test('markup in texts is shown, not obeyed', () => {
  assert.equal(escapeXml(`<b> & "c" 'd'`), `&lt;b&gt; &amp; &quot;c&quot; 'd'`);
  const svg = textElement('</text><script>&amp;', { x: 0, y: 0, style: TYPE.label });
  const { document } = parseHTML(`<svg>${svg}</svg>`);
  assert.equal(document.querySelector('script'), null);
  assert.equal(document.querySelector('text')?.textContent, '</text><script>&amp;');
});

test('any text makes a document that can be parsed', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary', maxLength: 20 }),
      fc.array(fc.nat({ max: 0xffff })),
      (text, units) => {
        for (const title of [text, String.fromCharCode(...units)]) {
          const part = textElement(title, { x: 1, y: 2, style: TYPE.title });
          assert.doesNotThrow(
            () => new Resvg(svgDocument(10, 10, title, [part]), { font: { loadSystemFonts: false } }),
          );
        }
      },
    ),
  );
});
