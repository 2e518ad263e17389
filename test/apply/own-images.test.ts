/** Images of users: what is read from files, and what is refused. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { isArray, readArray } from '../../src/apply/arrays.ts';
import { brightnessProblem, someInverted, withoutNoise } from '../../src/apply/brightness.ts';
import { checkFree, comparisonFile, pictureFiles, windowsNote } from '../../src/apply/files.ts';
import { invert, type OwnImages } from '../../src/apply/own-images.ts';
import { readPictures } from '../../src/apply/pictures.ts';
import type { Preparation } from '../../src/apply/preparation.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import type { JsonObject } from '../../src/core/json.ts';
import type { ImageShape } from '../../src/core/stage-type.ts';
import { encodePng } from '../../src/figures/png.ts';
import { writeNpy, type NpyData } from '../../src/formats/npy.ts';

const folder = mkdtempSync(join(tmpdir(), 'hourglass-test-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, bytes: string | Uint8Array): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, bytes);
  return path;
}

async function npy(name: string, shape: readonly number[], data: NpyData): Promise<string> {
  const path = join(folder, name);
  await writeNpy(path, { shape, data });
  return path;
}

function png(width: number, height: number, values: readonly number[], channels: 1 | 3 = 1): Buffer {
  return encodePng({ width, height, channels, pixels: Uint8Array.from(values) });
}

function datasetOf(
  shape: ImageShape,
  range: readonly [number, number] = [0, 1],
  settings: JsonObject = { source: 'images', normalize: 'minmax', color: 'gray', crop: null },
): Pick<Preparation, 'dataset'> {
  return { dataset: { stage: 'own', settings, shape, range } };
}

function pictures(
  paths: readonly string[],
  { dataset }: Pick<Preparation, 'dataset'>,
  crop = true,
): Promise<OwnImages> {
  const { signal } = new AbortController();
  return readPictures(paths, { dataset }, { crop, without: join(folder, 'none'), signal });
}

async function codeOf(work: () => Promise<unknown> | unknown): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    assert.notEqual(error.diagnostics[0]?.hint, undefined, error.message);
    return error.diagnostics[0]?.code;
  }
}

const valuesOf = ({ data, scale, offset }: OwnImages): number[] =>
  Array.from(data, (value) => Number((value * scale + offset).toFixed(6)));

test('black and white become the ends of the range of the data set, in colour or grey as its images are', async () => {
  const path = write('two.png', png(2, 1, [0, 255]));
  assert.deepEqual(valuesOf(await pictures([path], datasetOf([1, 2, 1], [-1, 1]))), [-1, 1]);
  assert.deepEqual(
    valuesOf(await pictures([path], datasetOf([1, 2, 3], [0, 255]))),
    [0, 0, 0, 255, 255, 255],
  );
  const red = write('red.png', png(1, 1, [255, 0, 0], 3));
  assert.deepEqual(valuesOf(await pictures([red], datasetOf([1, 1, 1], [0, 255]))), [76]);
  // 12 of 16 bits in the data set: 8-bit pictures are white at 255 all the same.
  const settings = { source: 'images', normalize: 'minmax', color: 'gray', crop: null, white_level: 4095 };
  assert.deepEqual(valuesOf(await pictures([path], datasetOf([1, 2, 1], [0, 1], settings))), [0, 1]);
  const narrow = { ...settings, white_level: 51 };
  assert.deepEqual(valuesOf(await pictures([path], datasetOf([1, 2, 1], [0, 1], narrow))), [0, 5]);
});

test('pictures are cropped and resized as those of the data set, which is said', async () => {
  const path = write(
    'four.png',
    png(
      4,
      4,
      Array.from({ length: 16 }, (_, index) => (index % 4 < 2 ? 0 : 200)),
    ),
  );
  const settings = {
    ...{ source: 'images', normalize: 'none', color: 'gray' },
    crop: { rows: [0, 2], columns: [2, 4] },
  };
  const dataset = datasetOf([1, 1, 1], [0, 255], settings);
  const cropped = await pictures([path], dataset);
  assert.deepEqual(valuesOf(cropped), [200]);
  assert.equal(cropped.notes.length, 2);
  assert.deepEqual(valuesOf(await pictures([path], dataset, false)), [100]);
  const small = write('small.png', png(1, 1, [7]));
  assert.equal(await codeOf(() => pictures([small], dataset)), 'data-corrupt');
  assert.deepEqual(valuesOf(await pictures([small], dataset, false)), [7]);
});

test('a folder gives its images in order, by their paths in it', async () => {
  for (const [index, name] of ['b.png', 'a.png', 'deeper/still/c.png'].entries())
    write(`folder/${name}`, png(1, 1, [index]));
  write('folder/notes.txt', 'not an image');
  const { names, data } = await pictures([join(folder, 'folder')], datasetOf([1, 1, 1]));
  assert.deepEqual(names, ['a', 'b', 'deeper/still/c']);
  assert.deepEqual([...data], [1, 0, 2]);
});

test('files that are not images are refused', async () => {
  const dataset = datasetOf([1, 1, 1]);
  const text = write('text.png', 'no picture');
  const cut = write(
    'cut.png',
    png(
      9,
      9,
      Array.from({ length: 81 }, (_, index) => index),
    ).subarray(0, 60),
  );
  write('empty/notes.txt', 'not an image');
  for (const path of [text, cut]) assert.equal(await codeOf(() => pictures([path], dataset)), 'data-corrupt');
  assert.equal(await codeOf(() => pictures([join(folder, 'empty')], dataset)), 'data-missing');
  assert.equal(await codeOf(() => pictures([text], datasetOf([1, 1, 4]))), 'shape-mismatch');
});

test('arrays mean what they would mean in the data set', async () => {
  const bytes = await npy('bytes.npy', [2, 1, 2], Uint8Array.of(0, 51, 102, 255));
  assert.ok(await isArray(bytes));
  assert.deepEqual(valuesOf(await readArray(bytes, datasetOf([1, 2, 1]))), [0, 0.2, 0.4, 1]);
  const floats = await npy('floats.npy', [1, 2], Float32Array.of(-0.5, 0.5));
  const own = await readArray(floats, datasetOf([1, 2, 1], [-1, 1]));
  assert.deepEqual(valuesOf(own), [-0.5, 0.5]);
  assert.deepEqual([own.names, own.notes], [['floats-0'], []]);
  // A limit of the data set does not concern other images.
  const few = { source: 'npy', normalize: 'minmax', limit: 1 };
  assert.equal((await readArray(bytes, datasetOf([1, 2, 1], [0, 1], few))).names.length, 2);
});

test('arrays of other shapes and values are refused', async () => {
  const dataset = datasetOf([4, 4, 1]);
  for (const [shape, data, code] of [
    [[1, 4, 4], new Float32Array(16).fill(NaN), 'data-corrupt'],
    [[1, 4, 4], new Int32Array(16).fill(-1), 'data-corrupt'],
    [[2, 5, 5], new Uint8Array(50), 'shape-mismatch'],
    [[2, 1, 4, 4, 1], new Uint8Array(32), 'shape-mismatch'],
    [[0, 4, 4], new Uint8Array(0), 'shape-mismatch'],
    [[10_001, 4, 4], new Uint8Array(160_016), 'out-of-range'],
  ] as const) {
    const path = await npy('wrong.npy', shape, data);
    assert.equal(await codeOf(() => readArray(path, dataset)), code, shape.join());
  }
  const broken = write('broken.npy', '\x93NUMPY');
  assert.equal(await codeOf(() => readArray(broken, dataset)), 'data-corrupt');
});

test('inverting twice changes nothing, and exchanges the ends of the range', () => {
  const anyImages = fc.record({
    data: fc.uint8Array({ minLength: 1 }),
    low: fc.integer({ min: -9, max: 9 }),
    span: fc.integer({ min: 1, max: 9 }),
  });
  fc.assert(
    fc.property(anyImages, ({ data, low, span }) => {
      const range = [low, low + span] as const;
      const images: OwnImages = { data, scale: span / 255, offset: low, names: [], notes: [] };
      const once = invert(images, range);
      assert.deepEqual(
        [...once.data],
        Array.from(data, (value) => 255 - value),
      );
      assert.deepEqual([...invert(once, range).data], [...data]);
    }),
  );
});

test('brightness is compared with the nearest of the training images and their targets', () => {
  const values = (value: number): Float32Array => new Float32Array(4).fill(value);
  assert.match(brightnessProblem(values(0.9), [0, 1], [0.1])?.hint ?? '', /--invert/);
  assert.doesNotMatch(brightnessProblem(values(1), [0, 1], [0.5])?.hint ?? '--invert', /--invert/);
  assert.equal(brightnessProblem(values(0.2), [0, 1], [0.1]), undefined);
  assert.equal(brightnessProblem(values(0.15), [0, 1], [0.56, 0.1]), undefined);
});

test('images without noise are pointed out where the noise of a denoiser changes the brightness', () => {
  const problem = (own: number, means: readonly number[]): string =>
    withoutNoise(Float32Array.of(own, own), [0, 1], means)?.message ?? '';
  assert.match(problem(0.15, [0.5, 0.13]), /like that of images without noise/);
  assert.equal(problem(0.45, [0.5, 0.13]), '', 'noisy images are what the model expects');
  assert.equal(problem(0.15, [0.2, 0.13]), '', 'noise that hardly changes the brightness');
  assert.equal(problem(0.15, [0.13]), '', 'a model that was trained without noise');
});

test('inverted images of a folder are named', () => {
  const found = (values: readonly number[], names: readonly string[]): string =>
    someInverted(names, Float32Array.from(values), [0, 1], [0.1])?.message ?? '';
  assert.equal(found([0.1, 0.2, 0, 0.1], ['a', 'b']), '');
  assert.match(found([0.1, 0.2, 1, 0.8], ['a', 'b']), /of 2 images, 1 looks .*`b`$/);
  assert.match(found([1, 0.9, 0.1, 0, 0.9, 0.8], ['a', 'b', 'c']), /of 3 images, 2 look .*`a` and 1 more$/);
  // Grey is far from the training images, but not nearer to them when it is inverted.
  assert.equal(found([0.1, 0.2, 0.5, 0.5], ['a', 'b']), '');
});

test('each image has a file of its own on every system', async () => {
  assert.deepEqual(pictureFiles(['a', 'b/a', 'c.d']), ['a.png', 'b/a.png', 'c.d.png']);
  for (const names of [
    ['a', 'A'],
    ['a', 'a'],
    ['\u00e9', 'e\u0301'],
  ])
    assert.equal(await codeOf(() => pictureFiles(names)), 'name-clash', names.join());
  assert.equal(windowsNote(['a.png', 'b/c.png']), undefined);
  for (const file of ['con.png', 'a:b.png', 'dot./a.png']) assert.notEqual(windowsNote([file]), undefined);
});

test('the picture of all images takes the name of no image, and of no file that is there', async () => {
  const out = join(folder, 'pictures');
  for (const overwrite of [false, true]) {
    assert.equal(await comparisonFile(out, ['a.png'], overwrite), 'comparison.png');
    assert.equal(await comparisonFile(out, ['Comparison.png'], overwrite), 'comparison-2.png');
  }
  write('pictures/comparison.png', 'old');
  assert.equal(await comparisonFile(out, ['comparison-2.png'], false), 'comparison-3.png');
  assert.equal(await comparisonFile(out, ['a.png'], true), 'comparison.png');
});

test('files are replaced on request, but never those that are read', async () => {
  write('out/a.png', 'old');
  const out = join(folder, 'out');
  const free =
    (files: readonly string[], sources: readonly string[], overwrite: boolean) => (): Promise<void> =>
      checkFree(out, files, { sources, overwrite });
  assert.equal(await codeOf(free(['b.png'], [], false)), undefined);
  assert.equal(await codeOf(free(['a.png'], [], false)), 'output-not-writable');
  assert.equal(await codeOf(free(['a.png'], [], true)), undefined);
  assert.equal(await codeOf(free(['a.png'], [join(out, 'a.png')], true)), 'output-not-writable');
});
