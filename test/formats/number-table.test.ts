/** Tables of numbers as people's tools write them, and broken ones. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Failure } from '../../src/core/diagnostic.ts';
import { NumberStore } from '../../src/formats/number-store.ts';
import { readNumberTable, type NumberTable, type TableOptions } from '../../src/formats/number-table.ts';
import { temporaryFolder } from '../nodes/context.ts';

type Read = (content: string | Uint8Array, options?: TableOptions) => Promise<NumberTable>;

function reader(t: TestContext): Read {
  const path = join(temporaryFolder(t), 'table.csv');
  return (content, options) => {
    writeFileSync(path, content);
    return readNumberTable(path, options);
  };
}

test('tables are read back with any separator, gzipped or not, with or without names', async (t) => {
  const read = reader(t);
  const number = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  const table = fc
    .integer({ min: 2, max: 6 })
    .chain((width) =>
      fc.array(fc.array(number, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 8 }),
    );
  const form = fc.record({
    table,
    separator: fc.constantFrom(',', ';', '\t'),
    end: fc.constantFrom('\n', '\r\n'),
    names: fc.boolean(),
    quoted: fc.boolean(),
    isGzipped: fc.boolean(),
    limit: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
  });
  await fc.assert(
    fc.asyncProperty(form, async ({ table: rows, separator, end, names, quoted, isGzipped, limit }) => {
      const cell = (value: number | string): string => (quoted ? `"${value}"` : String(value));
      const header = rows[0]?.map((_, column) => `pixel ${column}`) ?? [];
      const lines = [...(names ? [header] : []), ...rows].map((row) => row.map(cell).join(separator));
      const text = Buffer.from(lines.join(end));
      const found = await read(isGzipped ? gzipSync(text) : text, limit === undefined ? {} : { limit });
      const kept = rows.slice(0, limit);
      // A first row that counts its columns is one of names.
      fc.pre(names || !/^0(?:.0)?,1,2/.test(rows[0]?.join() ?? ''));
      assert.deepEqual([found.rows, found.width, found.labels], [kept.length, header.length, undefined]);
      assert.deepEqual(found.columns, names ? header : undefined);
      assert.deepEqual(
        [...found.data],
        kept.flat().map((value) => Math.fround(value) + 0),
      );
    }),
    { numRuns: 60 },
  );
});

test('labels are in the column of that name, or in the requested one', async (t) => {
  const read = reader(t);
  const kaggle = await read('label,pixel0,pixel1\n7,0,255\n0,1,2\n');
  assert.deepEqual(
    [kaggle.labels, [...kaggle.data], kaggle.columns],
    [
      ['7', '0'],
      [0, 255, 1, 2],
      ['pixel0', 'pixel1'],
    ],
  );
  assert.ok(kaggle.data instanceof Uint8Array);
  const last = await read('a,b,Class\n1,2,cat\n3,4,a dog\n');
  assert.deepEqual(
    [last.labels, [...last.data]],
    [
      ['cat', 'a dog'],
      [1, 2, 3, 4],
    ],
  );
  const named = await read('kind,a,b\n5,1,300\n', { label: 'kind' });
  assert.deepEqual([named.labels, named.data], [['5'], Uint16Array.of(1, 300)]);
  const bare = await read('cat,0,12\ndog,7,1\n', { label: 0 });
  assert.deepEqual(
    [bare.labels, [...bare.data]],
    [
      ['cat', 'dog'],
      [0, 12, 7, 1],
    ],
  );
  const none = await read('1,2\n3,4\n');
  assert.deepEqual([none.labels, none.width], [undefined, 2]);
});

test('the column names that pandas writes are not an image', async (t) => {
  const read = reader(t);
  const counted = await read('0,1,2\n9,9,9\n');
  assert.deepEqual([counted.rows, counted.columns], [1, ['0', '1', '2']]);
  const both = await read('label,0,1,2\n4,9,9,9\n');
  assert.deepEqual([both.rows, both.labels], [1, ['4']]);
  const marked = await read('\uFEFFlabel,a\n4,9\n');
  assert.deepEqual([marked.labels, [...marked.data]], [['4'], [9]]);
});

test('other tables are refused, with the line', async (t) => {
  const read = reader(t);
  const refusals: readonly (readonly [string | Uint8Array, TableOptions, RegExp])[] = [
    ['', {}, /./],
    ['\n\n', {}, /./],
    ['label,a\n', {}, /./],
    ['label\n3\n4\n', {}, /./],
    ['a,b\n1,2\n3\n', {}, /line 3/],
    ['a,b\n1,2\n3,4,5\n', {}, /line 3/],
    ['a,b\n1,x\n', {}, /line 2.*column 2.*`b`/],
    ['1,2\n1,\n', {}, /line 2.*column 2/],
    ['1,2\n , 3\n', {}, /line 2.*column 1/],
    ['1,2\nNaN,3\n', {}, /line 2.*column 1/],
    ['1,2\n3,Infinity\n', {}, /line 2.*column 2/],
    ['1,2\n3,1e999\n', {}, /line 2/],
    ['1,2,inf\n4,5,6\n', {}, /line 1.*column 3/],
    ['nan,1,2\n4,5,6\n', {}, /line 1.*column 1/],
    ['1;2\n3,5;4\n', {}, /line 2.*column 1/],
    ['cat,0,12\ndog,7,1\n', {}, /line 1.*column 1/],
    [',a,b\n0,1,2\n', {}, /line 1/],
    ['a,b\n1,0x10\n', {}, /line 2.*column 2/],
    ['a,b\n1,0b1\n', {}, /line 2.*column 2/],
    ['1,2\n16777217,3\n', {}, /line 2.*column 1/],
    ['1,2\n3,-33554433\n', {}, /line 2.*column 2/],
    ['1,2\n3,1e39\n', {}, /line 2.*column 2/],
    ['\n\n1,2\n\n3,x\n', {}, /line 5.*column 2/],
    ['"kind\nof",a\n"a\n\ncat",1\n\ndog,x\n', { label: 0 }, /line 7.*column 2/],
    ['\na,b\n\n1,"2\n3,4\n', {}, /line 4/],
    ['a,b\n1,2\n', { label: 'kind' }, /kind/],
    ['1,2\n3,4\n', { label: 'kind' }, /kind/],
    ['1,2\n3,4\n', { label: 7 }, /7/],
    ['a,b\n1,"2\n3,4\n', {}, /line/],
    [gzipSync('1,2\n3,4\n').subarray(0, 15), {}, /damaged/],
    [Buffer.concat([Buffer.of(0x1f, 0x8b), Buffer.alloc(40)]), {}, /damaged/],
    [Buffer.from('a,b\n1,2\n', 'utf16le'), {}, /line/],
    [Buffer.from('\x89PNG\r\n\x1a\n0000000', 'latin1'), {}, /line 1/],
    [Buffer.from('kind,a\ncat,1\ncaf\xe9,2\n', 'latin1'), {}, /line 3/],
    [`1,"2\n${'3,4\n'.repeat(2 ** 22 + 2 ** 18)}`, {}, /line 1/],
    ['<html><body>Not found</body></html>', {}, /rows/],
  ];
  for (const [content, options, place] of refusals)
    await assert.rejects(read(content, options), (error) => {
      assert.ok(error instanceof Failure, `${String(content)}: ${String(error)}`);
      assert.equal(error.diagnostics[0]?.code, 'data-corrupt');
      assert.match(error.diagnostics[0].message, place);
      return true;
    });
});

test('lines end as they may, also in several ways in one file', async (t) => {
  const read = reader(t);
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(255), fc.nat(255), fc.constantFrom('\n', '\r\n', '\r')), {
        minLength: 2,
        maxLength: 9,
      }),
      fc.constantFrom('', '"'),
      async (lines, quote) => {
        const rows = lines.map(
          ([one, other, end]) => `${quote}${one}${quote},${quote}${other}${quote}${end}`,
        );
        const { data } = await read(`a,b\n${rows.join('')}`);
        assert.deepEqual(
          [...data],
          lines.flatMap(([one, other]) => [one, other]),
        );
      },
    ),
    { numRuns: 40 },
  );
  // The stream is read in pieces of 2^20 bytes: the first ends between the two characters of a line end.
  const rows = 209_720;
  const long = await read(`aaaa,b\n${'1,2\r\n'.repeat(rows)}`);
  assert.equal(long.rows, rows);
});

test('texts of UTF-16 with their mark are read, and letters that two chunks share', async (t) => {
  const read = reader(t);
  const text = '\uFEFFlabel;a\ncafé;9\n';
  const little = Buffer.from(text, 'utf16le');
  for (const content of [little, Buffer.from(little).swap16(), Buffer.from(text)]) {
    const { labels, data } = await read(content);
    assert.deepEqual([labels, [...data]], [['café'], [9]]);
  }
  // The stream is read in pieces of 2^20 bytes, an odd number of them behind the first row.
  const rows = 100_000;
  const long = await read(`label,a\n${'ééééé,7\n'.repeat(rows)}`);
  assert.deepEqual([long.rows, new Set(long.labels)], [rows, new Set(['ééééé'])]);
});

test('numbers are held by the narrowest type that has all of them', () => {
  const value = fc.oneof(
    fc.integer({ min: 0, max: 255 }),
    fc.integer({ min: -3, max: 70_000 }),
    fc.float({ noNaN: true, noDefaultInfinity: true }),
  );
  fc.assert(
    fc.property(fc.array(fc.array(value, { minLength: 3, maxLength: 3 }), { minLength: 1 }), (rows) => {
      const store = new NumberStore(Infinity);
      for (const row of rows) store.add(Float64Array.from(row));
      const all = rows.flat();
      const data = store.take();
      const floats = all.map((each) => Math.fround(each) + 0);
      assert.deepEqual(
        Array.from(data, (each) => each + 0),
        floats,
      );
      const isWithin = (highest: number): boolean =>
        all.every((each) => Number.isInteger(each) && each >= 0 && each <= highest);
      assert.ok(data instanceof (isWithin(255) ? Uint8Array : isWithin(65_535) ? Uint16Array : Float32Array));
    }),
  );
  assert.equal(new NumberStore(2).add(new Float64Array(3)), false);
});

test('folders and missing files are reported as missing', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'a.csv'));
  for (const name of ['a.csv', 'none.csv'])
    await assert.rejects(
      readNumberTable(join(folder, name)),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-missing',
    );
});
