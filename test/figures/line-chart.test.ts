import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { Failure } from '../../src/core/diagnostic.ts';
import { renderPng } from '../../src/figures/figure.ts';
import { lineChart, linePanels, type LineSeries } from '../../src/figures/line-chart.ts';
import { decodePng } from './decode.ts';

const axes = { xLabel: 'Epoch', yLabel: 'Loss' };

function draw(...series: LineSeries[]) {
  return parseHTML(lineChart({ ...axes, series }).svg).document;
}

function texts(document: ReturnType<typeof draw>): string[] {
  return [...document.querySelectorAll('text')].map((element) => element.textContent ?? '');
}

/** The numbers written along an axis. */
function ticks(document: ReturnType<typeof draw>, axis: 'x' | 'y'): string[] {
  return [...document.querySelectorAll(`[aria-label="${axis}-axis tick label"] text`)].map(
    (element) => element.textContent ?? '',
  );
}

const training: LineSeries = { name: 'Training', points: [1, 2, 3, 4].map((epoch) => [epoch, 0.4 / epoch]) };

test('title, axes and names of the curves are written', () => {
  const series = [training, { name: 'A <b> & "c"', points: training.points }];
  const { svg } = lineChart({ title: '<Loss>', subtitle: 'on MNIST', ...axes, series });
  const found = texts(parseHTML(svg).document);
  for (const text of ['<Loss>', 'on MNIST', 'Epoch', 'Loss', 'Training', 'A <b> & "c"']) {
    assert.ok(found.includes(text), text);
  }
});

test('epochs have whole numbers, losses round ones', () => {
  const document = draw(training);
  assert.deepEqual(ticks(document, 'x'), ['1', '2', '3', '4']);
  assert.deepEqual(ticks(document, 'y'), ['0', '0.1', '0.2', '0.3', '0.4']);
});

test('a curve is interrupted where it has no value, and lone points are dots', () => {
  const points = [0.5, 0.4, Number.NaN, 0.3, Number.POSITIVE_INFINITY, 0.2, 0.1].concat(Array(20).fill(0.1));
  const document = draw({ name: 'a', points: points.map((value, index) => [index + 1, value]) });
  const path = document.querySelector('[aria-label="line"] path')?.getAttribute('d') ?? '';
  assert.equal(path.match(/M/g)?.length, 3);
  assert.equal(document.querySelectorAll('circle').length, 1);
});

test('a single point is visible', async () => {
  const series = [{ name: 'Training', points: [[1, 0.03]] as const }];
  const document = draw(...series);
  assert.deepEqual(ticks(document, 'x'), ['1']);
  const dot = document.querySelector('circle');
  const [x, y] = [Number(dot?.getAttribute('cx')), Number(dot?.getAttribute('cy'))];
  const pixels = await decodePng(renderPng(lineChart({ ...axes, series }), 1));
  assert.deepEqual(pixels.at(Math.round(x), Math.round(y)), [0x00, 0x72, 0xb2]);
});

test('values of 0 and below interrupt a curve on a logarithmic axis', () => {
  const points = [1, 0.1, 0, -1, 0.01, 0.001].map((value, index) => [index, value] as const);
  const { svg } = lineChart({ ...axes, logY: true, series: [{ name: 'a', points }] });
  const { document } = parseHTML(svg);
  assert.deepEqual(ticks(document, 'y'), ['0.001', '0.01', '0.1', '1']);
  assert.equal(document.querySelector('[aria-label="line"] path')?.getAttribute('d')?.match(/M/g)?.length, 2);
});

test('sizes on a logarithmic axis have a tick each', () => {
  const points = [2, 4, 8, 16, 32, 64].map((size) => [size, 1 / size] as const);
  const { svg } = lineChart({ ...axes, logX: true, series: [{ name: 'a', points }] });
  assert.deepEqual(ticks(parseHTML(svg).document, 'x'), ['2', '4', '8', '16', '32', '64']);
});

