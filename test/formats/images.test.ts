import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { namesOf } from '../../src/formats/image-names.ts';
import {
  readImages,
  readImageSet,
  toFloat32,
  writeImageSet,
  type HeldImages,
} from '../../src/formats/images.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { temporaryFolder } from '../nodes/context.ts';

const TRAIN: HeldImages = {
  data: Uint8Array.of(0, 51, 102, 153, 204, 255),
  count: 3,
  shape: [2, 1, 1],
  scale: 1 / 255,
  offset: 0,
  labels: Uint8Array.of(7, 8, 9),
  names: namesOf('array/1', 3),
};

test('an image set is read as it was written', async (t) => {
  const folder = temporaryFolder(t);
  await writeImageSet(folder, { shape: [2, 1, 1], range: [0, 1], splits: { train: TRAIN } });
  assert.deepEqual(await readImages(folder, 'train'), TRAIN);
  assert.equal((await readImageSet(folder)).splits.test, undefined);
  await assert.rejects(readImages(folder, 'test'), Failure);
});

test('classes have names in both splits, the same in both', async (t) => {
  const folder = temporaryFolder(t);
  const [labels, classes] = [Uint8Array.of(0, 1, 1), ['cat', 'dog']];
  const named = { ...TRAIN, labels, classes };
  const { labels: _, ...unlabelled } = TRAIN;
  const write = (train: HeldImages, held: HeldImages) =>
    writeImageSet(folder, { shape: [2, 1, 1], range: [0, 1], splits: { train, test: held } });
  await write(named, unlabelled);
  assert.deepEqual((await readImageSet(folder)).classes, classes);
  assert.deepEqual((await readImages(folder, 'train')).classes, classes);
  assert.equal((await readImages(folder, 'test')).classes, undefined);
  await write(named, TRAIN);
  assert.equal((await readImageSet(folder)).classes, undefined);
  const failsToWrite = (error: unknown): boolean =>
    error instanceof Failure && error.diagnostics[0]?.code === 'stage-failed';
  await assert.rejects(write(named, { ...named, classes: ['dog', 'cat'] }), failsToWrite);
  await assert.rejects(write({ ...named, labels: Uint8Array.of(0, 1, 2) }, unlabelled), failsToWrite);
});

test('intensities are scaled; rows are chosen by stretch or by number', () => {
  const close = (actual: Float32Array, expected: readonly number[]): void =>
    assert.deepEqual([...actual], [...Float32Array.from(expected)]);
  close(toFloat32(TRAIN, { start: 1, end: 2 }), [102 / 255, 153 / 255]);
  close(toFloat32(TRAIN, Int32Array.of(2, 0)), [204 / 255, 1, 0, 51 / 255]);
  close(toFloat32({ ...TRAIN, scale: 2, offset: -1 }, { start: 0, end: 1 }), [-1, 101]);
});

test('a description that leads elsewhere or does not fit the files is refused', async (t) => {
  const folder = temporaryFolder(t);
  await writeImageSet(folder, { shape: [2, 1, 1], range: [0, 1], splits: { train: TRAIN } });
  const path = join(folder, 'images.json');
  const text = readFileSync(path, 'utf8');
  for (const bad of [
    '',
    '[]',
    text.replace('train-images.npy', '../train-images.npy'),
    text.replace('train-images.npy', '/etc/passwd'),
    text.replace('"count": 3', '"count": 4'),
    text.replace('"count": 3', '"count": "3"'),
  ]) {
    writeFileSync(path, bad);
    await assert.rejects(readImages(folder, 'train'), Failure, bad);
  }
});
