/**
 * Hostile and mistaken files for the sources of arrays and tables: each is a Failure with its place, in a run as in `check`, and none
 * is taken for something else.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Failure } from '../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../src/nodes/dataset/node.ts';
import { npy, zip } from '../../formats/numpy-files.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { settingsOf } from './settings.ts';

type Keys = Parameters<typeof settingsOf>[0];
/** A folder is written as `null`. */
type Files = Readonly<Record<string, Buffer | string | null>>;
/** Files, settings, and the code and setting of the failure. */
type Case = readonly [files: Files, keys: Keys, failure: string];

const images = npy('|u1', '(2, 3, 3)', Buffer.from([...Array(18).keys()].map((value) => value * 14)));
const labels = npy('|u1', '(2,)', Buffer.of(0, 1));
const bytesOf = (...data: readonly { readonly buffer: ArrayBufferLike }[]): Buffer =>
  Buffer.concat(data.map(({ buffer }) => new Uint8Array(buffer)));

function idx(magic: number, shape: readonly number[], data: Uint8Array | number): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(magic);
  shape.forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
  return Buffer.concat([header, typeof data === 'number' ? Buffer.alloc(data, 9) : data]);
}

const OF_NPY: Keys = { source: 'npy', train_images: 'x.npy', train_labels: 'y.npy' };
const withNpy = (x: Buffer | string | null, y: Buffer | string | null = labels): Files => ({
  'x.npy': x,
  'y.npy': y,
});

