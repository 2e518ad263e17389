/** `hourglass data`: what a stage contains, before anything trains. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { decodePng } from '../figures/decode.ts';
import { problemsOf, rig } from '../rig.ts';

/** Images of 2x2 pixels, one a row, of two classes. */
const PIPELINE = `name: pets
stages:
  pets: { type: dataset, source: csv, path: pets.csv, shape: [2, 2] }
  noisy: { type: noise, data: pets, kind: gaussian, stddev: 0.1 }
  model:
    type: model
    input_shape: [2, 2, 1]
    encoder: [Flatten, { Dense: { units: 2 } }]
    decoder: [{ Dense: { units: 4 } }, { Reshape: { target_shape: [2, 2, 1] } }]
  trained: { type: train, model: model, data: noisy, target: pets, loss: mse, epochs: 1 }
  denoised: { type: predict, model: trained, data: noisy, split: train }
`;
const ROWS = ['cat,0,0,0,0', 'dog,255,255,255,255', 'cat,0,255,0,0'];

interface DataJson {
  readonly stage: string;
  readonly shape: readonly number[];
  readonly splits: Readonly<
    Record<
      string,
      {
        readonly count: number;
        readonly dtype: string;
        readonly stored: { readonly maximum: number };
        readonly values: { readonly maximum: number; readonly mean: number };
        readonly histogram: { readonly counts: readonly number[] };
        readonly classes: readonly { readonly name: string; readonly count: number }[];
      }
    >
  >;
  readonly picture: string;
  readonly yaml?: string;
}

const rigged = rig({ after });
rigged.write('pets.yaml', PIPELINE);
rigged.write('pets.csv', ['label,a,b,c,d', ...ROWS, ''].join('\n'));

const look = async (...args: readonly string[]) => {
  const { code, json } = await rigged.runJson(['data', ...args]);
  return { code, json, data: json as unknown as DataJson };
};

test('counts, values, classes and a picture, for the source and for later stages', async () => {
  const { code, data } = await look('pets.yaml');
  assert.equal(code, 0);
  assert.deepEqual([data.stage, data.shape], ['pets', [2, 2, 1]]);
  const { train } = data.splits;
  assert.ok(train);
  assert.deepEqual(
    [train.count, train.dtype, train.stored.maximum, train.values.maximum, train.values.mean],
    [3, 'uint8', 255, 1, 5 / 12],
  );
  assert.deepEqual(train.classes, [
    { name: 'cat', count: 2 },
    { name: 'dog', count: 1 },
  ]);
  assert.deepEqual([train.histogram.counts[0], train.histogram.counts.at(-1)], [7, 5]);
  const { width, height } = await decodePng(readFileSync(rigged.path(data.picture)));
  assert.ok(width > 200 && height > 100);

  const { stdout } = await rigged.run(['data', 'pets.yaml', 'noisy']);
  for (const part of ['noisy', 'float32', 'cat', 'dog', '█', 'outputs/data/noisy.png'])
    assert.ok(stdout.includes(part), part);
  assert.ok(!rigged.exists('outputs/pets'), 'no run took place');
});

test('stages without images, or that need training, are refused at their place', async () => {
  const problems = async (...args: readonly string[]) => {
    const { code, json } = await look(...args);
    return [code, ...problemsOf(json).map(({ code: name, line }) => `${name} ${line}`)];
  };
  assert.deepEqual(await problems('pets.yaml', 'trained'), [2, 'wrong-stage-kind 10']);
  assert.deepEqual(await problems('pets.yaml', 'denoised'), [2, 'wrong-stage-kind 5']);
  assert.deepEqual(await problems('pets.yaml', 'pest'), [2, 'unknown-stage undefined']);
  rigged.write('pets.csv', ['label,a,b,c,d', ...ROWS, 'cat,1,2,x,4', ''].join('\n'));
  assert.deepEqual(await problems('pets.yaml'), [2, 'data-corrupt 3']);
});

test('a path instead of a pipeline: the stage that reads it, whose result the next run finds', async () => {
  rigged.write('cats.csv', ['label,a,b,c,d', ...ROWS, ''].join('\n'));
  const { code, data } = await look('cats.csv');
  assert.deepEqual([code, data.stage, data.splits['train']?.count], [0, 'cats', 3]);
  rigged.write('printed.yaml', data.yaml ?? '');
  const { json } = await rigged.runJson(['plan', 'printed.yaml']);
  assert.deepEqual(
    json.stages.map(({ name, action }) => [name, action]),
    [['cats', 'cached']],
  );
});

test('files that are neither pipelines nor data are refused', async () => {
  rigged.write('notes.txt', 'nothing of use');
  for (const [args, expected] of [
    [['nowhere'], 'file-not-found'],
    [['notes.txt'], 'data-corrupt'],
    [['pets.csv', 'pets'], 'usage'],
  ] as const) {
    const { code, json } = await look(...args);
    assert.deepEqual([code, problemsOf(json).map((problem) => problem.code)], [2, [expected]], args[0]);
  }
});
