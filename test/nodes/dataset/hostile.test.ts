/** Hostile npz, PNG and JPEG files: each gets a Failure with a message, and the size that it claims is not trusted. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { crc32, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import sharp from 'sharp';
import { decodeImage } from '../../../src/formats/decode.ts';
import type {
  DatasetSettings,
  ImagesDatasetSettings,
  NpzDatasetSettings,
} from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../src/nodes/dataset/node.ts';
import { npy, zip, type Entry } from '../../formats/numpy-files.ts';
import { fakeContext, temporaryFolder } from '../context.ts';

type Corpus = Readonly<Record<string, Buffer>>;

const NPZ: NpzDatasetSettings = {
  type: 'dataset',
  source: 'npz',
  path: 'bad.npz',
  train_images: 'x',
  train_labels: 'y',
  test_images: null,
  test_labels: null,
  data_format: 'channels_last',
  limit: null,
  normalize: 'minmax',
};

const x = npy('|u1', '(2, 3, 3)', 18);
const y = npy('|u1', '(2,)', 2);
const GOOD: readonly Entry[] = [
  { name: 'x.npy', data: x },
  { name: 'y.npy', data: y },
];
const good = zip(GOOD);

/** With another array of images, or other words about it. */
const images = (data: Buffer, entry: Partial<Entry> = {}): Buffer =>
  zip([
    { name: 'x.npy', data, ...entry },
    { name: 'y.npy', data: y },
  ]);
const lies = (words: NonNullable<Entry['lies']>, stored = false): Buffer =>
  images(x, { lies: words, stored });
const labels = (data: Buffer): Buffer =>
  zip([
    { name: 'x.npy', data: x },
    { name: 'y.npy', data },
  ]);
const doubles = (...values: readonly number[]): Uint8Array =>
  new Uint8Array(Float64Array.from(values).buffer);
const MOST = 0xffffffff;

