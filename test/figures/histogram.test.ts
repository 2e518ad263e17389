/** Histograms: where bars, marks and names are. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { Failure } from '../../src/core/diagnostic.ts';
import { histogram, type HistogramOptions } from '../../src/figures/histogram.ts';

function draw(options: Partial<HistogramOptions>) {
  const { svg, width, height } = histogram({
    ...{ xLabel: 'Score', yLabel: 'Share' },
    groups: [{ name: 'All', values: [1, 2, 3] }],
    mark: { x: 2, label: 'threshold 2' },
    ...options,
  });
  const { document } = parseHTML(svg);
  const numbers = (path: string): readonly (readonly [number, number])[] =>
    [...path.matchAll(/(-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
  const areas = [...document.querySelectorAll('path[fill-opacity]')].map((area) =>
    numbers(area.getAttribute('d') ?? ''),
  );
  const texts = [...document.querySelectorAll('text')].map((text) => text.textContent ?? '');
  return { svg, areas, texts, width, height };
}

test('each group has an area within the figure, which is as large for few values as for many', () => {
  const values = Array.from({ length: 400 }, (_, index) => 10 + (index % 20));
  const groups = [
    { name: 'Many', values },
    { name: 'Few', values: values.slice(0, 20) },
  ];
  const { areas, texts, width, height } = draw({ groups, mark: { x: 12, label: 'threshold 12' } });
  assert.equal(areas.length, 2);
  assert.deepEqual(areas[0], areas[1]);
  for (const [x, y] of areas.flat()) assert.ok(x > 0 && x < width && y > 0 && y < height);
  for (const text of ['Many', 'Few', 'threshold 12', 'Score', 'Share']) assert.ok(texts.includes(text), text);
});

test('equal values make one bar within the figure, however large they are', () => {
  for (const value of [0, 5, 1000, -3.25, 1e-9]) {
    const groups = [{ name: 'All', values: [value, value, value] }];
    const { areas, width } = draw({ groups, mark: { x: value, label: 'here' } });
    const xs = (areas[0] ?? []).map(([x]) => x);
    assert.ok(Math.min(...xs) > 0 && Math.max(...xs) < width, `${value}: ${xs.join(' ')}`);
    assert.ok(Math.max(...xs) - Math.min(...xs) > 2);
  }
});

test('a mark beyond the values is drawn, and no value is no figure', () => {
  const { areas, width } = draw({ mark: { x: 30, label: 'far' } });
  assert.ok((areas[0] ?? []).every(([x]) => x < width / 2));
  assert.throws(
    () => draw({ groups: [{ name: 'None', values: [] }], mark: { x: Number.NaN, label: '' } }),
    Failure,
  );
});