const NPY: Readonly<Record<string, Case>> = {
  'images and labels that are swapped': [withNpy(labels, images), OF_NPY, 'data-corrupt train_labels'],
  'labels for images, without labels': [
    withNpy(labels),
    { source: 'npy', train_images: 'x.npy' },
    'data-corrupt train_images',
  ],
  'a folder for images': [withNpy(null), OF_NPY, 'data-missing train_images'],
  'a folder for labels': [withNpy(images, null), OF_NPY, 'data-missing train_labels'],
  'an empty file of images': [withNpy(''), OF_NPY, 'data-corrupt train_images'],
  'an empty file of labels': [withNpy(images, ''), OF_NPY, 'data-corrupt train_labels'],
  'a last byte that is missing': [withNpy(images.subarray(0, -1)), OF_NPY, 'data-corrupt train_images'],
  'a byte too many': [withNpy(Buffer.concat([images, Buffer.of(0)])), OF_NPY, 'data-corrupt train_images'],
  'two arrays in one file': [withNpy(Buffer.concat([images, images])), OF_NPY, 'data-corrupt train_images'],
  'images of two splits that differ in size': [
    { ...withNpy(images), 'z.npy': npy('|u1', '(1, 3, 4)', 12) },
    { ...OF_NPY, test_images: 'z.npy' },
    'data-corrupt test_images',
  ],
  'images of two splits that differ in channels': [
    { ...withNpy(images), 'z.npy': npy('|u1', '(1, 3, 3, 3)', 27) },
    { ...OF_NPY, test_images: 'z.npy' },
    'data-corrupt test_images',
  ],
  'bytes and floats': [
    { ...withNpy(images), 'z.npy': npy('<f4', '(1, 3, 3)', 36) },
    { ...OF_NPY, test_images: 'z.npy' },
    'data-corrupt test_images',
  ],
  'a NaN among the test images': [
    {
      ...withNpy(npy('<f4', '(2, 1, 1)', bytesOf(Float32Array.of(0, 1)))),
      'z.npy': npy('<f4', '(1, 1, 1)', bytesOf(Float32Array.of(Number.NaN))),
    },
    { ...OF_NPY, test_images: 'z.npy' },
    'data-corrupt test_images',
  ],
  'a half float that is infinite': [
    withNpy(npy('<f2', '(2, 1, 1)', bytesOf(Uint16Array.of(0x7c00, 0)))),
    OF_NPY,
    'data-corrupt train_images',
  ],
  'a negative integer of 64 bits': [
    withNpy(npy('<i8', '(2, 1, 1)', bytesOf(BigInt64Array.of(-(2n ** 63n), 0n)))),
    OF_NPY,
    'data-corrupt train_images',
  ],
  'the highest integer of 64 bits': [
    withNpy(npy('>u8', '(2, 1, 1)', Buffer.alloc(16, 0xff))),
    OF_NPY,
    'data-corrupt train_images',
  ],
  'a byte order that does not fit its values': [
    withNpy(npy('>i4', '(2, 1, 1)', bytesOf(Int32Array.of(255, 1)))),
    OF_NPY,
    'data-corrupt train_images',
  ],
  'more than `white_level`': [withNpy(images), { ...OF_NPY, white_level: 15 }, 'out-of-range white_level'],
  'labels that are fractions': [
    withNpy(images, npy('<f8', '(2,)', bytesOf(Float64Array.of(0.5, 1)))),
    OF_NPY,
    'data-corrupt train_labels',
  ],
  'a label that is infinite': [
    withNpy(images, npy('<f4', '(2,)', bytesOf(Float32Array.of(Infinity, 1)))),
    OF_NPY,
    'data-corrupt train_labels',
  ],
  'a label beyond 31 bits': [
    withNpy(images, npy('<i8', '(2,)', bytesOf(BigInt64Array.of(2n ** 40n, 1n)))),
    OF_NPY,
    'data-corrupt train_labels',
  ],
  'names of classes in one split and numbers in the other': [
    { ...withNpy(images, npy('|S1', '(2,)', Buffer.from('ab'))), 'z.npy': images, 'w.npy': labels },
    { ...OF_NPY, test_images: 'z.npy', test_labels: 'w.npy' },
    'data-corrupt train_labels',
  ],
  'a class without a name': [
    withNpy(images, npy('|S1', '(2,)', Buffer.from('a\0'))),
    OF_NPY,
    'data-corrupt train_labels',
  ],
  'an array of times': [withNpy(npy('<M8[ns]', '(2, 1, 1)', 16)), OF_NPY, 'data-corrupt train_images'],
  'a shape of eight axes and one more': [
    withNpy(npy('|u1', '(1, 1, 1, 1, 1, 1, 1, 1, 1)', 1)),
    OF_NPY,
    'data-corrupt train_images',
  ],
  'a negative length': [withNpy(npy('|u1', '(-2, 3, 3)', 18)), OF_NPY, 'data-corrupt train_images'],
  'rows, where `shape` says another size': [
    withNpy(npy('|u1', '(2, 9)', 18)),
    { ...OF_NPY, shape: [3, 4] },
    'data-corrupt train_images',
  ],
  'channels first, where they are last': [
    withNpy(npy('|u1', '(2, 3, 3, 3, 1)', 54)),
    { ...OF_NPY, data_format: 'channels_first' },
    'data-corrupt train_images',
  ],
};

const OF_NPZ: Keys = { source: 'npz', path: 'a.npz', test_images: null };
const x = { name: 'x_train.npy', data: images };
const y = { name: 'y_train.npy', data: labels };

