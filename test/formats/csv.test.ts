import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readCsv, writeCsv } from '../../src/formats/csv.ts';

const cells = (text: string, separator?: string): readonly (readonly string[])[] | undefined =>
  readCsv(text, separator)?.map((row) => row.cells);

test('valid CSV is read back unchanged, with any separator', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '1', ',', ';', '"', '\n', '\r\n', '\t', ' ', '') });
  const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(
      fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1 }),
      fc.constantFrom(',', ';', '\t'),
      fc.constantFrom('\n', '\r\n', '\r'),
      (rows, separator, end) => {
        const text = rows.map((row) => `${row.map(quote).join(separator)}${end}`).join('');
        assert.deepEqual(cells(text, separator), rows);
        assert.deepEqual(cells(text.slice(0, text.length - end.length), separator), rows);
      },
    ),
  );
  assert.deepEqual(cells('a,b\r\n\r\n1,\r\n'), [
    ['a', 'b'],
    ['1', ''],
  ]);
  assert.deepEqual(cells(''), []);
});

test('rows know their lines; invalid CSV is refused', () => {
  assert.deepEqual(
    readCsv('a,b\n\n"x\ny",1\r\nz,2')?.map(({ line }) => line),
    [1, 3, 5],
  );
  for (const text of ['"a"b,c\n', '"a', 'a"b,c', '"a""', '"""']) assert.equal(readCsv(text), undefined, text);
});

test('large texts are read in one pass, whatever they contain', () => {
  const size = 2 ** 21;
  assert.equal(readCsv('"'.repeat(size + 1)), undefined);
  assert.equal(readCsv(`"${'""'.repeat(size)}`), undefined);
  assert.equal(readCsv(`a,"${'x,\n'.repeat(size)}`), undefined);
  assert.equal(cells(','.repeat(size))?.[0]?.length, size + 1);
});

test('formulas of spreadsheets and control characters are neutralised; everything else is kept', () => {
  const harmless = fc.stringMatching(/^[A-Za-z0-9 .,"'()é]{0,12}$/);
  fc.assert(
    fc.property(fc.array(fc.array(harmless, { minLength: 2, maxLength: 3 }), { minLength: 1 }), (rows) => {
      assert.deepEqual(cells(writeCsv(rows)), rows);
    }),
  );
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('=', '+', '-', '@', '\t=', '\r=', '\n@', ' =', '＝', ';='),
      (text, start) => {
        const written = writeCsv([[`${start}cmd${text}`]]);
        assert.doesNotMatch(written.slice(0, -2), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
        assert.doesNotMatch(written, /(?:^|[,;])"?\s*[=+\-@＝＋－＠]/);
      },
    ),
  );
  assert.equal(writeCsv([['=HYPERLINK("x")', '@cmd', -5]]), `"'=HYPERLINK(""x"")",'@cmd,-5\r\n`);
  assert.equal(
    writeCsv([[-5, '-5', '+1.5e-3', '-.5', '1-2', '-1-2', "-2+3+cmd|' /C calc'!A0"]], '\n'),
    `-5,-5,+1.5e-3,-.5,1-2,'-1-2,'-2+3+cmd|' /C calc'!A0\n`,
  );
  assert.equal(
    writeCsv([['a\u001b[2J\u202eb', 'x\ny', null, undefined, true, [1, 2], { b: 1 }]], '\n'),
    `a·[2J·b,x y,,,true,"[1,2]","{""b"":1}"\n`,
  );
});
