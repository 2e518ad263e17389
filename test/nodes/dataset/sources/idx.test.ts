import assert from 'node:assert/strict';
import { mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readImages } from '../../../../src/formats/images.ts';
import type { IdxDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure);
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

const LABELS = Uint8Array.of(3, 1, 2);

function writeIdx(path: string, shape: readonly number[], data: Uint8Array): void {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(0x0800 + shape.length);
  shape.forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
  writeFileSync(path, Buffer.concat([header, data]));
}

function idxSettings(t: TestContext): { folder: string; settings: IdxDatasetSettings } {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'data'));
  writeIdx(
    join(folder, 'data', 'images'),
    [3, 2, 2],
    Uint8Array.from({ length: 12 }, (_, index) => index),
  );
  writeIdx(join(folder, 'data', 'labels'), [3], LABELS);
  return {
    folder,
    settings: {
      type: 'dataset',
      source: 'idx',
      train_images: 'data/images',
      train_labels: 'data/labels',
      limit: null,
      normalize: 'minmax',
    },
  };
}

test('own IDX files are read relative to the pipeline', async (t) => {
  const { folder, settings } = idxSettings(t);
  const context = fakeContext(folder, settings);
  await datasetNode.run(context);
  const images = await readImages(context.folder, 'train');
  assert.deepEqual(images.shape, [2, 2, 1]);
  assert.deepEqual(images.labels, LABELS);
});

test('the identity of own files is that of their content', async (t) => {
  const { folder, settings } = idxSettings(t);
  const before = await datasetNode.fingerprint?.(settings, folder);
  writeIdx(join(folder, 'data', 'labels'), [3], Uint8Array.of(0, 0, 0));
  assert.notDeepEqual(await datasetNode.fingerprint?.(settings, folder), before);
});

test('own files that are missing, truncated or do not fit together are named', async (t) => {
  const { folder, settings } = idxSettings(t);
  const run = (): Promise<unknown> => datasetNode.run(fakeContext(folder, settings));
  writeIdx(join(folder, 'data', 'labels'), [2], Uint8Array.of(0, 0));
  await assert.rejects(run(), hasCode('data-corrupt'));
  writeIdx(join(folder, 'data', 'labels'), [3], LABELS);
  truncateSync(join(folder, 'data', 'images'), 20);
  await assert.rejects(run(), hasCode('data-corrupt'));
  writeIdx(join(folder, 'data', 'images'), [12], new Uint8Array(12));
  await assert.rejects(run(), hasCode('data-corrupt'));
  const missing = fakeContext(folder, { ...settings, train_images: 'data/none' });
  await assert.rejects(datasetNode.run(missing), hasCode('data-missing'));
});