const ARCHIVES: Corpus = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.of(0x50),
  text: Buffer.from('x,y\n1,2\n'),
  'a lone end': good.subarray(-22),
  'an archive of nothing': zip([]),
  'no end': good.subarray(0, -22),
  'cut off in its middle': good.subarray(0, good.length / 2),
  'its second half': good.subarray(good.length / 2),
  'a gzip file': gzipSync(good),
  'a npy file': x,
  'a pickle': Buffer.from("cos\nsystem\n(S'touch canary'\ntR."),
  'an end that counts too many': zip(GOOD, { count: 60_000 }),
  'an end that counts one more': zip(GOOD, { count: 3 }),
  'a directory behind the end': zip(GOOD, { directory: 1_000_000 }),
  'a directory before its place': zip(GOOD, { directory: -10 }),
  'two thousand arrays': zip(Array.from({ length: 2000 }, (_, index) => ({ name: `${index}.npy`, data: y }))),
  'an array twice': zip([...GOOD, { name: 'x.npy', data: x }]),
  'no images': zip([{ name: 'y.npy', data: y }]),
  'no labels': zip([{ name: 'x.npy', data: x }]),
  'images under a folder above': zip([
    { name: '../x.npy', data: x },
    { name: 'y.npy', data: y },
  ]),
  'images under an absolute name': zip([
    { name: '/x.npy', data: x },
    { name: 'y.npy', data: y },
  ]),
  'images under a name of Windows': zip([
    { name: 'C:\\x.npy', data: x },
    { name: 'y.npy', data: y },
  ]),
  'a name `__proto__`': zip([
    { name: '__proto__.npy', data: x },
    { name: 'y.npy', data: y },
  ]),
  'encrypted images': lies({ flags: 1 }),
  'a method that nobody knows': lies({ method: 99 }),
  'packed data that says it is stored': lies({ method: 0 }),
  'stored data that says it is packed': lies({ method: 8 }, true),
  'another checksum': lies({ crc: 0x12345678 }),
  'a byte more than there is': lies({ size: x.length + 1 }),
  'a byte less than there is': lies({ size: x.length - 1 }),
  'a size of nothing': lies({ size: 0 }),
  'a size of 4 GiB': lies({ size: MOST - 1 }),
  'packed data of 4 GiB': lies({ packedSize: MOST - 1, size: MOST - 1 }),
  'packed data without an end': lies({ packedSize: 5 }),
  'an offset behind the end': lies({ offset: 0x7fffffff }),
  'an offset into the data': lies({ offset: 7 }),
  'a bomb behind a small header': images(npy('|u1', '(2, 3, 3)', 2 ** 24)),
  'a header that promises much': images(npy('|u1', '(4294967296, 3, 3)', 18)),
  'a header that promises a product of 2^128': images(
    npy('<f8', `(${Array(4).fill('4294967296').join(', ')})`, 0),
  ),
  'an empty member': images(Buffer.alloc(0)),
  'half a header': images(x.subarray(0, 30)),
  'Python objects': images(npy('|O', '(2, 3, 3)', 144)),
  records: images(Buffer.from(String(x).replace("'|u1'", "[('a', '|O')]"), 'latin1')),
  'text as images': images(npy('<U1', '(2, 3, 3)', 72)),
  'complex images': images(npy('<c16', '(2, 3, 3)', 288)),
  'long doubles': images(npy('<f16', '(2, 3, 3)', 288)),
  'negative integers as images': images(npy('|i1', '(2, 3, 3)', new Uint8Array(18).fill(0xff))),
  'an order of axes that nobody knows': images(npy('|u1', '(2, 3, 3)', 18, 'Perhaps')),
  'images of NaN': images(npy('<f8', '(1, 1, 2)', doubles(Number.NaN, 0))),
  'images of infinity': images(npy('<f8', '(1, 1, 2)', doubles(0, Infinity))),
  'doubles beyond what a float can be': images(npy('<f8', '(1, 1, 2)', doubles(1e300, 0))),
  'no image': images(npy('|u1', '(0, 3, 3)', 0)),
  'images of no pixel': images(npy('|u1', '(2, 0, 3)', 0)),
  'images of one dimension': images(npy('|u1', '(2,)', 2)),
  'one number': images(npy('|u1', '()', 1)),
  'more labels than images': labels(npy('|u1', '(3,)', 3)),
  'labels of two dimensions': labels(npy('|u1', '(2, 10)', 20)),
  'labels of fractions': labels(npy('<f4', '(2,)', new Uint8Array(Float32Array.of(0.5, 1).buffer))),
  'negative labels': labels(npy('|i1', '(2,)', Uint8Array.of(0xff, 0))),
  'labels beyond 2^31': labels(npy('<u8', '(2,)', new Uint8Array(16).fill(0xff))),
  'labels of Python objects': labels(npy('|O', '(2,)', 16)),
};

/** A chunk of a PNG file; `sum` is its checksum where it is not the right one. */
function chunk(
  type: string,
  data: Uint8Array,
  { sum = crc32(Buffer.concat([Buffer.from(type), data])), length = data.length } = {},
): Buffer {
  const [head, tail] = [Buffer.alloc(4), Buffer.alloc(4)];
  head.writeUInt32BE(length);
  tail.writeUInt32BE(sum);
  return Buffer.concat([head, Buffer.from(type), data, tail]);
}

function header(width: number, height: number, rest: readonly number[] = [8, 0, 0, 0, 0]): Buffer {
  const data = Buffer.alloc(13);
  data.writeUInt32BE(width, 0);
  data.writeUInt32BE(height, 4);
  data.set(rest, 8);
  return data;
}

const SIGNATURE = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
const END = chunk('IEND', Buffer.alloc(0));
/** Four gray rows of four, each after its filter. */
const ROWS = deflateSync(Buffer.alloc(20));
const png = (ihdr: Buffer, ...others: readonly Buffer[]): Buffer =>
  Buffer.concat([SIGNATURE, chunk('IHDR', ihdr), ...others]);
