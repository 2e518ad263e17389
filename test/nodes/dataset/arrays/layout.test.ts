/** NumPy arrays of rows, with channels first, and labels of all kinds. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { readImages } from '../../../../src/formats/images.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import type { NpyDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { npy } from '../../../formats/numpy-files.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

async function load(
  t: TestContext,
  files: Readonly<Record<string, Buffer>>,
  settings: Partial<NpyDatasetSettings>,
) {
  const root = temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, name), content);
  const context = fakeContext(root, {
    ...({ type: 'dataset', source: 'npy', train_images: 'x.npy', data_format: 'channels_last' } as const),
    ...({ limit: null, normalize: 'minmax' } as const),
    ...settings,
  });
  await datasetNode.run(context);
  return readImages(context.folder, 'train');
}

const bytes = Buffer.from([...Array(24).keys()].map((value) => value * 11));

test('images in rows, and channels that come first', async (t) => {
  const rows = { 'x.npy': npy('|u1', '(2, 12)', bytes) };
  const flat = await load(t, rows, { shape: [4, 3] });
  assert.deepEqual([flat.shape, [...flat.data]], [[4, 3, 1], [...bytes]]);
  const colors = await load(t, rows, { shape: [2, 2, 3] });
  assert.deepEqual([colors.shape, [...colors.data]], [[2, 2, 3], [...bytes]]);
  const planes = await load(
    t,
    { 'x.npy': npy('|u1', '(2, 3, 2, 2)', bytes) },
    { data_format: 'channels_first' },
  );
  const unrolled = await load(t, rows, { shape: [2, 2, 3], data_format: 'channels_first' });
  assert.deepEqual(unrolled.data, planes.data);
  assert.deepEqual(
    [...planes.data.subarray(0, 6)],
    [0, 4, 8, 1, 5, 9].map((value) => value * 11),
  );
});

test('labels: whole floats, one-hot, and names of classes', async (t) => {
  const x = npy('|u1', '(3, 2, 4)', bytes);
  const labelsOf = async (y: Buffer): Promise<unknown> => {
    const { labels } = await load(t, { 'x.npy': x, 'y.npy': y }, { train_labels: 'y.npy' });
    return [...(labels ?? [])];
  };
  const float = (...values: number[]): Buffer => Buffer.from(Float32Array.from(values).buffer);
  assert.deepEqual(await labelsOf(npy('<f4', '(3,)', float(4, 0, 7))), [4, 0, 7]);
  assert.deepEqual(await labelsOf(npy('<f4', '(3, 2)', float(0, 1, 1, 0, 0, 1))), [1, 0, 1]);
  assert.deepEqual(await labelsOf(npy('|u1', '(1, 3)', Buffer.of(4, 0, 7))), [4, 0, 7]);
  const wide = Buffer.alloc(24);
  ['b', 'ä', 'b'].forEach((name, index) => wide.writeUInt32LE(name.charCodeAt(0), index * 8));
  assert.deepEqual(await labelsOf(npy('<U2', '(3,)', wide)), [0, 1, 0]);
  assert.deepEqual(await labelsOf(npy('>U2', '(3,)', Buffer.from(wide).swap32())), [0, 1, 0]);
  assert.deepEqual(
    await labelsOf(npy('|S3', '(3, 1)', Buffer.from('10\0\x32\0\0\x31\x30\0', 'latin1'))),
    [1, 0, 1],
  );
});

test('a shape that the array does not have is refused', async (t) => {
  for (const [shape, settings] of [
    ['(2, 12)', { shape: [3, 3] }],
    ['(2, 3, 4)', { shape: [3, 4] }],
    ['(2, 12)', { data_format: 'channels_first' }],
    ['(2, 2, 3, 2, 1)', { data_format: 'channels_first' }],
  ] as const)
    await assert.rejects(
      load(t, { 'x.npy': npy('|u1', shape, bytes) }, settings),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt',
    );
});
