import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvTable, jsonTable, parseModelSummary } from '../../src/report/tables.ts';
import { SUMMARY } from './outputs.ts';

test('rows of different lengths are not a table; long tables are cut', () => {
  assert.equal(csvTable([['a', 'b'], ['1']]), undefined);
  assert.equal(csvTable([['a', 'b']]), undefined);
  const long = csvTable([['n'], ...Array.from({ length: 500 }, () => ['1'])]);
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
    skipped: [{ name: 'a.bmp', reason: 'has another format' }],
    none: null,
  });
  assert.deepEqual(
    facts.rows.map((row) => row.map(({ text }) => text)),
    [
      ['loss', 'mse'],
      ['denoiser', 'true'],
      ['layers', 'Dense, Flatten'],
      ['skipped', 'a.bmp'],
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