const data = chunk('IDAT', ROWS);
const goodPng = png(header(4, 4), data, END);

const PNGS: Corpus = {
  'a signature alone': SIGNATURE,
  'a signature cut off': SIGNATURE.subarray(0, 5),
  'no header': Buffer.concat([SIGNATURE, data, END]),
  'a header cut off': goodPng.subarray(0, 20),
  'a header with a wrong checksum': Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header(4, 4), { sum: 1 }),
    data,
    END,
  ]),
  'a header of 2 GiB': Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header(4, 4), { length: 0x7fffffff }),
    data,
    END,
  ]),
  'a header alone': png(header(4, 4)),
  'no data': png(header(4, 4), END),
  'no width': png(header(0, 4), data, END),
  'no height': png(header(4, 0), data, END),
  'four billion columns': png(header(MOST, 4), data, END),
  'a billion pixels': png(header(32_768, 32_768), data, END),
  'the most that PNG knows': png(header(0x7fffffff, 0x7fffffff), data, END),
  'a wide line': png(header(0x7fffffff, 1), data, END),
  'three bits a value': png(header(4, 4, [3, 0, 0, 0, 0]), data, END),
  'a kind of colour that is none': png(header(4, 4, [8, 5, 0, 0, 0]), data, END),
  'a packing that is none': png(header(4, 4, [8, 0, 9, 0, 0]), data, END),
  'interlacing that is none': png(header(4, 4, [8, 0, 0, 0, 9]), data, END),
  'a palette that is missing': png(header(4, 4, [8, 3, 0, 0, 0]), data, END),
  'data that is not packed': png(header(4, 4), chunk('IDAT', Buffer.alloc(20, 7)), END),
  'data cut off': png(header(4, 4), chunk('IDAT', ROWS.subarray(0, 5)), END),
  'too few rows': png(header(4, 400), data, END),
  'a file cut off in its data': goodPng.subarray(0, 45),
};

const jpegOf = (width: number, height: number): Promise<Buffer> =>
  sharp(Buffer.alloc(width * height, 128), { raw: { width, height, channels: 1 } })
    .jpeg()
    .toBuffer();

/** A JPEG file with other bytes at a distance from its frame header, or from its beginning. */
async function jpegs(): Promise<Corpus> {
  const whole = await jpegOf(64, 64);
  const frame = whole.indexOf(Buffer.of(0xff, 0xc0));
  const scan = whole.indexOf(Buffer.of(0xff, 0xda));
  const altered = (at: number, ...values: readonly number[]): Buffer => {
    const bytes = Buffer.from(whole);
    bytes.set(values, at);
    return bytes;
  };
  return {
    'two bytes': whole.subarray(0, 2),
    'a beginning and an end': Buffer.of(0xff, 0xd8, 0xff, 0xd9),
    'nothing but zeros': Buffer.concat([whole.subarray(0, 2), Buffer.alloc(500)]),
    'nothing but markers': Buffer.concat([whole.subarray(0, 2), Buffer.alloc(500, 0xff)]),
    'no frame': Buffer.concat([whole.subarray(0, frame), whole.subarray(scan)]),
    'a frame cut off': whole.subarray(0, frame + 6),
    'no scan': whole.subarray(0, scan),
    'a scan cut off': whole.subarray(0, scan + 14),
    'no tables': Buffer.concat([whole.subarray(0, 2), whole.subarray(frame)]),
    'no height': altered(frame + 5, 0, 0),
    'no width': altered(frame + 7, 0, 0),
    'the most pixels that JPEG knows': altered(frame + 5, 0xff, 0xff, 0xff, 0xff),
    'twenty bits a value': altered(frame + 4, 20),
    'no component': altered(frame + 9, 0),
    'two hundred components': altered(frame + 9, 200),
    'a lossless frame': altered(frame + 1, 0xc3),
    'a frame of no length': altered(frame + 2, 0, 0),
    'sampling of zero': altered(frame + 11, 0),
    'sampling of fifteen': altered(frame + 11, 0xff),
    'a quantisation table that is missing': altered(frame + 12, 3),
    'a PNG file under its first bytes': Buffer.concat([whole.subarray(0, 4), goodPng]),
  };
}

