import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseHTML } from 'linkedom';
import { writeImageSet, type HeldImages } from '../../src/formats/images.ts';
import { measureBaselines } from '../../src/report/baselines.ts';
import { renderPage } from '../../src/report/page.ts';
import { readReport } from '../../src/report/read.ts';
import { temporaryFolder } from '../nodes/context.ts';
import { makeOutputs, type Outputs } from './outputs.ts';

function images(count: number, ...values: readonly number[]): HeldImages {
  return { data: Float32Array.from(values), count, shape: [1, 2, 1], scale: 1, offset: 0 };
}

/** Two test images, which are compared with the mean (0.5, 0.25) of the training images. */
const CLEAN = { train: images(2, 0, 0, 1, 0.5), test: images(2, 1, 0.25, 0.5, 0.75) };
const NOISY = { test: images(2, 0.5, 0.25, 1, 0.25) };

async function write(folder: string, splits: typeof NOISY): Promise<void> {
  await writeImageSet(folder, { shape: [1, 2, 1], range: [0, 1], splits });
}

function isClose(actual: number | undefined, expected: number): void {
  assert.ok(actual !== undefined && Math.abs(actual - expected) < 1e-6, `${actual} is not ${expected}`);
}

test('errors of the inputs and of the mean training image, as `evaluate` defines them', async (t) => {
  const [clean, noisy] = [temporaryFolder(t), temporaryFolder(t)];
  await write(clean, CLEAN);
  await write(noisy, NOISY);
  const found = await measureBaselines(noisy, clean, clean, 'test', true);
  assert.deepEqual([found?.split, found?.images, found?.span], ['test', 2, 1]);
  const [input, mean, exact] = found?.baselines ?? [];
  assert.deepEqual([input?.name, mean?.name, exact?.name], ['input', 'mean', 'exact']);
  // The squares of the differences are (0.25, 0) and (0.25, 0.25); means of images are 0.125 and 0.25.
  isClose(input?.metrics['mse'], 0.1875);
  isClose(input?.metrics['mae'], 0.375);
  isClose(input?.metrics['squared_error'], 0.375);
  isClose(input?.metrics['psnr'], (-10 * Math.log10(0.125) - 10 * Math.log10(0.25)) / 2);
  // (0.25, 0) and (0, 0.25)
  isClose(mean?.metrics['mse'], 0.125);
  const cross = (wanted: number, given: number): number =>
    -(wanted * Math.log(given) + (1 - wanted) * Math.log(1 - given));
  const entropies = [cross(1, 0.5), cross(0.25, 0.25), cross(0.5, 0.5), cross(0.75, 0.25)];
  isClose(mean?.metrics['binary_crossentropy'], entropies.reduce((sum, value) => sum + value, 0) / 4);
  const least = [0, cross(0.25, 0.25), cross(0.5, 0.5), cross(0.75, 0.75)];
  isClose(exact?.metrics['binary_crossentropy'], least.reduce((sum, value) => sum + value, 0) / 4);
  assert.deepEqual(Object.keys(exact?.metrics ?? {}), ['binary_crossentropy']);
});

test('what cannot be computed is absent', async (t) => {
  const [clean, noisy, other] = [temporaryFolder(t), temporaryFolder(t), temporaryFolder(t)];
  await write(clean, NOISY);
  await write(noisy, NOISY);
  await write(other, { test: images(1, 0, 0) });
  assert.deepEqual((await measureBaselines(clean, clean, clean, 'test', false))?.baselines, []);
  assert.equal(await measureBaselines(noisy, clean, clean, 'train', false), undefined);
  assert.deepEqual((await measureBaselines(other, clean, clean, 'test', false))?.baselines, []);
  assert.equal(
    await measureBaselines(join(clean, 'none'), join(clean, 'none'), undefined, 'test', false),
    undefined,
  );
  const damaged = temporaryFolder(t);
  await write(damaged, NOISY);
  writeFileSync(join(damaged, 'test-images.npy'), 'no array');
  assert.equal(await measureBaselines(damaged, damaged, undefined, 'test', false), undefined);
});

type Stages = Record<string, object | undefined>;

/** Changes the record of a run. */
function changeStages({ folder }: Outputs, change: (stages: Stages) => void): void {
  const file = join(folder, 'run.json');
  const record = JSON.parse(readFileSync(file, 'utf8'));
  change(record.stages);
  writeFileSync(file, JSON.stringify(record));
}

/** A run with the images of its data set, which it measured. */
async function measuredOutputs(t: Parameters<typeof makeOutputs>[0], settings: string): Promise<Outputs> {
  const resolved = `stages:
  digits: { type: dataset }
  net: { type: model }
  trained: { type: train, model: net, data: digits }
  quality: { type: evaluate, model: trained, data: digits, ${settings} }
  sharpness: { type: evaluate, model: trained, data: digits, ${settings} }
  linear: { type: pca, data: digits, components: [2, 4], split: test }
`;
  const outputs = makeOutputs(t, { resolved });
  await write(join(outputs.folder, 'digits'), CLEAN);
  changeStages(outputs, (stages) => {
    stages['linear'] = { ...stages['quality'], type: 'pca', inputs: { data: 'digits' } };
  });
  outputs.write('linear/metrics.json', '{}');
  outputs.write(
    'metrics.json',
    JSON.stringify({ quality: { mse: 0.01, test_mse: 0.01 }, linear: { mse_2: 0.3, mse_4: 0.2 } }),
  );
  return outputs;
}

