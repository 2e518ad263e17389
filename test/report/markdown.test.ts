import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { textOf } from '../../src/report/html.ts';
import { notesBlock, renderMarkdown } from '../../src/report/markdown.ts';

const rendered = (text: string): string => renderMarkdown(text).text.trim();

test('Markdown becomes HTML', () => {
  const cases: readonly (readonly [markdown: string, html: string])[] = [
    ['**0.012** is *close*', '<p><strong>0.012</strong> is <em>close</em></p>'],
    ['a & `b < c`', '<p>a &amp; <code>b &lt; c</code></p>'],
    ['- one\n- two', '<ul><li>one</li><li>two</li></ul>'],
    ['1. one', '<ol><li>one</li></ol>'],
    ['~~old~~  \nnew', '<p><s>old</s><br />new</p>'],
    ['> quoted\n\n---', '<blockquote><p>quoted</p></blockquote><hr />'],
    ['```python\nx = 1\n```', '<pre><code>x = 1\n</code></pre>'],
    // Below the headings of the page.
    ['# First\n### Third', '<h4>First</h4><h4>Third</h4>'],
    ['[a](https://a.org/?b&c)', '<p><a href="https://a.org/?b&amp;c" rel="noopener noreferrer">a</a></p>'],
    ['https://a.org', '<p><a href="https://a.org" rel="noopener noreferrer">https://a.org</a></p>'],
    ['a.org stays', '<p>a.org stays</p>'],
  ];
  for (const [text, expected] of cases) assert.equal(rendered(text), expected);
});

test('a table scrolls, and its numbers are aligned without a style', () => {
  const html = rendered('| a | b |\n| --- | ---: |\n| x | 2 |');
  assert.match(html, /^<div class="scroll wide" tabindex="0"/);
  assert.match(html, /<td class="number">2<\/td>/);
  assert.doesNotMatch(html, /style=/);
});

test('HTML is shown as text, pictures as their descriptions, and other links as they were written', () => {
  for (const [text, expected] of [
    ['<b onclick="x()">a</b>', '<p>&lt;b onclick=&quot;x()&quot;&gt;a&lt;/b&gt;</p>'],
    ['<script>alert(1)</script>', '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>'],
    ['![a cat](https://a.org/cat.png)', '<p>a cat</p>'],
    ['[a](javascript:alert(1))', '<p>[a](javascript:alert(1))</p>'],
    ['[a](data:text/html,b)', '<p>[a](data:text/html,b)</p>'],
    ['[a](file:///etc/passwd)', '<p>[a](file:///etc/passwd)</p>'],
    ['[a](//a.org)', '<p>[a](//a.org)</p>'],
  ] as const)
    assert.equal(rendered(text).replaceAll('&#39;', "'"), expected);
});

test('blank notes are no notes; long ones are cut', () => {
  assert.equal(textOf(notesBlock(undefined, 'Notes')), '');
  assert.equal(textOf(notesBlock(' \n', 'Notes')), '');
  assert.ok(rendered('a'.repeat(1e6)).length < 21_000);
});

const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    ['p', 'ul', 'ol', 'li', 'blockquote', 'strong', 'em', 's', 'h4', 'code', 'pre', 'br', 'hr'].map(
      (name) => [name, []],
    ),
  ),
  ...Object.fromEntries(['table', 'thead', 'tbody', 'tr'].map((name) => [name, []])),
  ...Object.fromEntries(['th', 'td'].map((name) => [name, ['class']])),
  div: ['class', 'tabindex', 'role', 'aria-label'],
  a: ['href', 'rel'],
};

test('property: no text makes another element, attribute or address than those of Markdown', () => {
  const pieces = [
    ...[
      '<',
      '>',
      '"',
      "'",
      '&',
      '`',
      '*',
      '_',
      '[',
      ']',
      '(',
      ')',
      '!',
      '#',
      '|',
      '\n',
      '\n\n',
      ' ',
      '\\',
      ':',
      '~',
      '-',
    ],
    ...[
      '<img src=x onerror=alert(1)>',
      '<script>',
      '</script>',
      '<svg/onload=alert(1)>',
      '<!--',
      '<![CDATA[',
      '<?x',
    ],
    ...[
      'javascript:',
      'JaVaScRiPt&colon;',
      'java&#10;script:',
      'data:text/html,',
      'https://a.org/',
      'mailto:a@b.c',
      '//a',
    ],
    ...[
      '[x](',
      '![x](',
      '[x]: ',
      '<https://a.org/"onclick="x>',
      '| a |\n| --: |\n| b |',
      '```',
      '&#x3c;',
      '&lt;',
    ],
  ];
  const text = fc
    .array(
      fc.oneof(
        { weight: 4, arbitrary: fc.constantFrom(...pieces) },
        fc.string({ unit: 'binary', maxLength: 6 }),
      ),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (markdown) => {
      const { document } = parseHTML(`<html><body>${rendered(markdown)}</body></html>`);
      for (const element of document.body.querySelectorAll('*')) {
        const allowed = ALLOWED[element.localName];
        assert.ok(allowed !== undefined, element.localName);
        for (const { name, value } of element.attributes) {
          assert.ok(allowed.includes(name), `${element.localName} ${name}`);
          if (name === 'href') assert.match(value, /^(?:https?:\/\/|mailto:)/i);
        }
      }
    }),
    { numRuns: 400 },
  );
});
