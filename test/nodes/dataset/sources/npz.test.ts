import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readImages, readImageSet, type HeldImages } from '../../../../src/formats/images.ts';
import type {
  DatasetSettings,
  NpyDatasetSettings,
  NpzDatasetSettings,
} from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import type { OutputDescription } from '../../../../src/core/stage-type.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { npy, zip, type Entry } from '../../../formats/numpy-files.ts';
import { rig } from '../../../rig.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

const NPZ: NpzDatasetSettings = {
  type: 'dataset',
  source: 'npz',
  path: 'data.npz',
  train_images: 'x_train',
  train_labels: 'y_train',
  test_images: 'x_test',
  test_labels: 'y_test',
  data_format: 'channels_last',
  limit: null,
  normalize: 'minmax',
};

const bytesOf = (data: Float32Array | Float64Array | BigInt64Array | Int32Array): Uint8Array =>
  new Uint8Array(data.buffer);

/** As Keras's `mnist.npz`: bytes and bytes. */
const KERAS: readonly Entry[] = [
  {
    name: 'x_train.npy',
    data: npy(
      '|u1',
      '(2, 2, 3)',
      Uint8Array.from({ length: 12 }, (_, index) => index),
    ),
  },
  { name: 'y_train.npy', data: npy('|u1', '(2,)', Uint8Array.of(5, 0)) },
  { name: 'x_test.npy', data: npy('|u1', '(1, 2, 3)', new Uint8Array(6).fill(255)), stored: true },
  { name: 'y_test.npy', data: npy('|u1', '(1,)', Uint8Array.of(7)), stored: true },
];

interface Loaded {
  readonly folder: string;
  readonly train: HeldImages;
  readonly metrics: Readonly<Record<string, number>> | undefined;
}

async function load(
  t: TestContext,
  settings: DatasetSettings,
  files: Readonly<Record<string, Uint8Array>>,
): Promise<Loaded> {
  const root = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(root, name), bytes);
  const context = fakeContext(root, settings);
  const { metrics } = await datasetNode.run(context);
  return { folder: context.folder, train: await readImages(context.folder, 'train'), metrics };
}

test('an archive as Keras has it is read by its usual names', async (t) => {
  const { folder, train, metrics } = await load(t, NPZ, { 'data.npz': zip(KERAS) });
  assert.deepEqual(metrics, { train_images: 2, test_images: 1 });
  assert.deepEqual([train.shape, train.scale, [...(train.labels ?? [])]], [[2, 3, 1], 1 / 255, [5, 0]]);
  assert.deepEqual([...train.data], [...Array(12).keys()]);
  assert.deepEqual((await readImages(folder, 'test')).labels, Uint8Array.of(7));
  assert.deepEqual((await readImageSet(folder)).range, [0, 1]);
});

test('other names, no labels, no test images; colours', async (t) => {
  const settings = { ...NPZ, train_images: 'pixels', train_labels: null, test_images: null };
  const data = npy('|u1', '(1, 2, 2, 3)', 12);
  const { train, metrics } = await load(t, settings, { 'data.npz': zip([{ name: 'pixels.npy', data }]) });
  assert.deepEqual([train.shape, train.labels, metrics], [[2, 2, 3], undefined, { train_images: 1 }]);
});

test('an array that an archive lacks is named at its setting, or at the archive if the settings name none', async (t) => {
  const cases = [
    [{ ...NPZ, train_images: 'none' }, 'train_images'],
    [{ ...NPZ, train_labels: 'none' }, 'train_labels'],
    [{ ...NPZ, train_images: 'x', train_labels: null, test_images: null }, undefined],
    [{ ...NPZ, train_images: 'x' }, 'path'],
  ] as const;
  const data = npy('|u1', '(1, 2, 2)', 4);
  const archive = zip([...KERAS.filter(({ name }) => !name.startsWith('y_')), { name: 'x.npy', data }]);
  for (const [settings, at] of cases) {
    const work = load(t, settings, { 'data.npz': archive });
    if (at === undefined) await work;
    else {
      await assert.rejects(work, (error) => {
        assert.ok(error instanceof Failure);
        const [found] = error.diagnostics;
        assert.deepEqual([found?.code, found?.at], ['data-missing', [at]]);
        // The file exists, so the message must not be about paths.
        assert.doesNotMatch(found?.hint ?? '', /paths/);
        return true;
      });
    }
  }
});

