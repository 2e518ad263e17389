import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evenly, withinBudget } from '../../src/report/budget.ts';
import type { Exhibit, Picture } from '../../src/report/exhibit.ts';
import type { ReportStage } from '../../src/report/report.ts';

function picture(path: string, bytes: number): Picture {
  return { path, mime: 'image/png', data: Buffer.alloc(bytes), width: 1, height: 1, alt: path };
}

function stage(name: string, exhibits: readonly Exhibit[]): ReportStage {
  const rest = { inputs: {}, settings: {}, written: [], metrics: {}, files: [] };
  return { name, type: 'x', state: 'done', exhibits, ...rest };
}

function series(frames: number, bytes: number): Exhibit {
  return {
    kind: 'series',
    counts: 'epoch',
    frames: Array.from({ length: frames }, (_, index) => ({
      number: index + 1,
      picture: picture(`epoch-${index + 1}.png`, bytes),
      measured: {},
    })),
    omitted: 5,
    beside: [],
  };
}

test('pictures that fit stay as they are', () => {
  const stages = [stage('a', [{ kind: 'figure', picture: picture('a.png', 1e6) }, series(30, 50_000)])];
  assert.deepEqual(withinBudget(stages), stages);
});

test('a large series keeps fewer pictures, including the first and the last', () => {
  const [shown] = withinBudget([stage('a', [series(30, 400_000)])]);
  const [exhibit] = shown?.exhibits ?? [];
  assert.ok(exhibit?.kind === 'series');
  assert.deepEqual(
    exhibit.frames.map(({ number }) => number),
    [1, 8, 16, 23, 30],
  );
  assert.equal(exhibit.omitted, 30);
});

test('many large stages do not make a large report; figures come before series, and omissions are listed', () => {
  const stages = Array.from({ length: 12 }, (_, index) =>
    stage(`s${index}`, [series(30, 300_000), { kind: 'figure', picture: picture('figure.png', 1e6) }]),
  );
  const shown = withinBudget(stages).flatMap(({ exhibits }) => exhibits);
  const bytes = shown.reduce(
    (sum, exhibit) =>
      sum +
      (exhibit.kind === 'figure'
        ? exhibit.picture.data.length
        : exhibit.kind === 'series'
          ? exhibit.frames.length * 300_000
          : 0),
    0,
  );
  assert.ok(bytes < 7e6);
  assert.equal(shown.filter(({ kind }) => kind === 'figure').length, 6);
  assert.ok(shown.some((exhibit) => exhibit.kind === 'unshown' && exhibit.path === 'figure.png'));
});

test('models take their room from pictures, and leave some in any case', () => {
  const figures = Array.from({ length: 12 }, (_, index): Exhibit => {
    return { kind: 'figure', picture: picture(`${index}.png`, 1e6) };
  });
  const shown = (models: number): number =>
    withinBudget([stage('a', figures)], models)
      .flatMap(({ exhibits }) => exhibits)
      .filter(({ kind }) => kind === 'figure').length;
  for (const models of [0, 2e6, 4e6]) assert.ok(shown(models) * 1e6 * (4 / 3) + models < 10e6);
  assert.ok(shown(4e6) < shown(0));
  assert.equal(shown(100e6), 3);
});

test('even distances', () => {
  assert.deepEqual(evenly([1, 2, 3, 4, 5], 3), [1, 3, 5]);
  assert.deepEqual(evenly([1, 2, 3], 1), [3]);
  assert.deepEqual(evenly([1, 2, 3], 0), []);
});
