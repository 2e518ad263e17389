import assert from 'node:assert/strict';
import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { readImages, readImageSet } from '../../../../src/formats/images.ts';
import type { MnistDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { mnistFolder, MNIST_FILES, readMnist } from '../../../../src/nodes/dataset/sources/mnist.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

const MNIST: MnistDatasetSettings = { type: 'dataset', source: 'mnist', limit: null, normalize: 'minmax' };

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure);
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

test('MNIST has its published size and statistics', async (t) => {
  const context = fakeContext(temporaryFolder(t), MNIST);
  const { metrics } = await datasetNode.run(context);
  assert.deepEqual(metrics, { train_images: 60_000, test_images: 10_000 });
  const { train, test: held } = JSON.parse(readFileSync(join(context.folder, 'summary.json'), 'utf8'));
  assert.deepEqual(train.shape, [60_000, 28, 28, 1]);
  assert.deepEqual([train.as_loaded.minimum, train.as_loaded.maximum], [0, 255]);
  assert.deepEqual([train.normalized.minimum, train.normalized.maximum], [0, 1]);
  // Mean and standard deviation that tutorials use: 0.1307 and 0.3081.
  assert.equal(train.normalized.mean.toFixed(4), '0.1307');
  assert.equal(train.normalized.standard_deviation.toFixed(4), '0.3081');
  assert.deepEqual([train.images_per_class['1'], held.images_per_class['5']], [6742, 892]);
});

test('limits keep the first images and their labels', async (t) => {
  const settings: MnistDatasetSettings = { ...MNIST, limit: { train: 10 }, normalize: 'none' };
  const context = fakeContext(temporaryFolder(t), settings);
  await datasetNode.run(context);
  const images = await readImages(context.folder, 'train');
  assert.deepEqual([...(images.labels ?? [])], [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]);
  assert.equal(images.data.length, 7840);
  assert.equal((await readImageSet(context.folder)).splits.test?.count, 10_000);
  assert.deepEqual((await readImageSet(context.folder)).range, [0, 255]);
});

test('an altered or truncated file of MNIST is refused', async (t) => {
  const folder = temporaryFolder(t);
  for (const { name } of MNIST_FILES) copyFileSync(join(mnistFolder(), name), join(folder, name));
  await readMnist('test', 'labels', folder);
  const path = join(folder, 't10k-labels-idx1-ubyte');
  const bytes = readFileSync(path);
  bytes[100] = (bytes[100] ?? 0) ^ 1;
  writeFileSync(path, bytes);
  await assert.rejects(readMnist('test', 'labels', folder), hasCode('data-corrupt'));
  truncateSync(path, 5000);
  await assert.rejects(readMnist('test', 'labels', folder), hasCode('data-corrupt'));
  await assert.rejects(readMnist('test', 'labels', join(folder, 'none')), hasCode('data-missing'));
});
