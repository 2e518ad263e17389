import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { html, textOf, withCode } from '../../src/report/html.ts';

/** Characters that XML can hold. */
const text = fc.string({ unit: fc.constantFrom('<', '>', '&', '"', "'", '`', '/', 'a', ' ', 'é', '😀') });

test('values in a template are escaped, in content and in attributes', () => {
  fc.assert(
    fc.property(text, text, (content, attribute) => {
      const page = `<!doctype html><html><body>${textOf(html`<b title="${attribute}">${content}</b>`)}</body></html>`;
      const { document } = parseHTML(page);
      const [only, ...others] = document.body.childNodes;
      assert.equal(others.length, 0);
      assert.equal(only?.textContent, content);
      assert.equal(document.querySelector('b')?.getAttribute('title'), attribute);
    }),
  );
});

test('templates within templates, and lists of them, are not escaped', () => {
  const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`);
  assert.equal(textOf(html`<b>${items}${undefined}${1}</b>`), '<b><i>a</i><i>&lt;b&gt;</i>1</b>');
});

test('backticks mark code', () => {
  assert.equal(textOf(withCode('use `a<b` here')), 'use <code>a&lt;b</code> here');
});
