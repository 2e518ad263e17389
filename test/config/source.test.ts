import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { codeFrame, lineStarts, positionAt } from '../../src/config/source.ts';
import type { Position } from '../../src/core/diagnostic.ts';

function frame(text: string, start: Position, end: Position): string {
  return codeFrame({ name: 'p.yaml', text }, { file: 'p.yaml', start, end });
}

function at(line: number, column: number): Position {
  return { line, column };
}

test('a frame shows the lines before, the line, and the range underlined', () => {
  const text = 'name: x\nstages:\n  a:\n    type: trian\n    epochs: 3\n';
  assert.equal(
    frame(text, at(4, 11), at(4, 16)),
    ['2 | stages:', '3 |   a:', '4 |     type: trian', '  |           ^~~~~'].join('\n'),
  );
  assert.equal(frame(text, at(1, 1), at(1, 2)), ['1 | name: x', '  | ^'].join('\n'));
  assert.equal(frame(text, at(1, 1), at(1, 1)), ['1 | name: x', '  | ^'].join('\n'));
});

test('line numbers are aligned, empty lines before are left out', () => {
  const text = `${'\n'.repeat(7)}eight: 8\n\nten: 10\n`;
  assert.equal(
    frame(text, at(10, 6), at(10, 8)),
    [' 8 | eight: 8', '10 | ten: 10', '   |      ^~'].join('\n'),
  );
});

test('a range of several lines is underlined to the end of its first', () => {
  assert.equal(frame('a: [1,\n  2]\n', at(1, 4), at(2, 5)), ['1 | a: [1,', '  |    ^~~'].join('\n'));
});

test('tabs and wide characters keep the caret in its column', () => {
  assert.equal(frame('\ta: 1', at(1, 2), at(1, 3)), ['1 |   a: 1', '  |   ^'].join('\n'));
  assert.equal(frame('日本: x', at(1, 5), at(1, 6)), ['1 | 日本: x', '  |       ^'].join('\n'));
  assert.equal(frame('a🙂: x', at(1, 6), at(1, 7)), ['1 | a🙂: x', '  |      ^'].join('\n'));
  assert.equal(frame('e\u0301: x', at(1, 5), at(1, 6)), ['1 | e\u0301: x', '  |    ^'].join('\n'));
  assert.equal(frame('k: 日本', at(1, 4), at(1, 6)), ['1 | k: 日本', '  |    ^~~~'].join('\n'));
});

test('characters that steer a terminal are not printed', () => {
  assert.equal(
    frame('a: \u001b[31mred\u202e', at(1, 4), at(1, 5)),
    ['1 | a: ·[31mred·', '  |    ^'].join('\n'),
  );
});

test('line ends of every kind', () => {
  for (const end of ['\n', '\r\n', '\r']) {
    assert.equal(
      frame(['a: 1', 'b: 2', 'c: 3', ''].join(end), at(2, 4), at(2, 5)),
      ['1 | a: 1', '2 | b: 2', '  |    ^'].join('\n'),
    );
  }
});

test('places outside the text give a frame, too', () => {
  assert.equal(frame('', at(1, 1), at(1, 1)), ['1 |', '  | ^'].join('\n'));
  assert.equal(frame('a: 1', at(1, 5), at(1, 5)), ['1 | a: 1', '  |     ^'].join('\n'));
  assert.match(frame('a: 1', at(9, 9), at(9, 10)), /\^$/);
});

test('a very long line is cut around the range', () => {
  const text = `a: [${'1, '.repeat(100_000)}wrong, ${'2, '.repeat(100_000)}]`;
  const column = text.indexOf('wrong') + 1;
  const lines = frame(text, at(1, column), at(1, column + 5)).split('\n');
  assert.equal(lines.length, 2);
  assert.ok(lines.every((line) => line.length < 120));
  assert.match(lines[0] ?? '', /^1 \| ….*wrong.*…$/);
  const caret = lines[1] ?? '';
  assert.equal(lines[0]?.slice(caret.indexOf('^'), caret.lastIndexOf('~') + 1), 'wrong');
});

test('property: positions and offsets correspond, and the caret is under its character', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '\n', '\r\n', '\t', ':'), maxLength: 60 });
  fc.assert(
    fc.property(text, fc.nat(), (source, seed) => {
      const offset = seed % (source.length + 1);
      const starts = lineStarts(source);
      const position = positionAt(starts, offset);
      assert.equal((starts[position.line - 1] ?? 0) + position.column - 1, offset);
      const character = source.charAt(offset);
      if (!/[ab:]/.test(character)) return;
      const lines = frame(source, position, { ...position, column: position.column + 1 }).split('\n');
      const caret = lines.at(-1)?.indexOf('^') ?? -1;
      assert.equal(lines.at(-2)?.charAt(caret), character);
    }),
  );
});
