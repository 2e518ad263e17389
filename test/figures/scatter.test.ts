import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { Failure } from '../../src/core/diagnostic.ts';
import { Philox } from '../../src/core/philox.ts';
import { scatter, type ScatterOptions } from '../../src/figures/scatter.ts';
import { CLASS_COLORS, TYPE } from '../../src/figures/style.ts';
import { textWidth } from '../../src/figures/type.ts';

const AXES = ['One', 'Two'] as const;

/** Where points are drawn, by colour. */
function drawn(options: ScatterOptions) {
  const { svg, width, height } = scatter(options);
  const { document } = parseHTML(svg);
  const places = new Map<string, [number, number][]>();
  for (const path of document.querySelectorAll('g[stroke-linecap=round] path')) {
    const color = path.getAttribute('stroke') ?? '';
    const found = [...(path.getAttribute('d') ?? '').matchAll(/M([\d.-]+) ([\d.-]+)h0/g)];
    places.set(color, [
      ...(places.get(color) ?? []),
      ...found.map(([, x, y]): [number, number] => [Number(x), Number(y)]),
    ]);
  }
  const texts = [...document.querySelectorAll('text')].map((text) => text.textContent ?? '');
  return { svg, width, height, places, texts };
}

function cloud(count: number): Float32Array {
  const points = new Float32Array(2 * count);
  new Philox([count, 0]).normal(points);
  return points;
}

test('each point is drawn once, in the colour of its class, inside the figure', () => {
  const labels = Array.from({ length: 100 }, (_, index) => index % 3);
  const { places, texts, width, height } = drawn({ points: cloud(100), labels, axes: AXES, title: 'Cloud' });
  assert.deepEqual(
    [...places].map(([color, own]) => [color, own.length]).sort(),
    [
      [CLASS_COLORS[0] ?? '', 34],
      [CLASS_COLORS[1] ?? '', 33],
      [CLASS_COLORS[2] ?? '', 33],
    ].sort(),
  );
  for (const [x, y] of [...places.values()].flat()) assert.ok(x > 0 && x < width && y > 0 && y < height);
  for (const text of ['Cloud', 'One', 'Two', 'Class', '0', '1', '2']) assert.ok(texts.includes(text), text);
});

test('a unit is as long on one axis as on the other, whatever the shape of the cloud', () => {
  for (const [width, height] of [
    [1, 1],
    [100, 1],
    [1, 100],
    [3, 2],
  ] as const) {
    const { places } = drawn({ points: [0, 0, width, 0, 0, height], axes: AXES });
    const [[ox = 0, oy = 0] = [], [ax = 0] = [], [, by = 0] = []] = [...places.values()].flat();
    assert.ok(ax > ox && by < oy, 'x to the right, y upwards');
    assert.ok(Math.abs((ax - ox) / width / ((oy - by) / height) - 1) < 0.12, `${width} x ${height}`);
  }
});

test('if there are more classes than colours, the rarest are merged', () => {
  const labels = Array.from({ length: 400 }, (_, index) => (index < 300 ? index % 9 : 9 + (index % 20)));
  const { places, texts } = drawn({ points: cloud(400), labels, axes: AXES });
  assert.equal(places.size, CLASS_COLORS.length);
  assert.ok(texts.includes('20 others'));
});

test('classes are called by their names, long ones shortened, inside the figure', () => {
  const classes = ['<cat>', 'a name that is much too long for any legend of a figure'];
  const labels = [0, 1, 0, 1, 77, 77];
  const { svg, texts, width } = drawn({ points: cloud(6), labels, classes, axes: AXES });
  assert.equal(texts.filter((text) => text === '<cat>').length, 3, 'legend, and the name with its outline');
  assert.equal(texts.filter((text) => text === '77').length, 3);
  const legend = [...svg.matchAll(/<circle cx="(\d+)"/g)].map(([, x]) => Number(x) + 13);
  const longest = texts.filter((text) => text.startsWith('a name') && text.endsWith('…'));
  assert.equal(longest.length, 3);
  for (const text of longest) assert.ok((legend[0] ?? 0) + textWidth(text, TYPE.label) < width);
});

test('if names would overlap, the largest class keeps its name on the points', () => {
  const { texts } = drawn({ points: [5, 5, 5, 5, 5, 5], labels: [71, 72, 72], axes: AXES });
  const times = (name: string): number => texts.filter((text) => text === name).length;
  assert.deepEqual([times('71'), times('72')], [1, 3]);
});

test('a single point, points in one place, and no labels', () => {
  for (const points of [
    [3, 4],
    [1, 1, 1, 1],
  ]) {
    const { places, texts } = drawn({ points, axes: AXES });
    assert.equal([...places.values()].flat().length, points.length / 2);
    assert.ok(!texts.includes('Class'));
  }
  assert.throws(() => scatter({ points: [], axes: AXES }), Failure);
});

test('thumbnails do not cover one another, and are framed in the colour of their class', () => {
  const points = cloud(200);
  const tile = { width: 28, height: 28, channels: 1, values: new Uint8Array(784) } as const;
  const { svg } = drawn({
    points,
    labels: Array.from({ length: 200 }, (_, index) => index % 2),
    axes: AXES,
    thumbnails: {
      tiles: Array.from({ length: 200 }, () => tile),
      points: Array.from({ length: 200 }, (_, index) => index),
    },
  });
  const boxes = [...svg.matchAll(/<image x="(\d+)" y="(\d+)" width="28" height="28"/g)].map((match) =>
    match.slice(1).map(Number),
  );
  assert.ok(boxes.length > 10 && boxes.length < 200);
  boxes.forEach(([x = 0, y = 0], index) => {
    for (const [ox = 0, oy = 0] of boxes.slice(0, index)) {
      assert.ok(Math.max(Math.abs(x - ox), Math.abs(y - oy)) >= 28 + 2);
    }
  });
  const frames = [...svg.matchAll(/<rect [^>]*stroke="(#\w+)" stroke-width="2"/g)].map(([, color]) => color);
  assert.equal(frames.length, boxes.length);
  assert.deepEqual([...new Set(frames)].sort(), CLASS_COLORS.slice(0, 2).toSorted());
});
