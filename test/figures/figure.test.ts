import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256 } from '../../src/core/json.ts';
import { renderPng, writeFigure, type Figure } from '../../src/figures/figure.ts';
import { imageGrid } from '../../src/figures/image-grid.ts';
import { lineChart } from '../../src/figures/line-chart.ts';
import { svgDocument } from '../../src/figures/svg.ts';
import { decodePng } from './decode.ts';

const square = (fill: string): Figure => ({
  svg: svgDocument(6, 4, 'a square', [`<rect x="1" y="1" width="2" height="2" fill="${fill}"/>`]),
  width: 6,
  height: 4,
});

test('a PNG has the figure twice as large, in colour only where it has colours', async () => {
  const red = await decodePng(renderPng(square('#ff0000')));
  assert.deepEqual([red.width, red.height, red.channels], [12, 8, 3]);
  assert.deepEqual([red.at(0, 0), red.at(2, 2), red.at(5, 5), red.at(6, 6)].map(String), [
    '255,255,255',
    '255,0,0',
    '255,0,0',
    '255,255,255',
  ]);
  const grey = await decodePng(renderPng(square('#808080'), 1));
  assert.deepEqual([grey.width, grey.height, grey.channels], [6, 4, 1]);
});

test('a figure is written as PNG and SVG', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-figure-'));
  t.after(() => rm(folder, { recursive: true }));
  const figure = square('#808080');
  assert.deepEqual(await writeFigure(figure, folder, 'square'), ['square.png', 'square.svg']);
  assert.equal(await readFile(join(folder, 'square.svg'), 'utf8'), figure.svg);
  assert.deepEqual(await readFile(join(folder, 'square.png')), renderPng(figure));
});

/** Draws figures that are given as JSON, and prints the hashes of their files. */
const SCRIPT = `
  const [{ imageGrid }, { lineChart }, { renderPng }, { sha256 }] = await Promise.all(
    ['figures/image-grid.js', 'figures/line-chart.js', 'figures/figure.js', 'core/json.js'].map(
      (path) => import(new URL(path, process.argv[1])),
    ),
  );
  const { values, chart } = JSON.parse(process.argv[2]);
  const tile = { height: 8, width: 8, channels: 1, values: Float32Array.from(values) };
  // Earlier figures must leave no trace.
  lineChart({ xLabel: 'x', yLabel: 'y', series: [{ name: 'other', points: [[1, 2], [2, 3]] }] });
  const figures = [imageGrid({ title: 'Digits', rows: [{ label: 'Row', images: [tile, tile] }] }), lineChart(chart)];
  console.log(JSON.stringify(figures.flatMap((figure) => [sha256(figure.svg), sha256(renderPng(figure))])));
`;

test('the same figure has the same bytes in every process', () => {
  const values = Array.from({ length: 64 }, (_, index) => ((index * 37) % 64) / 63);
  const tile = { height: 8, width: 8, channels: 1 as const, values: Float32Array.from(values) };
  const series = ['Training', 'Validation'].map((name, index) => ({
    name,
    points: [1, 2, 3].map((epoch) => [epoch, 1 / (epoch + index)] as const),
  }));
  const chart = { title: 'Loss', xLabel: 'Epoch', yLabel: 'Loss', series };
  const figures = [
    imageGrid({ title: 'Digits', rows: [{ label: 'Row', images: [tile, tile] }] }),
    lineChart(chart),
  ];
  const here = figures.flatMap((figure) => [sha256(figure.svg), sha256(renderPng(figure))]);
  const source = new URL('../../src/', import.meta.url).href;
  const input = JSON.stringify({ values, chart });
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', SCRIPT, source, input], {
    encoding: 'utf8',
  });
  assert.deepEqual(JSON.parse(output), here);
});
