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

test('many numbers are one cell, which opens to all of them', () => {
  const counts = (from: number) =>
    Object.fromEntries(Array.from({ length: 10 }, (_, index) => [`class ${index}`, from + index]));
  const { columns, rows } = jsonTable({
    train: { mean: 0.5, images_per_class: counts(20) },
    test: { mean: 0.5, images_per_class: counts(3) },
  });
  assert.deepEqual(columns, ['', 'train', 'test']);
  assert.deepEqual(
    rows.map(([name]) => name?.text),
    ['mean', 'images_per_class'],
  );
  const [, train, test] = rows[1] ?? [];
  assert.match(train?.text ?? '', /10 .*20 .*29/);
  assert.deepEqual(test?.full?.split('\n').at(-1), 'class 9: 12');
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
