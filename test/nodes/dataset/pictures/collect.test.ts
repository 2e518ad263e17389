/** Image files of 16 bits, with few values, or with transparency. */
import assert from 'node:assert/strict';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { Spool } from '../../../../src/formats/spool.ts';
import sharp from 'sharp';
import { readImages, readImageSet, type HeldImages } from '../../../../src/formats/images.ts';
import type { ImagesDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { collectImages } from '../../../../src/nodes/dataset/pictures/collect.ts';
import { Unusable } from '../../../../src/nodes/dataset/pictures/skipped.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';
import { settingsOf } from '../settings.ts';
import { archives, picture, put, read } from './photos.ts';

async function load(
  t: TestContext,
  files: Readonly<Record<string, Buffer>>,
  options: Partial<ImagesDatasetSettings> = {},
): Promise<{
  readonly train: HeldImages;
  readonly range: readonly number[];
  readonly warnings: readonly string[];
}> {
  const root = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), bytes);
  }
  const settings: ImagesDatasetSettings = {
    ...{ type: 'dataset', source: 'images', path: 'photos', crop: null, color: 'gray', on_error: 'skip' },
    ...{ labels: 'folder', recursive: false, follow_links: false, limit: null, normalize: 'minmax' },
    ...options,
  };
  const warnings: string[] = [];
  const context = fakeContext(root, settings);
  await datasetNode.run({
    ...context,
    log: (level, message) => void (level === 'warn' && warnings.push(message)),
  });
  const train = await readImages(context.folder, 'train');
  return { train, range: (await readImageSet(context.folder)).range, warnings };
}

const deep = (...values: readonly number[]): Promise<Buffer> =>
  sharp(Uint16Array.from(values), { raw: { width: values.length, height: 1, channels: 1 } })
    .toColourspace('grey16')
    .png()
    .toBuffer();

const shallow = (...values: readonly number[]): Promise<Buffer> =>
  sharp(Buffer.from(values), { raw: { width: values.length, height: 1, channels: 1 } })
    .toColourspace('b-w')
    .png()
    .toBuffer();

test('16 bits are kept as floats, and unused ones are pointed out', async (t) => {
  const full = await load(t, { 'photos/1.png': await deep(0, 1, 40_000) });
  assert.deepEqual(full.train.data, Float32Array.of(0, 1, 40_000));
  assert.deepEqual([full.train.scale, full.range, full.warnings], [1 / 65_535, [0, 1], []]);
  const twelve = { 'photos/1.png': await deep(0, 17, 4000) };
  const warned = await load(t, twelve);
  assert.equal(warned.warnings.length, 1);
  assert.match(warned.warnings[0] ?? '', /white_level: 4095/);
  const scaled = await load(t, twelve, { white_level: 4095 });
  assert.deepEqual([scaled.train.scale, scaled.range, scaled.warnings], [1 / 4095, [0, 1], []]);
  const none = await load(t, twelve, { normalize: 'none' });
  assert.deepEqual(
    [[...none.train.data], none.range],
    [
      [0, 17, 4000],
      [0, 65_535],
    ],
  );
});

test('files of 8 bits among others of 16 are widened, within a split and between them', async (t) => {
  const both = await load(t, {
    'photos/1.png': await deep(0, 65_535),
    'photos/2.png': await shallow(255, 128),
  });
  assert.deepEqual(both.train.data, Float32Array.of(0, 65_535, 65_535, 128 * 257));
  const splits = await load(
    t,
    { 'photos/1.png': await shallow(255, 0), 'held/1.png': await deep(0, 1) },
    { test_path: 'held' },
  );
  assert.deepEqual(splits.train.data, Float32Array.of(65_535, 0));
});

