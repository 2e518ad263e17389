/** Images that a stage compares are paired by name. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { writeNpy } from '../../src/formats/npy.ts';
import { rig, type Rig } from '../rig.ts';

const SIDE = 4;

/** Writes six images of one gray value each; those named in `broken` cannot be read. */
async function writeFolder(
  { path }: Rig,
  name: (image: number) => string,
  broken: readonly number[] = [],
): Promise<void> {
  for (let image = 0; image < 6; image++) {
    const file = path(name(image));
    mkdirSync(dirname(file), { recursive: true });
    const picture = sharp({
      create: {
        width: SIDE,
        height: SIDE,
        channels: 3,
        background: { r: 40 * image, g: 40 * image, b: 40 * image },
      },
    });
    const bytes = await picture.toFormat(file.endsWith('.jpg') ? 'jpeg' : 'png').toBuffer();
    writeFileSync(file, broken.includes(image) ? 'broken' : bytes);
  }
}

const writeArray = ({ path }: Rig, file: string, count: number, first: number): Promise<void> =>
  writeNpy(path(file), {
    shape: [count, SIDE, SIDE],
    data: Uint8Array.from({ length: count * SIDE * SIDE }, (_, index) => (first + index * 7) % 256),
  });

const figure = (name: string, before: string, data: string): string =>
  `  ${name}: { type: figure, kind: images, before: ${before}, data: ${data}, split: train, rows: 1, columns: 2 }\n`;

const folder = (name: string): string => `  ${name}: { type: dataset, source: images, path: ${name} }\n`;

test('folders, arrays and steps are paired by name; mismatches are refused at their line', async (t) => {
  const own = rig(t);
  const file = (image: number): string => `0${image}.png`;
  await writeFolder(own, (image) => `noisy/${file(image)}`, [2]);
  await writeFolder(own, (image) => `clean/${file(image)}`, [4]);
  await writeFolder(own, (image) => `whole/${file(image)}`);
  await writeFolder(own, (image) => `lossy/0${image}.jpg`, [2]);
  await writeFolder(own, (image) => `cats/${image < 3 ? 'cat' : 'dog'}/${file(image)}`);
  await writeFolder(own, (image) => `dogs/${image < 2 ? 'cat' : 'dog'}/${file(image)}`);
  await writeArray(own, 'six.npy', 6, 0);
  await writeArray(own, 'other.npy', 6, 1);
  await writeArray(own, 'five.npy', 5, 2);
  const good = [
    figure('good_jpg', 'noisy', 'lossy'),
    figure('good_class', 'cats', 'whole'),
    figure('good_array', 'whole', 'six'),
    figure('good_arrays', 'six', 'other'),
    figure('good_draw', 'six_1', 'whole_1'),
    figure('good_count', 'six_first', 'other_limited'),
  ];
  const bad = [
    figure('bad_folders', 'noisy', 'clean'),
    figure('bad_class', 'cats', 'dogs'),
    figure('bad_array', 'noisy', 'five'),
    figure('bad_draw', 'six_1', 'other_2'),
    figure('bad_concat', 'one_two', 'two_one'),
  ];
  const text = [
    'name: pairs\nstages:\n',
    ...['noisy', 'clean', 'whole', 'lossy', 'cats', 'dogs'].map(folder),
    ...['six', 'other', 'five'].map(
      (name) => `  ${name}: { type: dataset, source: npy, train_images: ${name}.npy }\n`,
    ),
    '  six_1: { type: subset, data: six, count: 3, choose: random, seed: 1 }\n',
    '  whole_1: { type: subset, data: whole, count: 3, choose: random, seed: 1 }\n',
    '  other_2: { type: subset, data: other, count: 3, choose: random, seed: 2 }\n',
    '  six_first: { type: subset, data: six, count: 3 }\n',
    '  other_limited: { type: dataset, source: npy, train_images: other.npy, limit: 3 }\n',
    '  one_two: { type: concat, data: six, with: other }\n',
    '  two_one: { type: concat, data: other, with: six }\n',
    ...good,
    ...bad,
  ].join('');
  own.write('pairs.yaml', text);
  const { code, json } = await own.runJson(['run', 'pairs.yaml', '--keep-going']);
  assert.equal(code, 1);
  const failed = json.stages.filter(({ state }) => state !== 'ran').map(({ name }) => name);
  const names = (lines: readonly string[]): readonly string[] =>
    lines.map((line) => /\w+/.exec(line)?.[0] ?? '');
  assert.deepEqual(failed.toSorted(), names(bad).toSorted());
  const found = json.diagnostics.filter((diagnostic) => diagnostic.code === 'pair-mismatch');
  const lines = text.split('\n');
  assert.deepEqual(
    found
      .map(({ stage, line = 0, column = 0 }) => [stage, lines[line - 1]?.slice(column - 9, column - 1)])
      .toSorted(),
    names(bad)
      .map((name) => [name, ' before: '.slice(-8)])
      .toSorted(),
  );
});

test('mismatches of an evaluation are found before anything is trained', async (t) => {
  const own = rig(t);
  await writeArray(own, 'six.npy', 6, 0);
  await writeArray(own, 'other.npy', 6, 1);
  own.write(
    'late.yaml',
    `name: late
stages:
  six: { type: dataset, source: npy, train_images: six.npy }
  other: { type: dataset, source: npy, train_images: other.npy }
  few: { type: subset, data: six, count: 3 }
  wrong: { type: subset, data: other, share: 0.5, choose: random, seed: 3 }
  model:
    type: model
    input_shape: [4, 4, 1]
    encoder: [Flatten, { Dense: { units: 2 } }]
    decoder: [{ Dense: { units: 16 } }, { Reshape: { target_shape: [4, 4, 1] } }]
  trained: { type: train, model: model, data: few, loss: mse, epochs: 1 }
  quality: { type: evaluate, model: trained, data: few, target: wrong, split: train, metrics: [mse] }
`,
  );
  const { json } = await own.runJson(['run', 'late.yaml', '--jobs', '1', '--engine', 'portable']);
  const states = new Map(json.stages.map(({ name, state }) => [name, state]));
  assert.equal(states.get('quality'), 'failed');
  assert.equal(states.get('trained'), 'skipped');
});

test('sets of other splits, other sizes or other names are refused before a run', async (t) => {
  const { write, runJson } = rig(t);
  const stages = (lines: string): string =>
    `name: early
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 40, test: 8 } }
  more: { type: dataset, source: mnist, limit: { train: 50, test: 8 } }
  clothes: { type: dataset, source: fashion-mnist, limit: { train: 40, test: 8 } }
  parts: { type: split, data: mnist, redivide: true, seed: 1 }
  others: { type: split, data: mnist, redivide: true, seed: 2 }
  few: { type: subset, data: more, count: 40 }
${lines}`;
  write(
    'bad.yaml',
    stages(
      figure('a', 'mnist', 'more') +
        figure('b', 'mnist', 'clothes') +
        figure('c', 'parts', 'others') +
        figure('d', 'parts', 'mnist'),
    ),
  );
  write('good.yaml', stages(figure('a', 'mnist', 'few') + figure('b', 'parts', 'parts')));
  const { json } = await runJson(['check', 'bad.yaml', 'good.yaml']);
  const found = json.files.map(({ diagnostics }) => diagnostics.map(({ code, line }) => [code, line]));
  assert.deepEqual(found, [[10, 11, 12, 13].map((line) => ['pair-mismatch', line - 1]), []]);
});