test('names of curves that end together do not touch, and stay inside', () => {
  const series = Array.from({ length: 24 }, (_, index) => ({
    name: `Run ${index}`,
    points: training.points,
  }));
  const figure = lineChart({ ...axes, series });
  const names = [...parseHTML(figure.svg).document.querySelectorAll('text')].filter((element) =>
    element.textContent?.startsWith('Run '),
  );
  const heights = names.map((element) => Number(element.getAttribute('y'))).sort((a, b) => a - b);
  assert.equal(heights.length, 24);
  for (const [index, y] of heights.entries()) {
    assert.ok(y > 0 && y < figure.height);
    assert.ok(index === 0 || y - (heights[index - 1] ?? 0) >= 15.9);
  }
});

test('panels share the x axis and have their own y axes', () => {
  const { svg } = linePanels({
    xLabel: 'Epoch',
    panels: [
      { yLabel: 'Loss', series: [training] },
      {
        yLabel: 'Error',
        series: [
          {
            name: 'Validation',
            points: [
              [2, 40],
              [6, 20],
            ],
          },
        ],
      },
    ],
  });
  const { document } = parseHTML(svg);
  assert.deepEqual(ticks(document, 'x'), ['1', '2', '3', '4', '5', '6', '1', '2', '3', '4', '5', '6']);
  assert.deepEqual(ticks(document, 'y'), ['0', '0.1', '0.2', '0.3', '0.4', '0', '10', '20', '30', '40']);
});

test('a chart without anything to draw is a failure', () => {
  const empty: LineSeries[][] = [[], [{ name: 'a', points: [] }], [{ name: 'a', points: [[1, Number.NaN]] }]];
  for (const series of empty) {
    assert.throws(
      () => lineChart({ ...axes, series }),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'out-of-range',
    );
  }
});

test('error bars have their length, within the axis; a mark is at its place', () => {
  const series = [
    {
      name: 'a',
      points: [
        [1, 2],
        [2, 1],
        [3, 0.5],
      ] as const,
      deviations: [3, undefined, 0.1],
    },
  ];
  const plain = lineChart({
    xLabel: 'x',
    yLabel: 'y',
    series: [{ name: 'a', points: series[0]?.points ?? [] }],
  });
  const figure = lineChart({ xLabel: 'x', yLabel: 'y', series, mark: { x: 2, label: 'Knee: 2' } });
  // Two bars with two caps each, in one path.
  assert.equal(figure.svg.match(/stroke-width="1.25"/g)?.length, 1);
  assert.equal(figure.svg.match(/h8/g)?.length, 4);
  assert.ok(!plain.svg.includes('stroke-width="1.25"'));
  assert.ok(figure.svg.includes('>Knee: 2<'));
  // The axis is extended to the bar's end at 5.
  assert.ok(figure.svg.includes('>5<') && !plain.svg.includes('>5<'));
});

test('quiet curves are gray, behind the others, and named only if they have a name', () => {
  const points = training.points;
  const quiet = Array.from({ length: 20 }, () => ({ name: '', quiet: true, points }));
  const document = draw(...quiet, { ...training, name: 'Best' }, { name: 'Other', quiet: true, points });
  assert.deepEqual(
    texts(document).filter((text) => /[A-Z]/.test(text)),
    ['Loss', 'Best', 'Other', 'Epoch'],
  );
  const lines = [...document.querySelectorAll('[aria-label="line"]')];
  assert.deepEqual(
    lines.map((line) => line.querySelectorAll('path').length),
    [21, 1],
  );
  assert.equal(lines[1]?.getAttribute('stroke'), '#0072b2');
});

test('a quiet curve of one point is a dot', () => {
  const lone = { name: '', quiet: true, points: [[1, 0.5]] } as const;
  const dots = (...curves: Parameters<typeof draw>): number =>
    draw(...curves).querySelectorAll('[aria-label="dot"] circle').length;
  assert.equal(dots(training, lone, lone), dots(training) + 2);
});
