import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCsv } from '../../src/formats/csv.ts';
import { gradescopeResults, marksCsv } from '../../src/submission/marks.ts';
import { findDuplicates, type Verdict } from '../../src/submission/verify.ts';

const VERDICT: Verdict = {
  file: 'class/a.zip',
  level: 'spot',
  result: 'ok',
  pipeline: { name: 'p', seed: 5 },
  comparison: { kind: 'exact', differences: [], data: 'exact' },
  metrics: [{ stage: 'quality', metric: 'mse', by: 'measuring', claimed: 0.5, found: 0.5, agrees: true }],
  basis: {
    excused: false,
    exact: { numbers: 1, files: 3 },
    measured: { numbers: 0, files: 0 },
    tolerance: { numbers: 0, files: 0 },
    notCompared: [{ what: 'report.html', why: 'x' }],
  },
  diagnostics: [],
  duplicates: [],
};

test('the table has a column for each metric in the class', () => {
  const other: Verdict = {
    ...VERDICT,
    file: 'b.zip',
    result: 'mismatch',
    metrics: [{ stage: 'quality', metric: 'ssim', by: 'measuring', claimed: 1, agrees: false }],
    diagnostics: [{ code: 'assignment-seed', severity: 'error', message: 'the seed, "5", is wrong' }],
    duplicates: ['x/c.zip'],
  };
  const [head, first, second] = (readCsv(marksCsv([VERDICT, other])) ?? []).map(({ cells }) => cells);
  assert.deepEqual(head?.slice(-2), ['quality.mse', 'quality.ssim']);
  assert.deepEqual(first, [
    'a.zip',
    '5',
    'p',
    'spot',
    'ok',
    'exact',
    '4',
    '0',
    '0',
    'report.html',
    '',
    '',
    '0.5',
    '',
  ]);
  assert.deepEqual(second?.slice(9), ['report.html', 'the seed, "5", is wrong', 'c.zip', '', '']);
});

test('Gradescope gets a point for each passed test', () => {
  const scores = (verdict: Verdict): readonly unknown[] =>
    (gradescopeResults(verdict) as { tests: { score: number }[] }).tests.map(({ score }) => score);
  const error = (code: Verdict['diagnostics'][number]['code']): Verdict => ({
    ...VERDICT,
    result: 'mismatch',
    diagnostics: [{ code, severity: 'error', message: 'x' }],
  });
  assert.deepEqual(scores(VERDICT), [1, 1, 1]);
  assert.deepEqual(scores(error('archive-damaged')), [0, 1, 1]);
  assert.deepEqual(scores(error('verification-mismatch')), [1, 0, 1]);
  assert.deepEqual(scores(error('submission-duplicate')), [1, 1, 0]);
  assert.deepEqual(scores({ ...VERDICT, result: 'unchecked' }), [1, 0, 1]);
});

test('duplicates are found across any number of archives', () => {
  const found = findDuplicates([
    { file: 'a', results: { weights: '1', figure: '2' } },
    { file: 'b', results: { weights: '1', figure: '3' } },
    { file: 'c', results: { weights: '4', figure: '3' } },
    { file: 'd', results: { weights: '5' } },
  ]);
  assert.deepEqual(Object.fromEntries(found), { a: ['b'], b: ['a', 'c'], c: ['b'] });
});
