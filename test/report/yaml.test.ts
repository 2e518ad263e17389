import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { packageRoot } from '../../src/core/package-root.ts';
import { textOf } from '../../src/report/html.ts';
import { renderYaml, tokenize } from '../../src/report/yaml.ts';

const fragment = fc.constantFrom(
  'a',
  'key',
  ':',
  ' ',
  '\n',
  '  ',
  '- ',
  '#',
  '"',
  "'",
  '{',
  '}',
  '[',
  ']',
  ',',
  '|',
  '&x',
  '*x',
  '!t',
  '12',
  'true',
  '${params.x}',
  '\t',
  '>-',
  '---',
  '…',
);

function parsed(text: string, stages: Parameters<typeof renderYaml>[1] = []) {
  return parseHTML(`<!doctype html><html><body>${textOf(renderYaml(text, stages))}</body></html>`).document;
}

test('no character of any text is lost, added or moved', () => {
  fc.assert(
    fc.property(fc.array(fragment, { maxLength: 40 }), (parts) => {
      const text = parts.join('');
      assert.equal(
        tokenize(text)
          .map((token) => token.text)
          .join(''),
        text,
      );
      const lines = text.replace(/\n$/, '').split('\n');
      const shown = [...parsed(text).querySelectorAll('.line')].map((line) => line.textContent);
      assert.deepEqual(shown.join(''), text === '' ? '' : `${lines.join('\n')}\n`);
    }),
  );
});

test('keys, numbers, words, comments and parameters are distinguished', () => {
  const kinds = new Map(
    tokenize('epochs: 12 # few\nshuffle: true\nsize: "${params.x}"\n"a b": [1e-3, relu]\n').map(
      ({ kind, text }) => [text, kind],
    ),
  );
  for (const [text, kind] of Object.entries({
    epochs: 'key',
    12: 'number',
    '# few': 'comment',
    true: 'word',
    '"${params.x}"': 'string',
    '"a b"': 'key',
    '1e-3': 'number',
    relu: 'string',
    ':': 'mark',
  })) {
    assert.equal(kinds.get(text), kind, text);
  }
  assert.equal(parsed('size: "${params.x}"').querySelector('.y-parameter')?.textContent, '${params.x}');
});

test('the lines of a stage are in a separate element', () => {
  const text = readFileSync(join(packageRoot, 'pipelines', 'quickstart.yaml'), 'utf8');
  const first = text.split('\n').indexOf('  noisy:') + 1;
  const document = parsed(text, [{ id: 'yaml-noisy', lines: [first, first + 6] }]);
  const block = document.querySelector('#yaml-noisy');
  assert.equal(block?.querySelectorAll('.line').length, 7);
  assert.match(block?.textContent ?? '', /^ {2}noisy:\n[^]*clip: \[0, 1\]\n$/);
  assert.equal(document.querySelectorAll('.line').length, text.split('\n').length - 1);
});
