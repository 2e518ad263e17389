/** Archives of images are read like their folders, whatever their name. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import type { ImagesDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { temporaryFolder } from '../../context.ts';
import { settingsOf } from '../settings.ts';
import { archives, picture, put, read, tar, type Files, type Outcome, type TarMember } from './photos.ts';

const CLASSES = { 'b/1.png': picture(1), 'a/2.png': picture(2), 'a/1.png': picture(3) };
const LOOSE = { '2.png': picture(2), '1.png': picture(3) };

const within = (folder: string, files: Files): Files =>
  Object.fromEntries(Object.entries(files).map(([name, bytes]) => [`${folder}/${name}`, bytes]));

const images = (keys: Partial<ImagesDatasetSettings> & { readonly path: string }): ImagesDatasetSettings =>
  settingsOf({ source: 'images', normalize: 'none', ...keys });

/** What each kind of archive of some files gives. */
async function outcomes(
  t: TestContext,
  files: Files,
  settings: Partial<ImagesDatasetSettings> = {},
): Promise<readonly Outcome[]> {
  const root = temporaryFolder(t);
  const all = await archives(files);
  put(root, all);
  const found: Outcome[] = [];
  for (const path of Object.keys(all)) {
    const own = images({ ...settings, path });
    assert.deepEqual((await datasetNode.inspect?.(own, root))?.findings, [], path);
    found.push(await read(root, own));
  }
  return found;
}

test('class folders, loose images and a single folder are read from archives as from folders', async (t) => {
  for (const files of [CLASSES, LOOSE]) {
    const root = temporaryFolder(t);
    put(join(root, 'photos'), files);
    const expected = await read(root, images({ path: 'photos' }));
    for (const packed of [files, within('photos', files), within('.', files)]) {
      for (const outcome of await outcomes(t, packed)) assert.deepEqual(outcome, expected);
    }
  }
  for (const { files } of await outcomes(t, within('data/photos', CLASSES)))
    assert.deepEqual(files, ['a/1.png', 'a/2.png', 'b/1.png']);
});

test('files beside the folder with all images are ignored', async (t) => {
  const files = {
    ...within('photos', CLASSES),
    'README.txt': Buffer.from('about'),
    '__MACOSX/photos/a/._1.png': picture(9),
    '.hidden/1.png': picture(9),
    'photos/.DS_Store': picture(9),
  };
  for (const { labels, skipped } of await outcomes(t, files)) {
    assert.deepEqual(labels, [0, 0, 1]);
    assert.deepEqual(skipped, ['README.txt']);
  }
});

test('a limit takes one of each class in turn from archives, too', async (t) => {
  const files = { ...CLASSES, 'c/1.png': Buffer.from('no image'), 'b/2.png': picture(4) };
  for (const { files: names, classes } of await outcomes(t, files, { limit: 4 })) {
    assert.deepEqual(names, ['a/1.png', 'a/2.png', 'b/1.png', 'b/2.png']);
    assert.deepEqual(classes, ['a', 'b']);
  }
});

test('a member of an archive is an image by its content or its name', async (t) => {
  const files = { ...CLASSES, 'a/3': picture(4), 'a/4.dat': picture(5), 'a/notes.txt': Buffer.from('about') };
  for (const { values, skipped } of await outcomes(t, files)) {
    assert.deepEqual(values, [3, 2, 4, 5, 1]);
    assert.deepEqual(skipped, ['a/notes.txt']);
  }
});

test('an archive as another tool makes it: extended headers, long names, and no folder', async (t) => {
  const root = temporaryFolder(t);
  const long = `${'long name '.repeat(20)}é.png`;
  put(join(root, 'photos'), { ...CLASSES, [`a/${long}`]: picture(7) });
  const expected = await read(root, images({ path: 'photos' }));
  for (const format of ['gnu', 'pax'] as const) {
    execFileSync('tar', ['-C', root, `--format=${format}`, '-czf', join(root, format), './photos']);
    assert.deepEqual(await read(root, images({ path: format })), expected, format);
    execFileSync('tar', ['-C', root, `--format=${format}`, '-cf', join(root, `${format}-plain`), 'photos']);
    assert.deepEqual(await read(root, images({ path: `${format}-plain` })), expected, format);
  }
});

test('faces are read from archives and folders of each kind, in one folder or in several', async (t) => {
  const faces = { 'Ada_L/1.jpg': picture(1), 'Ada_L/2.jpg': picture(2), 'Bob/1.jpg': picture(3) };
  const lfw = (path: string) => settingsOf({ source: 'lfw', path, crop: null, resize: 1, normalize: 'none' });
  for (const files of [within('lfw', faces), within('lfw-deepfunneled/lfw-deepfunneled', faces), faces]) {
    const root = temporaryFolder(t);
    const all = await archives({ ...files, 'lfw/pairs.txt': Buffer.from('10') });
    put(root, all);
    put(join(root, 'folder'), files);
    for (const path of [...Object.keys(all), 'folder']) {
      assert.deepEqual((await datasetNode.inspect?.(lfw(path), root))?.findings, [], path);
      const { labels, classes, values, skipped } = await read(root, lfw(path));
      assert.deepEqual(
        [labels, classes, values, skipped],
        [[0, 0, 1], ['Ada_L', 'Bob'], [1, 2, 3], []],
        path,
      );
    }
    const before = await datasetNode.fingerprint?.(lfw('folder'), root);
    put(join(root, 'folder'), { [Object.keys(files)[0] ?? '']: picture(9) });
    assert.notDeepEqual(await datasetNode.fingerprint?.(lfw('folder'), root), before);
  }
});

test('the identity of an archive is that of its bytes', async (t) => {
  const root = temporaryFolder(t);
  const { 'as-tgz': bytes = Buffer.of() } = await archives(CLASSES);
  put(root, { one: bytes, two: bytes, other: Buffer.concat([bytes, Buffer.of(0)]) });
  const identity = (path: string) => datasetNode.fingerprint?.(images({ path }), root);
  assert.deepEqual(await identity('one'), await identity('two'));
  assert.notDeepEqual(await identity('one'), await identity('other'));
});

test('training images from an archive, test images from a folder', async (t) => {
  const root = temporaryFolder(t);
  put(root, { 'train.zip': (await archives(CLASSES))['as-zip'] ?? Buffer.of() });
  put(join(root, 'held'), { 'b/9.png': picture(9) });
  const settings = images({ path: 'train.zip', test_path: 'held' });
  assert.deepEqual((await read(root, settings, 'test')).labels, [1]);
});

test('a class whose files come twice in an archive, or again as links to themselves, keeps its label', async (t) => {
  const root = temporaryFolder(t);
  const files = Object.entries(CLASSES).map(([name, bytes]): TarMember => [{ name }, bytes]);
  // As `tar -rf`, and `tar -cf` of a folder that is named twice, write them.
  const links = Object.keys(CLASSES).map((name): TarMember => [{ name, type: 'link', linkname: name }]);
  put(root, { 'again.tar': await tar([...files, ...files]), 'links.tar': await tar([...files, ...links]) });
  for (const path of ['again.tar', 'links.tar']) {
    const found = await read(root, images({ path }));
    assert.deepEqual(found.classes, ['a', 'b'], path);
    assert.deepEqual(found.labels, [0, 0, 1], path);
    assert.deepEqual(found.values, [3, 2, 1], path);
  }
});
