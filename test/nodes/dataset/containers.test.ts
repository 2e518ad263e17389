/** A file of another tool or source is recognised and reported at the setting, by `check` and by a run. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../src/nodes/dataset/node.ts';
import type { DatasetSettings } from '../../../src/schema/generated/settings.ts';
import { npy, zip } from '../../formats/numpy-files.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { settingsOf } from './settings.ts';

const array = npy('|u1', '(2, 3, 3)', 18);

const FILES: Readonly<Record<string, Buffer>> = {
  'x.mat': Buffer.from('MATLAB 5.0 MAT-file'),
  'x.h5': Buffer.from('\x89HDF\r\n\x1a\n', 'latin1'),
  'x.png': Buffer.from('\x89PNG\r\n\x1a\n\0\0', 'latin1'),
  'x.pt': zip([{ name: 'x/data.pkl', data: array }]),
  'x.npy': array,
  'x.npz': zip([{ name: 'x_train.npy', data: array }]),
  'x.idx': Buffer.from([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9]),
  'x.csv': Buffer.from('0,1,2,3\n4,5,6,7\n'),
};

/** For each source: its result for a file, the setting, and the files that it reads. */
const SOURCES: Readonly<
  Record<string, readonly [of: (file: string) => DatasetSettings, key: string, reads: readonly string[]]>
> = {
  npy: [(file) => settingsOf({ source: 'npy', train_images: file }), 'train_images', ['x.npy']],
  idx: [(file) => settingsOf({ source: 'idx', train_images: file }), 'train_images', ['x.idx']],
  npz: [(file) => settingsOf({ source: 'npz', path: file }), 'path', ['x.npz']],
  csv: [(file) => settingsOf({ source: 'csv', path: file, shape: [2, 2] }), 'path', ['x.csv']],
};

for (const [source, [of, key, reads]] of Object.entries(SOURCES)) {
  test(`${source}: files of other kinds are refused at \`${key}\``, async (t) => {
    const root = temporaryFolder(t);
    for (const [name, bytes] of Object.entries(FILES)) {
      writeFileSync(join(root, name), bytes);
      if (reads.includes(name)) continue;
      const settings = of(name);
      const found = await datasetNode.inspect?.(settings, root);
      assert.deepEqual(
        found?.findings.map(({ code, at }) => [code, ...at]),
        [['data-corrupt', key]],
        name,
      );
      await assert.rejects(
        datasetNode.run(fakeContext(root, settings)),
        (error) =>
          error instanceof Failure &&
          error.diagnostics[0]?.code === 'data-corrupt' &&
          error.diagnostics[0].at?.join() === key &&
          error.diagnostics[0].message === found?.findings[0]?.message,
        name,
      );
    }
  });
}

test('images and fashion-mnist: a file instead of a folder is named, too', async (t) => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'data'));
  writeFileSync(join(root, 'data/x.mat'), 'MATLAB 5.0 MAT-file');
  for (const source of ['images', 'fashion-mnist'] as const) {
    const found = await datasetNode.inspect?.(settingsOf({ source, path: 'data/x.mat' }), root);
    const [finding] = found?.findings ?? [];
    assert.deepEqual(finding?.at, ['path'], source);
    assert.ok(finding?.hint?.includes("loadmat('x.mat')"), finding?.hint);
  }
});

test('a folder without usable data is described by the files in it', async (t) => {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'cifar'));
  writeFileSync(join(root, 'cifar/data_batch_1'), Buffer.from('\x80\x02}q\x01(U\x0bbatch_label', 'latin1'));
  mkdirSync(join(root, 'photos'));
  for (const name of ['1.png', '2.png']) writeFileSync(join(root, 'photos', name), FILES['x.png'] ?? '');
  const hintOf = async (settings: DatasetSettings): Promise<string> => {
    const found = await datasetNode.inspect?.(settings, root);
    assert.deepEqual(
      found?.findings.map(({ code }) => code),
      ['data-missing'],
    );
    return found.findings[0]?.hint ?? '';
  };
  for (const source of ['images', 'mnist', 'fashion-mnist'] as const)
    assert.match(await hintOf(settingsOf({ source, path: 'cifar' })), /`data_batch_1`.*pickle\.load/);
  mkdirSync(join(root, 'sorted/b'), { recursive: true });
  mkdirSync(join(root, 'sorted/a'));
  writeFileSync(join(root, 'sorted/b/1.png'), FILES['x.png'] ?? '');
  for (const path of ['photos', 'sorted']) {
    assert.match(await hintOf(settingsOf({ source: 'npz', path })), /source: images/);
    assert.match(await hintOf(settingsOf({ source: 'npy', train_images: path })), /source: images/);
  }
});
