import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { identifyFile, identifyStart } from '../../src/formats/containers.ts';
import type { ContainerName } from '../../src/formats/container.ts';
import { maskedCrc } from '../../src/formats/crc32c.ts';
import { temporaryFolder } from '../nodes/context.ts';
import { npy, zip } from './numpy-files.ts';

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
const one = npy('|u1', '(1, 2, 2)', 4);
const idx = Buffer.concat([Buffer.of(0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2), Buffer.alloc(4)]);

function tfrecord(): Buffer {
  const length = Buffer.alloc(12);
  length.writeUInt32LE(5);
  length.writeUInt32LE(maskedCrc(length.subarray(0, 8)), 8);
  return Buffer.concat([length, Buffer.alloc(9)]);
}

/** The header of a file in an archive from before POSIX, which has nothing but its checksum to be known by. */
function oldTar(): Buffer {
  const header = Buffer.alloc(1024);
  header.write('cat/1.png');
  header.write(' '.repeat(8), 148);
  header.write(header.reduce((sum, byte) => sum + byte, 0).toString(8), 148);
  return header;
}

/** A name, its first bytes, what it is, and a part of the advice. */
const FILES: readonly (readonly [file: string, bytes: Buffer, name: ContainerName, advice: string])[] = [
  ['x.npy', one, 'npy', 'train_images: x.npy'],
  ['arr', zip([{ name: 'arr_0.npy', data: one }]), 'npz', 'source: npz'],
  ['train-images', idx, 'idx', 'source: idx'],
  ['a.gz', gzipSync(idx), 'idx', 'source: idx'],
  ['a.csv', latin1('label,pixel0\n5,0\n'), 'table', 'source: csv'],
  ['unicode.csv', Buffer.from('\ufefflabel;pixel0\n5;0\n', 'utf16le'), 'table', 'source: csv'],
  ['x.txt', latin1('5.0e+00 -1.0e-01\n7.0e+00 0.0e+00\n'), 'blanks', "np.loadtxt('x.txt')"],
  ['a.json', latin1('{"images": [[0, 1]], "labels": [5]}'), 'json', 'np.array(v) for k, v in d.items()'],
  ['b.json', latin1('\n[[0, 1],\n [2, 3]]'), 'json', 'x_train=np.array(d)'],
  [
    'fer2013.csv',
    latin1(`emotion,pixels,Usage\n3,${'70 80 '.repeat(1000)},Training\n`),
    'lists',
    "p.split(), 'uint8') for p in d['pixels']]), y_train=d['emotion']",
  ],
  ['long.csv', latin1(`emotion,pixels,Usage\n3,${'70 80 '.repeat(1000)}`), 'lists', "y_train=d['emotion']"],
  ['euro.csv', latin1('0,5;1;0,25\n0;0,125;1\n'), 'decimal-commas', "sep=';', decimal=',', header=None"],
  ['names.csv', latin1('a;b\n0,5;1\n'), 'decimal-commas', 'index=False)'],
  ['pairs.csv', latin1('a;b\n5;1\n'), 'table', 'source: csv'],
  ['text.csv', latin1('name;text\n1;a, b\n'), 'table', 'source: csv'],
  ['a.csv.gz', gzipSync('1;2;3\n'), 'table', 'source: csv'],
  ['a.png', latin1('\x89PNG\r\n\x1a\n\0\0\0\rIHDR'), 'picture', 'source: images'],
  ['photos.zip', zip([{ name: 'cat/1.png', data: one }]), 'zip', 'source: images'],
  ['a.tar', Buffer.concat([Buffer.alloc(257, 'a'), latin1('ustar\0')]), 'tar', 'source: images'],
  ['old.tar', oldTar(), 'tar', 'source: images'],
  [
    'damaged.csv.gz',
    Buffer.concat([gzipSync('1;2;3\n').subarray(0, -8), Buffer.alloc(8)]),
    'table',
    'source: csv',
  ],
  ['x.npy.gz', gzipSync(one), 'packed', 'gunzip x.npy.gz'],
  ['x.bz2', latin1('BZh91AY&SY'), 'packed', 'unpack'],
  ['svhn.mat', latin1('MATLAB 5.0 MAT-file, Platform: GLNXA64'), 'matlab', 'np.moveaxis(v, -1, 0)'],
  ['old.MAT', Buffer.from([0, 0, 0, 0, 1, 0, 0, 0]), 'matlab', 'loadmat'],
  ['v.mat', latin1('MATLAB 7.3 MAT-file, Platform: GLNXA64'), 'matlab', 'f[k][()].T'],
  ['v.h5', latin1('\x89HDF\r\n\x1a\n'), 'hdf5', "'v.npz', **{k: f[k][()] for"],
  [
    'data_batch_1',
    latin1('\x80\x02}q\x01(U\x0bbatch_label'),
    'pickle',
    "x_train=d['data'], y_train=d['labels']",
  ],
  ['train', latin1('\x80\x02}q\x01(U\tfilenames'), 'pickle', "y_train=d['fine_labels']"],
  ['mnist.pkl.gz', gzipSync(latin1('\x80\x04\x95\0')), 'pickle', "gzip.open('mnist.pkl.gz', 'rb')"],
  ['old.pkl', latin1("cos\nsystem\n(S'touch canary'\ntR."), 'pickle', 'pickle.load'],
  ['x.joblib', latin1('\x80\x03c'), 'pickle', 'joblib.load'],
  ['x.pt', zip([{ name: 'x/data.pkl', data: one }]), 'torch', "torch.load('x.pt'"],
  ['x.parquet', latin1('PAR1\x15\0'), 'parquet', "read_parquet('x.parquet')"],
  ['x.feather', latin1('ARROW1\0\0'), 'arrow', 'read_feather'],
  ['x.tfrecord', tfrecord(), 'tfrecord', "TFRecordDataset('x.tfrecord')"],
  ['x.safetensors', latin1('\x40\0\0\0\0\0\0\0{"x":{"dtype"'), 'safetensors', "load_file('x.safetensors')"],
  ['x.xlsx', zip([{ name: '[Content_Types].xml', data: one }]), 'excel', 'source: csv'],
  ['x.xls', latin1('\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1'), 'excel', 'source: csv'],
  ['x.npz', latin1('<!DOCTYPE html><html>'), 'web-page', 'download'],
  ['y.npz', latin1('version https://git-lfs.github.com/spec/v1\noid sha256:0'), 'git-lfs', 'git lfs pull'],
];

