import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/core/diagnostic.ts';
import { renderPng } from '../../src/figures/figure.ts';
import { heatMap } from '../../src/figures/heat-map.ts';

const cell = (value: number, best = false): { value: number; text: string; best: boolean } => ({
  value,
  text: String(value),
  best,
});

test('every value is in its cell, extremes have the ends of the scale, the best has a frame', () => {
  const figure = heatMap({
    title: 'Error',
    xLabel: 'Size',
    yLabel: 'Rate',
    columns: ['2', '4'],
    rows: [
      { label: 'low', cells: [cell(1, true), cell(2)] },
      { label: '<high>', cells: [cell(3), undefined] },
    ],
  });
  for (const text of ['>1<', '>2<', '>3<', '>Size<', '>Rate<', '>&lt;high&gt;<'])
    assert.ok(figure.svg.includes(text), text);
  assert.equal(figure.svg.match(/stroke-width="2.5"/g)?.length, 1);
  const fills = [...figure.svg.matchAll(/height="34" fill="(#[0-9a-f]{6})"/g)].map((match) => match[1]);
  assert.deepEqual([fills[0], fills[2]], ['#eaf3fa', '#004878']);
  assert.equal(new Set(fills).size, 3);
  assert.ok(renderPng(figure).length > 1000);
});

test('a map without values is refused', () => {
  assert.throws(
    () => heatMap({ xLabel: 'x', yLabel: 'y', columns: ['1'], rows: [{ label: '1', cells: [undefined] }] }),
    Failure,
  );
});
