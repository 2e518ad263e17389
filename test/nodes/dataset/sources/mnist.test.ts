import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { readImages, readImageSet } from '../../../../src/formats/images.ts';
import type { MnistDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import {
  FASHION_MNIST_FILES,
  MNIST_FILES,
  pinFor,
  readKnownFile,
} from '../../../../src/nodes/dataset/arrays/known-files.ts';
import { mnistFolder, readMnist } from '../../../../src/nodes/dataset/sources/mnist.ts';
import { npy, zip } from '../../../formats/numpy-files.ts';
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

test('a folder of the same files has the same key and the same images: plain, gzipped, with a dot in the name', async (t) => {
  const folder = temporaryFolder(t);
  const [first, second, third, fourth] = MNIST_FILES.map(({ name }) => name);
  const content = (name = ''): Buffer => readFileSync(join(mnistFolder(), name));
  writeFileSync(join(folder, `${first}.gz`), gzipSync(content(first), { level: 1 }));
  writeFileSync(join(folder, String(second).replace('-idx', '.idx')), content(second));
  writeFileSync(join(folder, String(third)), content(third));
  writeFileSync(join(folder, `${fourth}.gz`.replace('-idx', '.idx')), gzipSync(content(fourth)));
  const own: MnistDatasetSettings = { ...MNIST, path: '.' };
  assert.deepEqual((await datasetNode.inspect?.(own, folder))?.findings, []);
  assert.deepEqual(
    await datasetNode.fingerprint?.(own, folder),
    await datasetNode.fingerprint?.(MNIST, folder),
  );
  for (const split of ['train', 'test'] as const)
    for (const part of ['images', 'labels'] as const)
      assert.ok(
        Buffer.compare((await readMnist(split, part, folder)).data, (await readMnist(split, part)).data) ===
          0,
      );
});

test('a folder without the four files is refused by `check`; for its parent folder, the right path is suggested', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'data/MNIST/raw'), { recursive: true });
  for (const { name } of MNIST_FILES) writeFileSync(join(folder, 'data/MNIST/raw', name), '');
  const findingOf = async (path: string) =>
    (await datasetNode.inspect?.({ ...MNIST, path }, folder))?.findings[0];
  assert.deepEqual(await findingOf('data/MNIST/raw'), undefined);
  const high = await findingOf('data');
  assert.deepEqual([high?.code, high?.replacement], ['data-missing', 'data/MNIST/raw']);
  writeFileSync(join(folder, 'mnist.npz'), zip([{ name: 'x_train.npy', data: npy('|u1', '(1,)', 1) }]));
  assert.match(String((await findingOf('mnist.npz'))?.hint), /source: npz/);
});

test('a file with the content of another one is named by its content', async (t) => {
  const folder = temporaryFolder(t);
  const labels = join(folder, 't10k-labels-idx1-ubyte');
  const hintOf = async (): Promise<string> => {
    const run = datasetNode.run(fakeContext(folder, { ...MNIST, path: '.' }));
    return run.then(
      () => '',
      (error: unknown) => (error instanceof Failure ? (error.diagnostics[0]?.hint ?? '') : String(error)),
    );
  };
  copyFileSync(join(mnistFolder(), 't10k-labels-idx1-ubyte'), join(folder, 'train-images-idx3-ubyte'));
  assert.match(await hintOf(), /`t10k-labels-idx1-ubyte`/);
  copyFileSync(join(mnistFolder(), 't10k-labels-idx1-ubyte'), labels);
  await assert.rejects(
    readKnownFile(folder, pinFor(FASHION_MNIST_FILES, 'test', 'labels'), { title: 'Fashion-MNIST' }),
    (error) => error instanceof Failure && /source: mnist/.test(error.diagnostics[0]?.hint ?? ''),
  );
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
  const packed = gzipSync(readFileSync(join(mnistFolder(), 't10k-labels-idx1-ubyte')));
  for (const bad of [
    packed.subarray(0, 3000),
    gzipSync(Buffer.alloc(2 ** 26 + 1), { level: 1 }),
    Buffer.alloc(0),
  ]) {
    writeFileSync(path, bad);
    await assert.rejects(readMnist('test', 'labels', folder), hasCode('data-corrupt'));
  }
  await assert.rejects(readMnist('test', 'labels', join(folder, 'none')), hasCode('data-missing'));
});
