/** The figure that a report begins with, and what is near to it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readReport } from '../../../src/report/read.ts';
import type { Report, ReportStage } from '../../../src/report/report.ts';
import { findMainFigure, nearestFirst } from '../../../src/report/sections/main-figure.ts';
import { makeOutputs } from '../outputs.ts';

test('the models of the main figure come first, the nearest before those that it only depends on', async (t) => {
  const report = await readReport(makeOutputs(t, { epochs: 3 }).folder);
  const stage = (name: string, inputs: ReportStage['inputs'], hasFigure = false): ReportStage => ({
    ...(report.stages.find((each) => each.name === (hasFigure ? 'drawing' : 'quality')) ?? assert.fail()),
    name,
    inputs,
  });
  const of = (...stages: readonly ReportStage[]): Report => ({ ...report, stages });
  const first = stage('first', {});
  const second = stage('second', { start_from: 'first' });
  const other = stage('other', {});
  const shown = stage('shown', { predicted: 'predicted' }, true);
  const predicted = stage('predicted', { model: 'second' });
  const items = [first, other, second].map(({ name }) => ({ stage: name }));
  const sorted = (each: Report): readonly string[] =>
    nearestFirst(each, findMainFigure(each), items).map(({ stage: name }) => name);

  const whole = of(first, other, second, predicted, shown);
  assert.equal(findMainFigure(whole)?.stage, 'shown');
  assert.deepEqual(sorted(whole), ['second', 'first', 'other']);
  assert.deepEqual(sorted(of(first, other, second)), ['first', 'other', 'second'], 'without a figure');
  const loop = of({ ...first, inputs: { start_from: 'second' } }, other, second, predicted, shown);
  assert.deepEqual(sorted(loop), ['second', 'first', 'other'], 'also if a damaged record goes in a circle');
});