const IMAGES: ImagesDatasetSettings = {
  type: 'dataset',
  source: 'images',
  path: 'images',
  labels: 'folder',
  recursive: false,
  follow_links: false,
  crop: null,
  color: 'gray',
  on_error: 'fail',
  limit: null,
  normalize: 'minmax',
};

async function assertAllRefused(
  t: TestContext,
  settings: DatasetSettings,
  file: string,
  control: Buffer,
  corpus: Corpus,
): Promise<void> {
  const root = temporaryFolder(t);
  mkdirSync(join(root, 'images'));
  writeFileSync(join(root, file), control);
  await datasetNode.run(fakeContext(root, settings));
  for (const [name, bytes] of Object.entries(corpus)) {
    writeFileSync(join(root, file), bytes);
    await assert.rejects(
      datasetNode.run(fakeContext(root, settings)),
      (error) => {
        assert.ok(error instanceof Failure, `${name}: ${String(error)}`);
        const codes = error.diagnostics.map(({ code }) => code);
        assert.ok(
          codes.every((code) => ['data-corrupt', 'data-missing'].includes(code)),
          `${name}: ${codes.join()}`,
        );
        return true;
      },
      name,
    );
  }
}

test('hostile npz files are refused', (t) => assertAllRefused(t, NPZ, 'bad.npz', good, ARCHIVES));

test('hostile PNG files are refused', (t) => assertAllRefused(t, IMAGES, 'images/bad.png', goodPng, PNGS));

test('hostile JPEG files are refused', async (t) =>
  assertAllRefused(t, IMAGES, 'images/bad.jpg', await jpegOf(64, 64), await jpegs()));

test('there are at least sixty of them', async () => {
  const all = [ARCHIVES, PNGS, await jpegs()].flatMap((corpus) => Object.values(corpus));
  const different = new Set(all.map((bytes) => bytes.toString('base64')));
  assert.equal(different.size, all.length);
  assert.ok(all.length >= 60, String(all.length));
});

test('a named pipe is refused without waiting', { skip: process.platform === 'win32' }, async (t) => {
  const root = temporaryFolder(t);
  assert.equal(spawnSync('mkfifo', [join(root, 'bad.npz')]).status, 0);
  const single = {
    type: 'dataset',
    source: 'npy',
    train_images: 'bad.npz',
    data_format: 'channels_last',
    limit: null,
    normalize: 'none',
  } as const;
  for (const settings of [NPZ, single]) {
    await assert.rejects(datasetNode.run(fakeContext(root, settings)), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.diagnostics[0]?.code, 'data-missing');
      return true;
    });
  }
});

test('with any changed bytes, an archive or an image is read or refused with a Failure', async (t) => {
  const root = temporaryFolder(t);
  const jpeg = await jpegOf(16, 16);
  const change = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      assert.ok(error instanceof Failure, String(error));
    }
  };
  await fc.assert(
    fc.asyncProperty(change, async (changes) => {
      for (const whole of [good, goodPng, jpeg]) {
        const bytes = Buffer.from(whole);
        for (const [at, value] of changes) bytes[at % bytes.length] = value;
        if (whole !== good) {
          await attempt(() => decodeImage(bytes, { crop: null, size: null, color: 'gray' }));
          continue;
        }
        writeFileSync(join(root, 'bad.npz'), bytes);
        await attempt(() => datasetNode.run(fakeContext(root, NPZ)));
      }
    }),
    { numRuns: 300 },
  );
});
