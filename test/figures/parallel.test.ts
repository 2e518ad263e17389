import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/core/diagnostic.ts';
import { parallelChart, type ParallelOptions } from '../../src/figures/parallel.ts';
import { renderPng } from '../../src/figures/figure.ts';
import { decodePng } from './decode.ts';

const OPTIONS: ParallelOptions = {
  title: 'Error by three parameters',
  axes: [
    { label: 'lr', kind: 'numbers', log: true },
    { label: 'kind', kind: 'categories', categories: ['a', 'b', 'c'] },
    { label: 'error', kind: 'numbers', log: false },
  ],
  lines: [
    { values: [0.001, 0, 3], rank: 0, best: false },
    { values: [0.01, 1, 2], rank: 0.5, best: false },
    { values: [0.1, 2, 1], rank: 1, best: true, label: '1' },
  ],
};

/** Points of the lines in the order in which they are drawn. */
function lines(options: ParallelOptions): readonly (readonly (readonly [number, number])[])[] {
  return [...parallelChart(options).svg.matchAll(/<path d="([^"]*)" fill="none"/g)].map(([, path = '']) =>
    [...path.matchAll(/[ML]([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)] as const),
  );
}

test('axes, lines and the best on top', async () => {
  const figure = parallelChart(OPTIONS);
  const image = await decodePng(renderPng(figure));
  assert.deepEqual([image.width, image.height], [figure.width * 2, figure.height * 2]);
  const drawn = lines(OPTIONS);
  assert.equal(drawn.length, 3);
  assert.ok(figure.svg.lastIndexOf('#0072b2') > figure.svg.lastIndexOf('#8c959f'));
  for (const label of ['lr', 'kind', 'error', 'a', 'b', 'c', '0.01'])
    assert.ok(figure.svg.includes(`>${label}<`), label);
  assert.deepEqual(parallelChart(OPTIONS).svg, figure.svg);
});

test('logarithms and categories are spaced evenly, more is higher', () => {
  const [low, middle, high] = lines(OPTIONS);
  const y = (line: typeof low, axis: number): number => line?.[axis]?.[1] ?? Number.NaN;
  for (const axis of [0, 1]) {
    const steps = [y(middle, axis) - y(low, axis), y(high, axis) - y(middle, axis)];
    assert.ok(Math.abs((steps[0] ?? 0) - (steps[1] ?? 1)) < 0.5, `axis ${axis}`);
  }
  assert.ok(y(high, 0) < y(low, 0));
  // The first category is at the top.
  assert.ok(y(low, 1) < y(high, 1));
});

test('a missing value interrupts a line; one category and equal numbers work', () => {
  const [only] = lines({
    axes: [
      { label: 'x', kind: 'numbers', log: false },
      { label: 'kind', kind: 'categories', categories: ['a'] },
      { label: 'y', kind: 'numbers', log: false },
      { label: 'z', kind: 'numbers', log: true },
    ],
    lines: [{ values: [5, undefined, 5, 7], rank: 1, best: false }],
  });
  assert.equal(only?.length, 3);
  assert.ok(only.flat().every(Number.isFinite));
});

test('categories with the same beginning are shown by their ends', () => {
  const long = 'a category with a name that is far too long for the room beside its axis, ';
  const categories = [`${long}one`, `${long}two`, 'short'];
  const axis = { label: 'kind', kind: 'categories', categories } as const;
  const { svg } = parallelChart({
    ...OPTIONS,
    axes: [axis, axis, { label: 'error', kind: 'numbers', log: false }],
  });
  for (const end of ['one', 'two']) assert.ok(svg.includes(`${end}<`), end);
  assert.ok(svg.includes('>short<'));
});

test('nothing to draw', () => {
  assert.throws(
    () => parallelChart({ ...OPTIONS, lines: [] }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'out-of-range',
  );
});