test('floats stay as they are, doubles become floats, and labels of 64 bits in rows of their own are taken', async (t) => {
  const files = {
    'x.npy': npy('<f8', '(2, 1, 2)', bytesOf(Float64Array.of(-1, 0.5, 0.1, 2))),
    'y.npy': npy('<i8', '(2, 1)', bytesOf(BigInt64Array.of(300n, 4n))),
    'xt.npy': npy('<f4', '(1, 1, 2)', bytesOf(Float32Array.of(3, -2))),
  };
  const settings: NpyDatasetSettings = {
    ...{ type: 'dataset', source: 'npy', data_format: 'channels_last', limit: null, normalize: 'minmax' },
    ...{ train_images: 'x.npy', train_labels: 'y.npy', test_images: 'xt.npy' },
  };
  const { folder, train } = await load(t, settings, files);
  assert.deepEqual(train.data, Float32Array.of(-1, 0.5, 0.1, 2));
  assert.deepEqual([train.scale, train.labels], [1, Int32Array.of(300, 4)]);
  assert.deepEqual((await readImageSet(folder)).range, [-2, 3]);
  const summary = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'));
  assert.equal(summary.train.as_loaded.dtype, 'float64');
});

test('splits of different types or sizes are not one data set', async (t) => {
  for (const data of [npy('<f4', '(1, 2, 3)', 24), npy('|u1', '(1, 3, 3)', 9)]) {
    const entries = KERAS.map((entry) => (entry.name === 'x_test.npy' ? { ...entry, data } : entry));
    await assert.rejects(load(t, NPZ, { 'data.npz': zip(entries) }), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.diagnostics[0]?.code, 'data-corrupt');
      return true;
    });
  }
});

test('splits are known before it runs, files are named and their contents are part of the key', async (t) => {
  const describe = (settings: DatasetSettings): OutputDescription | undefined =>
    datasetNode.analyze({
      stage: 'data',
      settings,
      inputs: {},
      references: {},
      report: () => assert.fail('nothing is wrong'),
    });
  const chosen = { divisions: [] };
  assert.deepEqual(describe(NPZ), { kind: 'images', splits: ['train', 'test'], labeled: true, chosen });
  assert.deepEqual(describe({ ...NPZ, test_images: null }), {
    kind: 'images',
    splits: ['train'],
    labeled: true,
    chosen,
  });
  assert.deepEqual(datasetNode.files?.(NPZ), ['data.npz']);
  const single: NpyDatasetSettings = {
    ...{ type: 'dataset', source: 'npy', data_format: 'channels_last', limit: null, normalize: 'minmax' },
    train_images: 'data.npz',
  };
  assert.deepEqual(datasetNode.files?.(single), ['data.npz']);
  const root = temporaryFolder(t);
  for (const settings of [NPZ, single]) {
    const prints = [];
    for (const bytes of [zip(KERAS), zip(KERAS.slice(1))]) {
      writeFileSync(join(root, 'data.npz'), bytes);
      prints.push(JSON.stringify(await datasetNode.fingerprint?.(settings, root)));
    }
    assert.notEqual(prints[0], prints[1]);
  }
});

test('from the command line: an archive, split again, scaled and resized', async (t) => {
  const { write, runJson, read } = rig(t);
  write('data.npz', zip(KERAS));
  write(
    'arrays.yaml',
    `name: arrays
stages:
  digits: { type: dataset, source: npz, path: data.npz }
  parts: { type: split, data: digits, redivide: true, test: 0.34 }
  scaled: { type: normalize, data: parts, method: minmax, from: [0, 1], to: [-1, 1] }
  small: { type: resize, data: scaled, size: [1, 1] }
`,
  );
  const { code, json } = await runJson(['run', 'arrays.yaml']);
  assert.equal(code, 0, JSON.stringify(json));
  const record = JSON.parse(read('outputs/arrays/small/images.json'));
  assert.deepEqual(
    [record.shape, record.range],
    [
      [1, 1, 1],
      [-1, 1],
    ],
  );
  assert.deepEqual([record.splits.train.count, record.splits.test.count], [2, 1]);
});
