import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { readImages } from '../../../../src/formats/images.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { guessArrays } from '../../../../src/nodes/dataset/arrays/guess-arrays.ts';
import { npy, zip } from '../../../formats/numpy-files.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';
import { settingsOf } from '../settings.ts';

type Shapes = Readonly<Record<string, readonly number[]>>;

function guess(shapes: Shapes): unknown {
  const found = guessArrays(Object.entries(shapes).map(([name, shape]) => ({ name, shape })));
  return found === undefined ? undefined : Object.values(found);
}

test('arrays of common archives are recognised by their shapes and names', () => {
  const image = [28, 28];
  assert.deepEqual(guess({ arr_0: [100, ...image], arr_1: [100] }), ['arr_0', 'arr_1', null, null]);
  assert.deepEqual(guess({ y: [100, 1], X: [100, 784] }), ['X', 'y', null, null]);
  assert.deepEqual(
    guess({
      ...{ test_labels: [10, 1], train_labels: [100, 1], val_labels: [5, 1] },
      ...{ val_images: [5, ...image], train_images: [100, ...image], test_images: [10, ...image] },
    }),
    ['train_images', 'train_labels', 'test_images', 'test_labels'],
  );
  assert.deepEqual(
    guess({
      ...{ X_train: [100, ...image], X_test: [100, ...image] },
      ...{ y_train: [100], y_test: [100] },
    }),
    ['X_train', 'y_train', 'X_test', 'y_test'],
  );
  assert.deepEqual(guess({ images: [50, 8, 8], onehot: [50, 10] }), ['images', 'onehot', null, null]);
  // scikit-learn's digits have the same images twice.
  assert.deepEqual(guess({ data: [50, 64], images: [50, 8, 8], target: [50] }), [
    'images',
    'target',
    null,
    null,
  ]);
  assert.deepEqual(guess({ labels: [100] }), undefined);
});

test('labels are never those of other images', () => {
  const image = [28, 28];
  // As many images for validation as for tests.
  assert.deepEqual(
    guess({
      ...{ train_images: [100, ...image], val_images: [10, ...image], test_images: [10, ...image] },
      ...{ train_labels: [100, 1], val_labels: [10, 1], test_labels: [10, 1] },
    }),
    ['train_images', 'train_labels', 'test_images', 'test_labels'],
  );
  assert.deepEqual(guess({ x_train: [100, ...image], x_val: [10, ...image], y_val: [10] }), [
    ...['x_train', null],
    ...['x_val', 'y_val'],
  ]);
  // A wrong number of labels is still named, so that reading reports it.
  assert.deepEqual(guess({ x_train: [100, ...image], y_train: [90] }), ['x_train', 'y_train', null, null]);
});

function archive(shapes: Shapes): Buffer {
  return zip(
    Object.entries(shapes).map(([name, shape]) => ({
      name: `${name}.npy`,
      data: npy(
        '|u1',
        `(${shape.join(', ')},)`,
        Buffer.from(
          Array.from(
            { length: shape.reduce((product, length) => product * length, 1) },
            (_, index) => (index * 7 + name.length) % 256,
          ),
        ),
      ),
    })),
  );
}

async function failureOf(
  t: TestContext,
  files: Readonly<Record<string, Shapes>>,
  keys: Readonly<Record<string, unknown>> = {},
): Promise<{ readonly at: string; readonly hint: string } | undefined> {
  const root = temporaryFolder(t);
  for (const [name, shapes] of Object.entries(files)) writeFileSync(join(root, name), archive(shapes));
  const settings = settingsOf({ source: 'npz', path: 'a.npz', ...keys });
  return datasetNode.run(fakeContext(root, settings)).then(
    () => undefined,
    (error: unknown) => {
      assert.ok(error instanceof Failure);
      const [first] = error.diagnostics;
      assert.equal(first?.code, 'data-missing');
      return { at: first.at?.join() ?? '', hint: first.hint ?? '' };
    },
  );
}

test('the message about a missing array says what to write, and that works', async (t) => {
  const files = { 'a.npz': { arr_0: [4, 3, 3], arr_1: [4] } };
  const found = await failureOf(t, files);
  assert.deepEqual(found?.at, 'path');
  const keys = Object.fromEntries(
    [...found.hint.matchAll(/`(\w+): (\w+)`/g)].map(([, key, value]) => [
      key,
      value === 'null' ? null : value,
    ]),
  );
  assert.deepEqual(keys, { train_images: 'arr_0', train_labels: 'arr_1', test_images: null });
  assert.equal(await failureOf(t, files, keys), undefined);
  const near = await failureOf(t, files, { ...keys, train_images: 'arr0' });
  assert.deepEqual([near?.at, near?.hint.includes('`arr_0`')], ['train_images', true]);
});

test('test arrays in a file of their own have names of their own or those of the training arrays', async (t) => {
  const train = { pixels: [4, 3, 3], kinds: [4] };
  const names = { test_path: 'b.npz', train_images: 'pixels', train_labels: 'kinds' };
  const tests: readonly Shapes[] = [
    { pixels: [2, 3, 3], kinds: [2] },
    { x_test: [2, 3, 3], y_test: [2] },
  ];
  for (const own of tests)
    assert.equal(await failureOf(t, { 'a.npz': train, 'b.npz': own }, names), undefined);
  const lacking = await failureOf(t, { 'a.npz': train, 'b.npz': { x: [2, 3, 3], y: [2] } }, names);
  assert.equal(lacking?.at, 'test_path');
  assert.match(lacking.hint, /`test_images: x`, `test_labels: y`/);
  const root = temporaryFolder(t);
  writeFileSync(join(root, 'a.npz'), archive(train));
  writeFileSync(join(root, 'b.npz'), archive({ pixels: [2, 3, 3] }));
  const settings = settingsOf({ ...names, source: 'npz', path: 'a.npz', train_labels: null });
  const context = fakeContext(root, settings);
  await datasetNode.run(context);
  const { count, labels } = await readImages(context.folder, 'test');
  assert.deepEqual([count, labels], [2, undefined]);
  const findings = await datasetNode.inspect?.({ ...settings, test_path: 'c.npz' }, root);
  assert.deepEqual(findings?.findings[0]?.at, ['test_path']);
});