const NPZ: Readonly<Record<string, Case>> = {
  'a folder': [{ 'a.npz': null }, OF_NPZ, 'data-missing path'],
  'a zip archive of pictures': [
    { 'a.npz': zip([{ name: '1.png', data: Buffer.from('x') }]) },
    OF_NPZ,
    'data-missing path',
  ],
  'a bomb of zeros under another name': [
    { 'a.npz': zip([{ name: 'x_train.npy', data: npy('|u1', '(1, 3, 3)', 2 ** 24) }, y]) },
    OF_NPZ,
    'data-corrupt path',
  ],
  'encrypted labels': [{ 'a.npz': zip([x, { ...y, lies: { flags: 1 } }]) }, OF_NPZ, 'data-corrupt path'],
  'labels twice': [{ 'a.npz': zip([x, y, y]) }, OF_NPZ, 'data-corrupt path'],
  'arrays in a folder of the archive': [
    { 'a.npz': zip([{ ...x, name: 'data/x_train.npy' }, y]) },
    OF_NPZ,
    'data-missing path',
  ],
  'a name that escapes': [
    { 'a.npz': zip([{ ...x, name: '../x_train.npy' }, y]) },
    { ...OF_NPZ, train_images: '../x_train' },
    'data-corrupt train_images',
  ],
  'a name with another ending': [
    { 'a.npz': zip([{ ...x, name: 'x_train.NPY' }, y]) },
    OF_NPZ,
    'data-missing path',
  ],
  'test images that are missing in a file of their own': [
    { 'a.npz': zip([x, y]), 'b.npz': zip([{ ...y, name: 'z.npy' }]) },
    { source: 'npz', path: 'a.npz', test_path: 'b.npz' },
    'data-missing test_path',
  ],
  'a file of test images that is cut off': [
    { 'a.npz': zip([x, y]), 'b.npz': zip([x, y]).subarray(0, -30) },
    { source: 'npz', path: 'a.npz', test_path: 'b.npz' },
    'data-corrupt test_path',
  ],
};

const OF_IDX: Keys = { source: 'idx', train_images: 'x', train_labels: 'y' };
const idxImages = idx(0x0803, [2, 3, 3], 18);
const idxLabels = idx(0x0801, [2], 2);
const withIdx = (own: Buffer | string | null, other: Buffer | string | null = idxLabels): Files => ({
  x: own,
  y: other,
});

const IDX: Readonly<Record<string, Case>> = {
  'images and labels that are swapped': [withIdx(idxLabels, idxImages), OF_IDX, 'data-corrupt train_labels'],
  'a folder for images': [withIdx(null), OF_IDX, 'data-missing train_images'],
  'an empty file': [withIdx(''), OF_IDX, 'data-corrupt train_images'],
  'a gzip file of an empty file': [withIdx(gzipSync('')), OF_IDX, 'data-corrupt train_images'],
  'a gzip file of another file': [withIdx(gzipSync(images)), OF_IDX, 'data-corrupt train_images'],
  'labels for more images': [withIdx(idxImages, idx(0x0801, [3], 3)), OF_IDX, 'data-corrupt train_labels'],
  'labels for fewer images': [withIdx(idxImages, idx(0x0801, [1], 1)), OF_IDX, 'data-corrupt train_labels'],
  'labels that are negative': [
    withIdx(idxImages, idx(0x0901, [2], Buffer.of(0xff, 0))),
    OF_IDX,
    'data-corrupt train_labels',
  ],
  'floats that are no numbers': [
    withIdx(idx(0x0d03, [2, 1, 1], Buffer.of(0x7f, 0xc0, 0, 0, 0, 0, 0, 0))),
    OF_IDX,
    'data-corrupt train_images',
  ],
  'integers that are negative': [
    withIdx(idx(0x0c03, [2, 1, 1], Buffer.alloc(8, 0xff))),
    OF_IDX,
    'data-corrupt train_images',
  ],
  'no image': [withIdx(idx(0x0803, [0, 3, 3], 0), idx(0x0801, [0], 0)), OF_IDX, 'data-corrupt train_images'],
  'images of no pixel': [withIdx(idx(0x0803, [2, 0, 3], 0)), OF_IDX, 'data-corrupt train_images'],
  'images in rows': [withIdx(idx(0x0802, [2, 9], 18)), OF_IDX, 'data-corrupt train_images'],
  'test images of another size': [
    { ...withIdx(idxImages), z: idx(0x0803, [1, 4, 4], 16) },
    { ...OF_IDX, test_images: 'z' },
    'data-corrupt test_images',
  ],
};