test('a report compares its evaluations with the mean image, and with PCA of as many components', async (t) => {
  const { folder } = await measuredOutputs(t, 'split: test');
  const quality = (await readReport(folder)).stages.find(({ name }) => name === 'quality');
  const found = (quality?.measured?.baselines ?? []).map(({ name, components, metrics }) => [
    name,
    components,
    metrics,
  ]);
  // The summary of the encoder ends in 4 values.
  assert.deepEqual(found, [
    ['mean', undefined, { mse: 0.125 }],
    ['pca', 4, { mse: 0.2 }],
  ]);
});

test('a model that removes noise is not compared with PCA, which is given the images without noise', async (t) => {
  const outputs = await measuredOutputs(t, 'split: test');
  changeStages(outputs, (stages) => {
    stages['noisy'] = { ...stages['digits'], inputs: { data: 'digits' } };
    stages['quality'] = {
      ...stages['quality'],
      inputs: { model: 'trained', data: 'noisy', target: 'digits' },
    };
  });
  outputs.write('noisy/summary.json', '{}');
  await write(join(outputs.folder, 'noisy'), NOISY);
  const quality = (await readReport(outputs.folder)).stages.find(({ name }) => name === 'quality');
  assert.deepEqual(
    quality?.measured?.baselines.map(({ name }) => name),
    ['input', 'mean'],
  );
});

test('the mean image is that of the images that the model was trained on', async (t) => {
  const outputs = await measuredOutputs(t, 'split: test');
  changeStages(outputs, (stages) => {
    stages['normal'] = { ...stages['digits'], inputs: { data: 'digits' } };
    stages['trained'] = { ...stages['trained'], inputs: { model: 'net', data: 'normal' } };
  });
  outputs.write('normal/summary.json', '{}');
  await write(join(outputs.folder, 'normal'), { ...NOISY, ...{ train: images(1, 1, 0.25) } });
  const mean = async (): Promise<readonly unknown[]> => {
    const quality = (await readReport(outputs.folder)).stages.find(({ name }) => name === 'quality');
    return quality?.measured?.baselines.filter(({ name }) => name === 'mean') ?? [];
  };
  // The squares of the differences from (1, 0.25) are (0, 0) and (0.25, 0.25).
  assert.deepEqual(await mean(), [{ name: 'mean', trained: 'normal', metrics: { mse: 0.125 } }]);
  await write(join(outputs.folder, 'normal'), { ...NOISY, ...{ train: images(1, 0, 0.25) } });
  // From (0, 0.25): (1, 0) and (0.25, 0.25).
  assert.deepEqual(await mean(), [{ name: 'mean', trained: 'normal', metrics: { mse: 0.375 } }]);
});

test('numbers of both splits are each compared with images of their own split', async (t) => {
  const outputs = await measuredOutputs(t, 'split: all');
  const metrics = { quality: { train_mse: 0.02, test_mse: 0.01, test_psnr: 20 } };
  outputs.write('metrics.json', JSON.stringify(metrics));
  const report = await readReport(outputs.folder);
  const measured = report.stages.find(({ name }) => name === 'quality')?.measured;
  assert.deepEqual(
    measured?.splits.map(({ split }) => split),
    ['test', 'train'],
  );
  const means = (measured?.baselines ?? []).filter(({ name }) => name === 'mean');
  const found = Object.assign({}, ...means.map((baseline) => baseline.metrics)) as Record<string, number>;
  assert.deepEqual(Object.keys(found).toSorted(), ['test_mse', 'test_psnr', 'train_mse']);
  isClose(found['test_mse'], 0.125);
  // (0.25, 0.0625), twice
  isClose(found['train_mse'], 0.15625);
  const { document } = parseHTML(renderPage(report));
  const text = document.querySelector('#summary .measured')?.textContent ?? '';
  assert.match(text, /2 test images and 2 training images/);
});

test('stages that measured different metrics of the same images share the rows of their baselines', async (t) => {
  const outputs = await measuredOutputs(t, 'split: test');
  changeStages(outputs, (stages) => (stages['sharpness'] = stages['quality']));
  outputs.write('sharpness/metrics.json', '{}');
  outputs.write('metrics.json', JSON.stringify({ quality: { mse: 0.01 }, sharpness: { mae: 0.1 } }));
  const { document } = parseHTML(renderPage(await readReport(outputs.folder)));
  const rows = [...document.querySelectorAll('#summary tr.baseline')].map((row) =>
    [...row.children].map((cell) => cell.textContent?.trim()),
  );
  assert.deepEqual(rows, [['the mean training image', '0.1250', '0.2500']]);
});

test('images that were changed since the run are no baseline', async (t) => {
  const outputs = await measuredOutputs(t, 'split: train');
  const before = (await readReport(outputs.folder)).stages.find(({ name }) => name === 'quality');
  assert.deepEqual(before?.measured?.splits, [{ split: 'train', images: 2 }]);
  outputs.write('digits/images.json', '{}');
  const after = (await readReport(outputs.folder)).stages.find(({ name }) => name === 'quality');
  assert.equal(after?.measured, undefined);
});
