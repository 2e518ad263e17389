import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { printable, printableJson, printableLines } from '../../src/core/text.ts';

/** Characters that move a cursor, end a line, or reverse, hide or mark the following text. */
const STEERING = [
  '\u001b',
  '\u009b',
  '\u0007',
  '\0',
  '\u007f',
  '\u061c',
  '\u200e',
  '\u200f',
  '\u202a',
  '\u202e',
  '\u2066',
  '\u2069',
  '\u2028',
  '\u2029',
  '\ufeff',
  '\u200b',
  '\u2060',
  '\u00ad',
  '\ud800',
  '\u{e0041}',
];

test('one line of any text steers nothing', () => {
  for (const character of STEERING)
    assert.equal(printable(`a${character}b`), /[\u2028\u2029]/.test(character) ? 'a·b' : 'a·b');
  assert.equal(printable('a \r\n\n b\tc\n'), 'a b·c ');
  for (const text of ['Übung 1', '实验', '👩‍💻 مرحبا', 'a b', '−5 “x”', 'नमस्ते', 'می‌خواهم'])
    assert.equal(printable(text), text);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const shown = printable(text);
      assert.doesNotMatch(shown, /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069\ufeff]/u);
      assert.equal(printable(shown), shown);
    }),
  );
});

test('lines are kept where they are wanted', () => {
  assert.equal(printableLines('a\n\tb\u001b[2J\r\n\u202ec'), 'a\n\tb·[2J\r\n·c');
});

test('JSON keeps its meaning', () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      const text = printableJson(JSON.stringify(value, null, 2));
      assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      assert.doesNotMatch(text.replaceAll('\n', ''), /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069\ufeff]/u);
    }),
  );
});

test('large texts take one pass', () => {
  for (const unit of [' ', '\n', '\r', ' \n', '\u001b']) {
    assert.ok(printable(`x${unit.repeat(2 ** 21)}x`).length > 2);
    assert.ok(printableLines(unit.repeat(2 ** 21)).length > 0);
  }
});