const OF_CSV: Keys = { source: 'csv', path: 'a.csv', shape: [2, 2] };
const csv = (content: Buffer | string | null): Files => ({ 'a.csv': content });
const refused = (content: Buffer | string | null, keys: object = {}): Case => [
  csv(content),
  { ...OF_CSV, ...keys },
  'data-corrupt path',
];

const CSV: Readonly<Record<string, Case>> = {
  'a folder': [csv(null), OF_CSV, 'data-missing path'],
  'an empty file': refused(''),
  'blank lines alone': refused('\n\n \n'),
  'names of columns alone': refused('label,a,b,c,d\n'),
  'a row that is too short': refused('1,2,3,4\n1,2,3\n'),
  'a row that is too long': refused('1,2,3,4\n1,2,3,4,5\n'),
  'a separator at the end of one row': refused('1,2,3,4\n1,2,3,4,\n'),
  'an empty cell': refused('1,2,3,4\n1,,3,4\n'),
  'a missing value of pandas': refused('1,2,3,4\n1,nan,3,4\n'),
  'a missing value of R': refused('1,2,3,4\n1,NA,3,4\n'),
  infinity: refused('1,2,3,4\n1,-inf,3,4\n'),
  'a number beyond floats': refused('1,2,3,4\n1,1e400,3,4\n'),
  'a number with a unit': refused('1,2,3,4\n1,2px,3,4\n'),
  'a decimal comma': refused('1;2;3;4\n1,5;2;3;4\n'),
  'a hexadecimal number that is none': refused('1,2,3,4\n1,0xfg,3,4\n'),
  'another separator in one row': refused('1,2,3,4\n1;2;3;4\n'),
  'blanks between the numbers': refused('1 2 3 4\n1 2 3 4\n'),
  'a quotation mark that is not closed': refused('1,2,3,4\n1,"2,3,4\n1,2,3,4\n'),
  'a quotation mark in a cell': refused('1,2,3,4\n1,2"2,3,4\n'),
  'another number of pixels': refused('1,2,3\n4,5,6\n'),
  'the index of pandas': refused(',a,b,c,d\n0,1,2,3,4\n1,1,2,3,4\n'),
  'negative numbers, where white is 15': [
    csv('0,1,2,16\n'),
    { ...OF_CSV, white_level: 15 },
    'out-of-range white_level',
  ],
  'a label that is missing': refused('label,a,b,c,d\n,1,2,3,4\n'),
  'a label column that is missing': refused('a,b,c,d\n1,2,3,4\n', { label: 'kind' }),
  'labels of two kinds in two files': [
    { 'a.csv': 'label,a,b,c,d\ncat,1,2,3,4\n', 'b.csv': 'label,a,b,c,d\n1,1,2,3,5\n' },
    { ...OF_CSV, test_path: 'b.csv' },
    'data-corrupt path',
  ],
  'UTF-16 without its mark': refused(Buffer.from('1,2,3,4\n', 'utf16le')),
  'UTF-16 that is cut off': refused(Buffer.from('\uFEFF1,2,3,4\n', 'utf16le').subarray(0, -1)),
  'Latin-1': refused(Buffer.from('label,a,b,c,d\nk\xe4fer,1,2,3,4\n', 'latin1')),
  'UTF-8 that is cut off': refused(Buffer.from('label,a,b,c,d\nk\xc3', 'latin1')),
  'bytes of zero': refused(Buffer.from('1,2,3,4\n1,\0,3,4\n')),
  'a gzip file that is cut off': refused(gzipSync('1,2,3,4\n'.repeat(50)).subarray(0, -12)),
  'a gzip file of a picture': refused(gzipSync(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'))),
  'JSON lines': refused('{"label": 1, "pixels": [1, 2, 3, 4]}\n{"label": 2, "pixels": [1, 2, 3, 4]}\n'),
  'an ARFF file': refused('@RELATION digits\n@ATTRIBUTE a REAL\n@DATA\n1,2,3,4\n'),
  'a LIBSVM file': refused('5 1:0.5 2:1\n3 1:0.1 4:0.7\n'),
};

const KNOWN: Readonly<Record<string, Case>> = Object.fromEntries(
  (['mnist', 'fashion-mnist'] as const).flatMap((source) => {
    const [first, ...others] = [
      'train-images-idx3',
      'train-labels-idx1',
      't10k-images-idx3',
      't10k-labels-idx1',
    ];
    const all = (content: Buffer | string | null, ending = ''): Files =>
      Object.fromEntries([first, ...others].map((name) => [`d/${name}-ubyte${ending}`, content]));
    const own: Keys = { source, path: 'd' };
    const cases: Readonly<Record<string, Case>> = {
      'an empty folder': [{ d: null }, own, 'data-missing path'],
      'a file for the folder': [{ d: 'x' }, own, 'data-missing path'],
      'folders for the files': [all(null), own, 'data-missing path'],
      'files of another content': [all(idxImages), own, 'data-corrupt path'],
      'files that are empty': [all(''), own, 'data-corrupt path'],
      'gzip files that are damaged': [all(gzipSync('x').subarray(0, 12), '.gz'), own, 'data-corrupt path'],
    };
    return Object.entries(cases).map(([name, each]) => [`${source}: ${name}`, each]);
  }),
);

async function failureOf(t: TestContext, [files, keys]: Case): Promise<readonly string[]> {
  const root = temporaryFolder(t);
  for (const [name, content] of Object.entries(files)) {
    if (name.includes('/')) mkdirSync(join(root, name, '..'), { recursive: true });
    if (content === null) mkdirSync(join(root, name));
    else writeFileSync(join(root, name), content);
  }
  const settings = settingsOf(keys);
  const found = await datasetNode.inspect?.(settings, root);
  const checked = (found?.findings ?? []).map(({ code, at }) => [code, ...at].join(' '));
  const run = await datasetNode.run(fakeContext(root, settings)).then(
    () => 'nothing',
    (error: unknown) => {
      assert.ok(error instanceof Failure, String(error));
      const [first] = error.diagnostics;
      return [first?.code, ...(first?.at ?? [])].join(' ');
    },
  );
  return [run, ...checked];
}

for (const [source, corpus] of Object.entries({ NPY, NPZ, IDX, CSV, KNOWN }))
  test(`hostile files of ${source} are refused at their setting, before a run as in it`, async (t) => {
    for (const [name, hostile] of Object.entries(corpus)) {
      const [run, ...checked] = await failureOf(t, hostile);
      const [, { source: own }, expected] = hostile;
      assert.equal(run, expected, name);
      // Only a run reads the content of known sets.
      if (!own.includes('mnist') || expected.startsWith('data-missing'))
        assert.deepEqual(checked, [expected], name);
    }
  });

test('there are at least ninety of them, all different', () => {
  const all = [NPY, NPZ, IDX, CSV, KNOWN].flatMap((corpus) => Object.values(corpus));
  assert.equal(new Set(all.map((each) => JSON.stringify(each))).size, all.length);
  assert.ok(all.length >= 90, String(all.length));
});

test('files that may not be read are missing, at their setting', async (t) => {
  const root = temporaryFolder(t);
  chmodSync(root, 0o755);
  for (const name of ['x.npy', 'a.npz', 'a.csv', 'x']) {
    writeFileSync(join(root, name), images);
    chmodSync(join(root, name), 0);
  }
  const cases: readonly (readonly [Keys, string])[] = [
    [{ source: 'npy', train_images: 'x.npy' }, 'train_images'],
    [OF_NPZ, 'path'],
    [OF_CSV, 'path'],
    [{ source: 'idx', train_images: 'x' }, 'train_images'],
  ];
  // Root may read everything.
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.(65_534);
  try {
    for (const [keys, at] of cases) {
      const found = await datasetNode.inspect?.(settingsOf(keys), root);
      assert.deepEqual(
        found?.findings.map(({ code, at: place }) => [code, ...place]),
        [['data-missing', at]],
      );
    }
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});
