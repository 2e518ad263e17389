/** Folders of images: labels, sizes, and files that are damaged or hostile. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { crc32, deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { decodeImage } from '../../../../src/formats/decode.ts';
import { readImages } from '../../../../src/formats/images.ts';
import type { ImagesDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import type { Finding } from '../../../../src/core/stage-type.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';
import { SETTINGS as AS_STORED } from '../pictures/folders.ts';

const SETTINGS: ImagesDatasetSettings = { ...AS_STORED, normalize: 'minmax' };

function picture(
  height: number,
  width: number,
  color: { r: number; g: number; b: number },
  format: 'png' | 'jpeg' = 'png',
): Promise<Buffer> {
  return sharp({ create: { width, height, channels: 3, background: color } })
    .toFormat(format)
    .toBuffer();
}

const RED = { r: 200, g: 0, b: 0 };
const WHITE = { r: 255, g: 255, b: 255 };

function fill(t: TestContext, files: Readonly<Record<string, Uint8Array>>): string {
  const folder = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  return folder;
}

const failsWith = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

test('folders are classes, in the order of their names, with the same numbers in both splits', async (t) => {
  const folder = fill(t, {
    'photos/b/1.png': await picture(4, 6, RED),
    'photos/a/2.jpg': await picture(4, 6, WHITE, 'jpeg'),
    'photos/a/1.PNG': await picture(4, 6, WHITE),
    'photos/a/notes.txt': Buffer.from('no image'),
    'held/b/1.png': await picture(4, 6, RED),
  });
  const context = fakeContext(folder, { ...SETTINGS, color: 'rgb', test_path: 'held' } as const);
  await datasetNode.run(context);
  const train = await readImages(context.folder, 'train');
  assert.deepEqual(train.shape, [4, 6, 3]);
  assert.deepEqual([...(train.labels ?? [])], [0, 0, 1]);
  assert.deepEqual([...train.data.subarray(-3)], [200, 0, 0]);
  assert.ok(train.data instanceof Uint8Array);
  assert.deepEqual([...((await readImages(context.folder, 'test')).labels ?? [])], [1]);
  assert.deepEqual(train.classes, ['a', 'b']);
});

test('images of another size, damaged or foreign ones are named, or fatal where that is asked', async (t) => {
  const good = await picture(8, 8, RED);
  const jpeg = await sharp({
    create: {
      width: 200,
      height: 200,
      channels: 3,
      background: RED,
      noise: { type: 'gaussian', mean: 100, sigma: 50 },
    },
  })
    .jpeg()
    .toBuffer();
  const folder = fill(t, {
    'photos/1.png': good,
    'photos/2.png': good,
    'photos/cut.jpg': jpeg.subarray(0, jpeg.length / 2),
    'photos/empty.png': Buffer.of(),
    'photos/other.png': await picture(8, 9, RED),
    'photos/text.png': Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'),
  });
  const context = fakeContext(folder, SETTINGS);
  assert.deepEqual((await datasetNode.run(context)).metrics, { train_images: 2 });
  const summary = JSON.parse(readFileSync(join(context.folder, 'summary.json'), 'utf8'));
  assert.deepEqual(
    summary.train.skipped.map(({ name }: { name: string }) => name),
    ['cut.jpg', 'empty.png', 'other.png', 'text.png'],
  );
  await assert.rejects(
    datasetNode.run(fakeContext(folder, { ...SETTINGS, on_error: 'fail' } as const)),
    failsWith('data-corrupt'),
  );
  await datasetNode.run(fakeContext(folder, { ...SETTINGS, size: [4, 4] } as const, { stage: 'sized' }));
});

test('a folder that is missing or without images is named; links are not followed', async (t) => {
  const folder = fill(t, { 'photos/notes.txt': Buffer.from('x'), 'secret/1.png': await picture(4, 4, RED) });
  symlinkSync(join(folder, 'secret'), join(folder, 'photos', 'class'));
  symlinkSync(join(folder, 'secret', '1.png'), join(folder, 'photos', '1.png'));
  await assert.rejects(datasetNode.run(fakeContext(folder, SETTINGS)), failsWith('data-missing'));
  const none = { ...SETTINGS, path: 'none' } as const;
  await assert.rejects(datasetNode.run(fakeContext(folder, none)), failsWith('data-missing'));
});

test('the identity of a folder changes with its images', async (t) => {
  const folder = fill(t, { 'photos/1.png': await picture(4, 4, RED) });
  const before = await datasetNode.fingerprint?.(SETTINGS, folder);
  assert.deepEqual(await datasetNode.fingerprint?.(SETTINGS, folder), before);
  writeFileSync(join(folder, 'photos', '1.png'), await picture(4, 4, WHITE));
  assert.notDeepEqual(await datasetNode.fingerprint?.(SETTINGS, folder), before);
});

test('the size is known before anything runs if the settings have it', () => {
  const shapeOf = (settings: Parameters<typeof datasetNode.analyze>[0]['settings']): unknown => {
    const findings: Finding[] = [];
    const report = (finding: Finding): void => void findings.push(finding);
    const output = datasetNode.analyze({ stage: 's', settings, inputs: {}, references: {}, report });
    if (findings.length > 0) return findings.map(({ code, at }) => [code, ...at]);
    return output?.kind === 'images' ? output.shape : undefined;
  };
  const lfw = {
    ...{ type: 'dataset', source: 'lfw', funneled: true, color: 'gray', min_faces_per_person: 0 },
    ...{ crop: { rows: [70, 195], columns: [78, 172] }, resize: 0.5, on_error: 'skip' },
    ...{ limit: null, normalize: 'minmax' },
  } as const;
  assert.deepEqual(shapeOf(lfw as never), [62, 47, 1]);
  assert.deepEqual(shapeOf({ ...lfw, size: [64, 48], color: 'rgb' } as never), [64, 48, 3]);
  assert.deepEqual(shapeOf({ ...lfw, crop: null, resize: 1 } as never), [250, 250, 1]);
  assert.deepEqual(shapeOf({ ...SETTINGS, crop: { rows: [3, 3], columns: [0, 4] } }), [
    ['out-of-range', 'crop', 'rows'],
  ]);
  assert.equal(shapeOf(SETTINGS), undefined);
});

function chunk(type: string, data: Buffer, check?: number): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(check ?? crc32(body));
  return Buffer.concat([length, body, sum]);
}

function png(width: number, height: number, rows: Buffer, depth = 8, color = 0): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, color, 0, 0, 0], 8);
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.of()),
  ]);
}

test('hostile PNG and JPEG files give typed failures and take no memory', async () => {
  const rows = Buffer.alloc(9 * 8);
  const options = { crop: null, size: null, color: 'gray' } as const;
  assert.deepEqual((await decodeImage(png(8, 8, rows), options)).shape, [8, 8, 1]);
  const sound = png(8, 8, rows);
  const photo = await picture(16, 16, RED, 'jpeg');
  const frame = photo.indexOf(Buffer.of(0xff, 0xc0));
  const edited = (bytes: Buffer, at: number, values: readonly number[]): Buffer => {
    const copy = Buffer.from(bytes);
    copy.set(values, at);
    return copy;
  };
  const hostile = [
    ...[0, 2 ** 16, 2 ** 20, 2 ** 24, 2 ** 31 - 1, 2 ** 32 - 1].flatMap((size) => [
      png(size, size, rows),
      png(size, 2 ** 20, rows),
      png(2 ** 20, size, rows),
    ]),
    // A bomb: rows of 200 MB in a file of 200 KB, with a matching header.
    png(20_000, 20_000, Buffer.alloc(20_001 * 200)),
    png(8, 8, rows, 3),
    png(8, 8, rows, 8, 5),
    edited(sound, 16, [0xff, 0xff, 0xff, 0xff]),
    ...Array.from({ length: 24 }, (_, index) => sound.subarray(0, index + 8)),
    ...Array.from({ length: 12 }, (_, index) => photo.subarray(0, 2 + index * 8)),
    edited(photo, frame + 5, [0xff, 0xff, 0xff, 0xff]),
    edited(photo, frame + 5, [0, 0, 0, 0]),
    edited(photo, frame + 2, [0xff, 0xff]),
    edited(photo, frame + 4, [0]),
    Buffer.from('GIF89a'),
    Buffer.from('%PDF-1.4'),
    Buffer.from('II*\0'),
    Buffer.from('<svg width="1e9" height="1e9"/>'),
  ];
  assert.ok(hostile.length >= 60, String(hostile.length));
  const before = process.memoryUsage().rss;
  for (const [index, bytes] of hostile.entries()) {
    await assert.rejects(decodeImage(bytes, options), failsWith('data-corrupt'), `hostile file ${index}`);
  }
  assert.ok(process.memoryUsage().rss - before < 2 ** 28);
});

test('images are named by their files; one that is left out keeps its place', async (t) => {
  const folder = fill(t, {
    'photos/b/1.png': await picture(4, 6, RED),
    'photos/b/2.png': Buffer.from('no image'),
    'photos/b/3.jpg': await picture(4, 6, WHITE, 'jpeg'),
    'photos/a/1.png': await picture(4, 6, WHITE),
  });
  const context = fakeContext(folder, SETTINGS);
  await datasetNode.run(context);
  const { names } = await readImages(context.folder, 'train');
  assert.deepEqual(names?.files, ['a/1.png', 'b/1.png', 'b/3.jpg']);
  assert.deepEqual(names.places, Int32Array.of(0, 1, 3));
});

test('a limit takes images of each class in turn, and no more are decoded than kept', async (t) => {
  const files: Record<string, Uint8Array> = {};
  for (const name of ['a', 'b', 'c']) {
    for (const image of [1, 2, 3]) files[`photos/${name}/${image}.png`] = await picture(4, 6, WHITE);
  }
  // Whoever decodes these stops.
  for (const name of ['a/3', 'b/2', 'b/3', 'c/2', 'c/3'])
    files[`photos/${name}.png`] = Buffer.from('no image');
  const folder = fill(t, files);
  const kept = async (limit: number, on_error: 'skip' | 'fail' = 'fail'): Promise<readonly string[]> => {
    const context = fakeContext(folder, { ...SETTINGS, limit, on_error }, { stage: `of-${limit}` });
    await datasetNode.run(context);
    const { names, count, labels } = await readImages(context.folder, 'train');
    assert.ok(names?.files);
    assert.deepEqual(
      Array.from(labels ?? [], (label) => 'abc'[label]),
      names.files.map((path) => path[0]),
    );
    assert.equal(count, names.files.length);
    return names.files;
  };
  assert.deepEqual(await kept(2), ['a/1.png', 'b/1.png']);
  assert.deepEqual(await kept(4), ['a/1.png', 'a/2.png', 'b/1.png', 'c/1.png']);
  // What cannot be read is replaced as long as there is more.
  await assert.rejects(kept(5), failsWith('data-corrupt'));
  assert.deepEqual(await kept(5, 'skip'), ['a/1.png', 'a/2.png', 'b/1.png', 'c/1.png']);
});
