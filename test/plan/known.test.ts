/** What settings and files tell before anything runs is an error of `check`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemsOf, rig } from '../rig.ts';

/** IDX: images of 2x2 with other values each. */
function images(count: number): Buffer {
  const pixels = Array.from({ length: 4 * count }, (_, index) => (index * 37) % 251);
  return Buffer.from([0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2, ...pixels]);
}

const MODEL = `  ae: { type: model, input_shape: [2, 2], encoder: [Flatten, { Dense: { units: 2 } }], decoder: [{ Dense: { units: 4 } }, { Reshape: { target_shape: [2, 2] } }] }
  t: { type: train, model: ae, data: few, loss: mse, epochs: 1 }
`;

test('mistakes that a run would find late are found at their line', async (t) => {
  const rigged = rig(t);
  rigged.write('few.idx', images(3));
  rigged.write('more.idx', images(5));
  const cases: readonly (readonly [stage: string, ...codes: string[]])[] = [
    ['c: { type: figure, kind: history, model: t, quantities: [loss, val_loss] }', 'bad-setting 6:66'],
    ['c: { type: figure, kind: history, model: t, quantities: [mae] }', 'bad-setting 6:60'],
    ['T: { type: train, model: ae, data: few, loss: mse, epochs: 2 }', 'name-clash 7:3'],
    ['c: { type: figure, kind: images, data: more, before: few, split: train }', 'pair-mismatch 6:56'],
    ['c: { type: evaluate, model: t, data: few, target: more, split: train }', 'pair-mismatch 6:53'],
    ['c: { type: split, data: few, stratify: true, test: 0.5 }', 'bad-setting 6:42'],
    ['c: { type: split, data: few, test: 0.1 }', 'bad-setting 6:38'],
    ['c: { type: subset, data: few, classes: [0] }', 'bad-setting 6:42'],
    ['c: { type: figure, kind: images, data: few, split: train, labels: true }', 'bad-setting 6:69'],
    ['c: { type: project, method: tsne, data: few, split: train, perplexity: 5 }', 'bad-setting 6:43'],
    ['c: { type: train, model: ae, data: few, loss: mse, epochs: 1, validation: 0.1 }'],
    ['c: { type: train, model: ae, data: one, loss: mse, epochs: 1, validation: 0.5 }', 'bad-setting 6:77'],
    ['c: { type: dataset, source: mnist, limit: 70000 }', 'out-of-range 6:45'],
    [
      'c: { type: dataset, source: idx, train_images: few.idx, white_level: 255, limit: 4 }',
      'out-of-range 6:84',
    ],
    ['c: { type: dataset, source: idx, train_images: few.idx, white_level: 255, limit: { train: 3 } }'],
    ['c: { type: subset, data: few, count: 4 }', 'out-of-range 6:40'],
    ['c: { type: subset, data: few, count: { train: 4 } }', 'out-of-range 6:49'],
    ['c: { type: subset, data: few, count: 3 }'],
    ['c: { type: train, model: ae, data: few, loss: mse, epochs: 1, batch_size: 4 }', 'out-of-range 6:77'],
    ['c: { type: train, model: ae, data: few, loss: mse, epochs: 1, batch_size: 3 }'],
    [
      'c: { type: train, model: ae, data: few, loss: mse, epochs: 1, batch_size: 2, validation: 0.5 }',
      'out-of-range 6:77',
    ],
    // Of a split in two, one image is left.
    ['c: { type: train, model: ae, data: half, loss: mse, epochs: 1, batch_size: 3 }', 'out-of-range 6:78'],
    [
      'c: { type: train, model: ae, data: few, loss: mse, epochs: 1, preview: { split: train, columns: 4 } }',
      'out-of-range 6:99',
    ],
    ['c: { type: train, model: ae, data: few, loss: mse, epochs: 1, preview: { split: train } }'],
    ['c: { type: figure, kind: images, data: few, split: train, columns: 2 }', 'out-of-range 6:70'],
    ['c: { type: figure, kind: images, data: few, split: train, rows: 1, columns: 3 }'],
    ['c: { type: figure, kind: images, data: few, split: train }'],
    [
      'c: { type: figure, kind: comparison, model: t, data: few, split: train, samples: 4 }',
      'out-of-range 6:84',
    ],
    ['c: { type: figure, kind: comparison, model: t, data: few, split: train }'],
    [
      'c: { type: figure, kind: traversal, model: t, data: few, split: train, path: images, rows: 2 }',
      'out-of-range 6:94',
    ],
    [
      'c: { type: figure, kind: traversal, model: t, data: one, split: train, path: images, rows: 2 }',
      'bad-setting 6:80',
    ],
    ['c: { type: figure, kind: traversal, model: t, data: one, split: train }'],
    ['c: { type: figure, kind: traversal, model: t, data: few, split: train, rows: 4 }'],
  ];
  const files = cases.map(([stage], index) => {
    const name = `p${index}.yaml`;
    const sets = ['few', 'more']
      .map((each) => `${each}: { type: dataset, source: idx, train_images: ${each}.idx, white_level: 255 }`)
      .join('\n  ');
    const one =
      '  one: { type: subset, data: few, count: 1 }\n  half: { type: split, data: few, test: 0.5 }\n';
    rigged.write(name, `name: p${index}\nstages:\n  ${sets.replace('\n', '\n')}\n  ${stage}\n${MODEL}${one}`);
    return name;
  });
  const { json } = await rigged.runJson(['check', ...files]);
  for (const [index, [stage, ...codes]] of cases.entries()) {
    const found = (json.files[index]?.diagnostics ?? []).map(
      ({ code, line, column }) => `${code} ${line}:${column}`,
    );
    assert.deepEqual(
      found,
      codes.map((code) => code.replace(' 6:', ' 5:')),
      stage,
    );
  }
});

test('check warns of outputs that another file made', async (t) => {
  const rigged = rig(t);
  rigged.write('few.idx', images(3));
  const text = (name: string): string =>
    `name: ${name}\nstages:\n  few: { type: dataset, source: idx, train_images: few.idx, white_level: 255 }\n`;
  rigged.write('one.yaml', text('same'));
  rigged.write('two.yaml', text('same'));
  rigged.write('three.yaml', text('Same'));
  assert.equal((await rigged.run(['run', 'one.yaml'])).code, 0);
  const codes = async (file: string): Promise<readonly string[]> =>
    problemsOf((await rigged.runJson(['check', file])).json).map(({ code, line }) => `${code} ${line}`);
  assert.deepEqual(await codes('one.yaml'), []);
  assert.deepEqual(await codes('two.yaml'), ['name-in-use 1']);
  assert.deepEqual(await codes('three.yaml'), ['name-in-use 1']);
});