test('masks of 0 and 1 are pointed out, and scaled where that is asked', async (t) => {
  const mask = { 'photos/1.png': await shallow(0, 1, 1) };
  assert.match((await load(t, mask)).warnings.join(), /white_level: 1`/);
  const { train, range, warnings } = await load(t, mask, { white_level: 1 });
  assert.deepEqual([[...train.data], train.scale, range, warnings], [[0, 1, 1], 1, [0, 1], []]);
});

test('transparency is ignored, with a word', async (t) => {
  const icon = await sharp(Buffer.from([200, 200, 200, 0, 10, 10, 10, 255]), {
    raw: { width: 2, height: 1, channels: 4 },
  })
    .png()
    .toBuffer();
  const { train, warnings } = await load(t, { 'photos/1.png': icon });
  assert.deepEqual([[...train.data], warnings.length], [[200, 10], 1]);
});

test('images decoded in parallel keep the order of their names and the requested number', async () => {
  let reads = 0;
  const files = await Promise.all(
    Array.from({ length: 40 }, async (_, index) => {
      // Large ones take longer.
      const side = index % 4 === 0 ? 600 : 2;
      const bytes = await sharp(Buffer.alloc(side * side, index), {
        raw: { width: side, height: side, channels: 1 },
      })
        .png()
        .toBuffer();
      const read = (): Promise<Buffer> => {
        reads += 1;
        return index === 9 ? Promise.reject(new Unusable('unreadable', 'is gone')) : Promise.resolve(bytes);
      };
      return { name: String(index).padStart(2, '0'), read };
    }),
  );
  const settings = { crop: null, color: 'gray', on_error: 'skip', size: [1, 1] } as const;
  const spool = new Spool('never written');
  const context = { settings, spool, signal: new AbortController().signal, progress: () => undefined };
  for (const limit of [Infinity, 20]) {
    reads = 0;
    const { data, skipped, shape } = await collectImages(
      files,
      { count: 40, limit, classOf: new Map() },
      context,
    );
    const expected = files.map((_, index) => index).filter((index) => index !== 9);
    assert.ok(data instanceof Uint8Array);
    assert.deepEqual([...data], limit === 20 ? expected.slice(0, 20) : expected);
    assert.deepEqual([skipped.length, shape[0]], [1, data.length]);
    assert.equal(reads, data.length + 1);
  }
});

test('threads decode many files, from folders and archives, as one thread does few', async (t) => {
  const root = temporaryFolder(t);
  const jpeg = await sharp({ create: { width: 9, height: 7, channels: 3, background: '#306090' } })
    .jpeg()
    .toBuffer();
  const files = Object.fromEntries(
    Array.from({ length: 210 }, (_, index) => {
      const bytes = index === 50 ? jpeg.subarray(0, 90) : index % 3 === 0 ? picture(index) : jpeg;
      return [`photos/${String(index % 2)}/${String(index).padStart(3, '0')}.png`, bytes];
    }),
  );
  put(root, { ...files, ...(await archives(files)) });
  rmSync(join(root, 'photos/0/100.png'));
  mkdirSync(join(root, 'photos/0/100.png'));
  const settings = (path: string, limit: number | null): ImagesDatasetSettings =>
    settingsOf({ source: 'images', path, size: [2, 3], limit, normalize: 'none' });
  const few = await read(root, settings('photos', 199));
  const many = await read(root, settings('photos', null));
  assert.equal(many.files.length, 208);
  assert.deepEqual(many.skipped, ['0/050.png', '0/100.png/']);
  const place = new Map(many.files.map((name, index) => [name, index]));
  assert.deepEqual(
    few.values,
    few.files.map((name) => many.values[place.get(name) ?? -1]),
  );
  const packed = await read(root, settings('as-zip', null));
  assert.deepEqual(packed.skipped, ['0/050.png']);
  assert.deepEqual(
    packed.values.filter((_, index) => packed.files[index] !== '0/100.png'),
    many.values,
  );
});

test('threads that decode large images wait for room, and for one another', async (t) => {
  const root = temporaryFolder(t);
  // As many pixels as half of what may be decoded at a time, in a small file.
  const large = await sharp({ create: { width: 8192, height: 4100, channels: 3, background: '#102030' } })
    .png({ compressionLevel: 9 })
    .toBuffer();
  const files = Object.fromEntries(
    Array.from({ length: 202 }, (_, index) => [
      `photos/${String(index).padStart(3, '0')}.png`,
      index < 3 ? large : picture(index),
    ]),
  );
  put(root, files);
  const { values, skipped } = await read(
    root,
    settingsOf({ source: 'images', path: 'photos', size: [2, 3], normalize: 'none' }),
  );
  assert.deepEqual(skipped, []);
  assert.deepEqual(
    values,
    Array.from({ length: 202 }, (_, index) => (index < 3 ? 29 : index)),
  );
});

test('problems with a folder or an archive are reported at its setting, with the path as written', async (t) => {
  const root = temporaryFolder(t);
  const broken = picture(1).subarray(0, 45);
  put(join(root, 'in'), {
    'good/1.png': picture(1),
    'good/2.png': picture(2),
    'bad/1.png': broken,
    'mixed/1.png': picture(1),
    'mixed/2.png': broken,
    'wide/1.png': await shallow(1, 2, 3, 4, 5),
    'torn.zip': Buffer.from('PK\x03\x04 torn'),
  });
  put(join(root, 'in'), { 'bad.tar': (await archives({ '1.png': broken }))['as-tar'] ?? Buffer.of() });
  const images = (path: string, keys: object = {}) => settingsOf({ source: 'images', path, ...keys });
  const pairs = (noisy: string, clean: string, keys: object = {}) =>
    settingsOf({ source: 'pairs', noisy, clean, ...keys });
  const strict = { on_error: 'fail' };
  const cases = [
    [images('in/bad'), 'path'],
    [images('in/bad.tar'), 'path'],
    [images('in/torn.zip'), 'path', /in\/torn\.zip/],
    [images('in/mixed', strict), 'path'],
    [images('in/good', { test_path: 'in/bad' }), 'test_path'],
    [images('in/good', { test_path: 'in/wide' }), 'test_path'],
    [images('in/good', { test_path: 'in/torn.zip' }), 'test_path', /in\/torn\.zip/],
    [pairs('in/bad', 'in/good'), 'noisy'],
    [pairs('in/good', 'in/bad'), 'clean'],
    [pairs('in/good', 'in/mixed', strict), 'clean'],
    [pairs('in/good', 'in/torn.zip'), 'clean', /in\/torn\.zip/],
    [settingsOf({ source: 'lfw', path: 'in/torn.zip' }), 'path', /in\/torn\.zip/],
  ] as const;
  for (const [settings, key, message = /./] of cases)
    await assert.rejects(datasetNode.run(fakeContext(root, settings)), (error) => {
      assert.ok(error instanceof Failure, String(error));
      const [found] = error.diagnostics;
      assert.deepEqual(found?.at, [key], error.message);
      assert.match(error.message, message);
      return true;
    });
  const inspected = await datasetNode.inspect?.(images('in/torn.zip', { recursive: true }), root);
  assert.match(inspected?.findings[0]?.message ?? '', /in\/torn\.zip/);
});