for (const [file, bytes, name, advice] of FILES) {
  test(`${file}, ${name}: is known by its first bytes, and advice fits`, () => {
    const found = identifyStart(bytes, file);
    assert.equal(found?.name, name);
    assert.ok(found.hint.includes(advice), found.hint);
  });
}

test('unknown files are not guessed', () => {
  for (const bytes of [
    '',
    'PK',
    '\x80',
    '\x1f\x8b',
    'class\n3\n',
    'cos\n1\n',
    '\0\0\x07\x03',
    'count\nall\n',
  ])
    assert.equal(identifyStart(latin1(bytes), 'x'), undefined, JSON.stringify(bytes));
  for (const text of ['P1\tP2\n1\t2\n', 'cos,sin\n0,1\n', 'BM,GIF8\n1,2\n', 'collections;os\n1;2\n'])
    assert.equal(identifyStart(latin1(text), 'x')?.name, 'table', text);
});

test('a name that would end the text of Python is not written into it', () => {
  const found = identifyStart(latin1('PAR1'), "'); import os #.parquet");
  assert.ok(found?.hint.includes("read_parquet('FILE')"));
});

test('files are read; anything else is refused without waiting', async (t) => {
  const root = temporaryFolder(t);
  writeFileSync(join(root, 'x.mat'), 'MATLAB 5.0 MAT-file');
  mkdirSync(join(root, 'folder'));
  assert.equal((await identifyFile(join(root, 'x.mat')))?.name, 'matlab');
  for (const name of ['folder', 'none']) assert.equal(await identifyFile(join(root, name)), undefined);
});

test('any bytes get an answer', () => {
  const starts = fc.constantFrom(...FILES.map(([, bytes]) => bytes));
  fc.assert(
    fc.property(starts, fc.uint8Array({ maxLength: 60 }), fc.nat(80), (start, noise, cut) => {
      identifyStart(Buffer.concat([start.subarray(0, cut), noise]), 'x');
    }),
    { numRuns: 300 },
  );
});
