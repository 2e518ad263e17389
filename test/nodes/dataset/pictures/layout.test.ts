/** Folders inside class folders, links, and images without labels. */
import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import type { ImagesDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { temporaryFolder } from '../../context.ts';
import { settingsOf } from '../settings.ts';
import { archives, picture, put, read } from './photos.ts';

const images = (keys: Partial<ImagesDatasetSettings> = {}): ImagesDatasetSettings =>
  settingsOf({ source: 'images', path: 'photos', normalize: 'none', ...keys });

const DEEP = {
  'a/1.png': picture(1),
  'a/x/y/2.png': picture(2),
  'b/x/3.png': picture(3),
  'b/4.png': picture(4),
  'c/.hidden/5.png': picture(5),
};

test('recursive: the class is the first level; without the key, the message names it', async (t) => {
  const root = temporaryFolder(t);
  put(join(root, 'photos'), DEEP);
  put(root, await archives(DEEP));
  const flat = await read(root, images());
  assert.deepEqual(
    [flat.values, flat.labels],
    [
      [1, 4],
      [0, 1],
    ],
  );
  assert.ok(flat.warnings.some((warning) => warning.includes('`recursive: true`')));
  for (const path of ['photos', 'as-zip', 'as-tar', 'as-tgz']) {
    const { files, values, labels, classes, skipped } = await read(root, images({ path, recursive: true }));
    assert.deepEqual(files, ['a/1.png', 'a/x/y/2.png', 'b/4.png', 'b/x/3.png'], path);
    assert.deepEqual([values, labels, classes, skipped], [[1, 2, 4, 3], [0, 0, 1, 1], ['a', 'b'], []]);
  }
  const [one, other] = [images(), images({ recursive: true })];
  assert.notDeepEqual(
    await datasetNode.fingerprint?.(one, root),
    await datasetNode.fingerprint?.(other, root),
  );
});

test('recursive: a check finds images that are only in deep folders', async (t) => {
  const root = temporaryFolder(t);
  put(join(root, 'photos'), { 'train/cats/1.png': picture(1) });
  const codes = async (settings: ImagesDatasetSettings) =>
    (await datasetNode.inspect?.(settings, root))?.findings?.map(({ code }) => code);
  assert.deepEqual(await codes(images()), ['data-missing']);
  assert.deepEqual(await codes(images({ recursive: true })), []);
});

test('follow_links: files and folders behind links are read, circles and dead ends are named', async (t) => {
  const root = temporaryFolder(t);
  put(root, { 'store/cats/1.png': picture(1), 'store/2.png': picture(2), 'photos/b/3.png': picture(3) });
  const link = (target: string, path: string): void => symlinkSync(target, join(root, 'photos', path));
  link('../../store/2.png', 'b/2.png');
  link('../store/cats', 'a');
  link('none', 'b/dead.png');
  link('loop.png', 'b/loop.png');
  link('/dev/null', 'b/device.png');
  link('..', 'b/up');
  link('.', 'here');
  const plain = await read(root, images());
  assert.deepEqual([plain.values, plain.classes], [[3], ['b']]);
  assert.ok(plain.warnings.some((warning) => warning.includes('`follow_links: true`')));
  const settings = images({ follow_links: true, recursive: true });
  const followed = await read(root, settings);
  assert.deepEqual(followed.files, ['a/1.png', 'b/2.png', 'b/3.png']);
  assert.deepEqual(followed.skipped, ['b/dead.png', 'b/device.png', 'b/loop.png', 'b/up', 'here']);
  await assert.rejects(
    read(root, { ...settings, on_error: 'fail' }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt',
  );
  // The target of a link is part of the identity.
  const before = await datasetNode.fingerprint?.(settings, root);
  put(root, { 'store/2.png': picture(9) });
  assert.notDeepEqual(await datasetNode.fingerprint?.(settings, root), before);
});

test('labels: none reads images at all places', async (t) => {
  const root = temporaryFolder(t);
  const files = { ...DEEP, '0.png': picture(7) };
  put(join(root, 'photos'), files);
  put(root, await archives(files));
  for (const path of ['photos', 'as-zip', 'as-tgz']) {
    const flat = await read(root, images({ path, labels: 'none' }));
    assert.deepEqual([flat.files, flat.labels], [['0.png', 'a/1.png', 'b/4.png'], undefined], path);
    const deep = await read(root, images({ path, labels: 'none', recursive: true }));
    assert.deepEqual([deep.values, deep.labels, deep.skipped], [[7, 1, 2, 4, 3], undefined, []], path);
  }
});
