import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { csvTable, jsonTable, parseCsv, parseModelSummary } from '../../src/report/tables.ts';
import { SUMMARY } from './outputs.ts';

test('CSV that was written by the rules is read back as it was', () => {
  const cell = fc.string({ unit: fc.constantFrom('a', '1', ',', '"', '\n', ' ', '') });
  const quote = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  fc.assert(
    fc.property(fc.array(fc.array(cell, { minLength: 2, maxLength: 4 }), { minLength: 1 }), (rows) => {
      const text = rows.map((row) => `${row.map(quote).join(',')}\n`).join('');
      assert.deepEqual(parseCsv(text), rows);
    }),
  );
  assert.deepEqual(parseCsv('a,b\r\n1,\r\n'), [
    ['a', 'b'],
    ['1', ''],
  ]);
  assert.deepEqual(parseCsv('"a"b,c\n'), []);
});

test('rows of different lengths are no table; long tables are cut', () => {
  assert.equal(csvTable(parseCsv('a,b\n1\n')), undefined);
  assert.equal(csvTable(parseCsv('a,b\n')), undefined);
  const long = csvTable(parseCsv(`n\n${'1\n'.repeat(500)}`));
  assert.equal((long?.rows.length ?? 0) + (long?.omitted ?? 0), 500);
  assert.ok((long?.omitted ?? 0) > 0);
});

test('objects of one kind become columns, other facts one a row', () => {
  const matrix = jsonTable({ train: { mean: 0.5, size: { shape: [2, 3] } }, test: { mean: 0.25 } });
  assert.deepEqual(matrix.columns, ['', 'train', 'test']);
  assert.deepEqual(
    matrix.rows.map((row) => row.map(({ text }) => text)),
    [
      ['mean', '0.5000', '0.2500'],
      ['size.shape', '2 × 3', ''],
    ],
  );
  const facts = jsonTable({
    loss: 'mse',
    denoiser: true,
    layers: [{ Dense: { units: 3 } }, 'Flatten'],
    none: null,
  });
  assert.deepEqual(
    facts.rows.map((row) => row.map(({ text }) => text)),
    [
      ['loss', 'mse'],
      ['denoiser', 'true'],
      ['layers', 'Dense, Flatten'],
      ['none', 'null'],
    ],
  );
});

test('the summary of a model is read as a table', () => {
  const [model, ...others] = parseModelSummary(SUMMARY);
  assert.equal(others.length, 0);
  assert.equal(model?.name, 'encoder');
  assert.deepEqual(model?.layers[1], {
    name: 'dense',
    type: 'Dense',
    shape: '(None, 4)',
    parameters: '3,140',
  });
  assert.equal(model?.totals.length, 3);
  assert.deepEqual(parseModelSummary('any other text\n'), []);
});
