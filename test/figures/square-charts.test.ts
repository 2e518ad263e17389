/** Square charts: their curves, what chance gives, and the dot of a threshold. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { squareCharts, type SquareChart } from '../../src/figures/square-charts.ts';

const CHART: SquareChart = {
  xLabel: 'Recall',
  yLabel: 'Precision',
  points: [
    [0, 0],
    [0.25, 0.5],
    [1, 1],
  ],
  chance: [
    [0, 0],
    [1, 1],
  ],
};

test('charts stand side by side, with a dot on the curve where one is asked for', () => {
  const mark = { point: [0.25, 0.5], label: 'threshold 3' } as const;
  const { svg, width, height } = squareCharts({ title: 'Two', charts: [CHART, { ...CHART, mark }] });
  const { document } = parseHTML(svg);
  const dots = [...document.querySelectorAll('circle[r="5"]')];
  assert.equal(dots.length, 1);
  const [x, y] = ['cx', 'cy'].map((name) => Number(dots[0]?.getAttribute(name)));
  assert.ok((x ?? 0) > width / 2 && (x ?? 0) < width && (y ?? 0) > 0 && (y ?? 0) < height);
  assert.equal(document.querySelectorAll('path[stroke-dasharray="3 3"]').length, 2);
  assert.ok(svg.includes('threshold 3') && svg.includes('Precision'));
});

test('a curve of very many points has no more than can be seen', () => {
  const points = Array.from({ length: 50_001 }, (_, index) => [index / 50_000, index / 50_000] as const);
  const { svg } = squareCharts({ charts: [{ ...CHART, points }] });
  assert.ok(svg.length < 100_000, `${svg.length} characters`);
});
