import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  joinNames,
  namesOf,
  placeOf,
  sourceOf,
  takeNames,
  type ImageNames,
} from '../../src/formats/image-names.ts';
import { readImageNames, readImages, writeImageSet, type HeldImages } from '../../src/formats/images.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { temporaryFolder } from '../nodes/context.ts';

/** Each image's name as one text. */
const listed = (names: ImageNames): readonly string[] =>
  Array.from(
    { length: names.count },
    (_, row) => `${sourceOf(names, row)} ${placeOf(names, row)} ${names.files?.[row] ?? ''}`,
  );

const FOLDER: ImageNames = { ...namesOf('folder/1', 3), files: ['a/1.png', 'a/2.png', 'b/1.png'] };

const some = fc.oneof(
  fc.integer({ min: 0, max: 5 }).map((count) => namesOf('array/1', count)),
  fc.integer({ min: 0, max: 5 }).map((count) => namesOf('mnist/test', count)),
  fc.constant(FOLDER),
);

const names: fc.Arbitrary<ImageNames> = fc
  .array(some, { minLength: 1, maxLength: 4 })
  .map(([first = FOLDER, ...others]) => others.reduce(joinNames, first));

test('names follow the images that are taken and joined', () => {
  fc.assert(
    fc.property(names, names, fc.infiniteStream(fc.nat()), (one, other, numbers) => {
      const joined = joinNames(one, other);
      assert.deepEqual(listed(joined), [...listed(one), ...listed(other)]);
      if (joined.count === 0) return;
      const rows = Int32Array.from([...numbers.take(7)], (number) => number % joined.count);
      assert.deepEqual(
        listed(takeNames(joined, rows)),
        [...rows].map((row) => listed(joined)[row]),
      );
    }),
  );
});

const images = (names?: ImageNames, count = names?.count ?? 3): HeldImages => ({
  data: new Uint8Array(count),
  count,
  shape: [1, 1, 1],
  scale: 1,
  offset: 0,
  ...(names === undefined ? {} : { names }),
});

const write = (folder: string, train: HeldImages): Promise<void> =>
  writeImageSet(folder, { shape: [1, 1, 1], range: [0, 1], splits: { train } });

test('names are read as they were written; implied names need no file', async (t) => {
  const mixed = takeNames(joinNames(FOLDER, namesOf('mnist/test', 2)), Int32Array.of(4, 0, 2));
  for (const [place, own] of [mixed, FOLDER, namesOf('mnist/train', 2)].entries()) {
    const folder = temporaryFolder(t);
    await write(folder, images(own));
    assert.deepEqual(await readImageNames(folder, 'train'), own);
    assert.deepEqual((await readImages(folder, 'train')).names, own);
    const files = ['train-origins.npy', 'train-places.npy', 'train-files.json'];
    assert.deepEqual(
      files.map((file) => existsSync(join(folder, file))),
      [place === 0, place === 0, place < 2],
    );
  }
});

test('images without names are identified by their position', async (t) => {
  const [one, other] = [temporaryFolder(t), temporaryFolder(t)];
  await write(one, images());
  await write(other, { ...images(), data: Uint8Array.of(1, 2, 3) });
  const [first, second] = [await readImageNames(one, 'train'), await readImageNames(other, 'train')];
  assert.equal(first.places, undefined);
  assert.notDeepEqual(first.sources, second.sources);
});

test('more or fewer names than images are not written', async (t) => {
  await assert.rejects(write(temporaryFolder(t), images(FOLDER, 2)), Failure);
});

test('names that lead elsewhere or do not fit are refused', async (t) => {
  const folder = temporaryFolder(t);
  await write(folder, images(joinNames(FOLDER, namesOf('mnist/test', 2))));
  const path = join(folder, 'images.json');
  const text = readFileSync(path, 'utf8');
  for (const bad of [
    text.replace('train-places.npy', '../train-places.npy'),
    text.replace('train-places.npy', 'train-images.npy'),
    text.replace('train-files.json', '../x.json'),
    text.replace('train-files.json', 'images.json'),
    text.replace('train-origins.npy', 'train-origins.txt'),
    text.replace('"sources": [', '"sources": [], "others": ['),
    text.replace('"mnist/test"', '7'),
  ]) {
    assert.notEqual(bad, text);
    writeFileSync(path, bad);
    await assert.rejects(readImages(folder, 'train'), Failure, bad);
  }
});
