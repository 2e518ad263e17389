import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { renderPage } from '../../src/report/page.ts';
import { readReport } from '../../src/report/read.ts';
import { makeOutputs } from './outputs.ts';

test('a damaged record of inputs does not stop the report', async (t) => {
  const { folder } = makeOutputs(t);
  const file = join(folder, 'run.json');
  const record = JSON.parse(readFileSync(file, 'utf8'));
  record.stages.quality.inputs = { model: 5, data: ['digits'], target: 'digits' };
  record.stages.drawing.inputs = null;
  writeFileSync(file, JSON.stringify(record));
  const report = await readReport(folder);
  const found = new Map(report.stages.map(({ name, inputs }) => [name, inputs]));
  assert.deepEqual(found.get('quality'), { target: 'digits' });
  assert.deepEqual(found.get('drawing'), {});
  assert.match(renderPage(report), /id="stage-quality"/);
});
