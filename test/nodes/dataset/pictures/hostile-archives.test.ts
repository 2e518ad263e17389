/** Archives that misreport, escape, explode or end too early: each is refused with a message, or bad members are listed and the rest is read. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { zip, type Entry } from '../../../formats/numpy-files.ts';
import { temporaryFolder } from '../../context.ts';
import { settingsOf } from '../settings.ts';
import { picture, read, tar, type TarMember } from './photos.ts';

const SETTINGS = settingsOf({ source: 'images', path: 'bad', normalize: 'none' });

const FILES = { 'a/1.png': picture(1), 'a/2.png': picture(2), 'b/1.png': picture(3) };
const ENTRIES: readonly Entry[] = Object.entries(FILES).map(([name, data]) => ({ name, data }));
const MEMBERS: readonly TarMember[] = Object.entries(FILES).map(([name, bytes]) => [{ name }, bytes]);
const ZIP = zip(ENTRIES);
const TAR = await tar(MEMBERS);
const TGZ = gzipSync(TAR);
const EXTRA = picture(9);

function altered(bytes: Buffer, at: number, ...values: readonly number[]): Buffer {
  const copy = Buffer.from(bytes);
  copy.set(values, at < 0 ? bytes.length + at : at);
  return copy;
}

/** The end of an archive with the record of a larger format before it. */
function zip64(record: (place: number) => Buffer): Buffer {
  const end = ZIP.length - 22;
  const locator = Buffer.alloc(20);
  locator.writeUInt32LE(0x07064b50);
  locator.writeBigUInt64LE(BigInt(end), 8);
  return Buffer.concat([ZIP.subarray(0, end), record(end), locator, ZIP.subarray(end)]);
}

function record64(entries: bigint, at: bigint): Buffer {
  const record = Buffer.alloc(56);
  record.writeUInt32LE(0x06064b50);
  record.writeBigUInt64LE(entries, 32);
  record.writeBigUInt64LE(at, 48);
  return record;
}

/** A header of a tar archive in which some bytes are others, with its right checksum. */
function withHeader(archive: Buffer, at: number, change: (header: Buffer) => void): Buffer {
  const copy = Buffer.from(archive);
  const header = copy.subarray(at, at + 512);
  change(header);
  header.fill(0x20, 148, 156);
  const sum = header.reduce((total, value) => total + value, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return copy;
}

const directory = ZIP.indexOf('PK\x01\x02');
const big = zip(Array.from({ length: 40 }, () => ({ name: 'a/1.png', data: EXTRA, lies: { offset: 0 } })));

const REFUSED: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.of(),
  'two bytes': Buffer.from('PK'),
  text: Buffer.from('1.png\n2.png\n'),
  'a web page': Buffer.from('<!doctype html><title>404</title>'),
  'a picture': EXTRA,
  'a program': Buffer.from('7f454c4602010100000000000000000003003e0001000000', 'hex'),
  bzip2: Buffer.from('BZh91AY&SY'),
  xz: Buffer.from('fd377a585a000004e6d6b446', 'hex'),
  zstd: Buffer.from('28b52ffd0458', 'hex'),
  '7z': Buffer.from('377abcaf271c0004', 'hex'),
  rar: Buffer.from('Rar!\x1a\x07\x01\0', 'latin1'),
  'zip: the beginning of a file': Buffer.from('PK\x03\x04'),
  'zip: a lone end': ZIP.subarray(-22),
  'zip: nothing': zip([]),
  'zip: no end': ZIP.subarray(0, -22),
  'zip: half': ZIP.subarray(0, ZIP.length / 2),
  'zip: no beginning': ZIP.subarray(40),
  'zip: something behind the end': Buffer.concat([ZIP, Buffer.alloc(9, 1)]),
  'zip: an end that counts too many': zip(ENTRIES, { count: 60_000 }),
  'zip: an end that counts one more': zip(ENTRIES, { count: 4 }),
  'zip: a directory behind the end': zip(ENTRIES, { directory: 1_000_000 }),
  'zip: a directory before its place': zip(ENTRIES, { directory: -10 }),
  'zip: a directory that is damaged': altered(ZIP, directory, 0, 0),
  'zip: one part of several': altered(ZIP, -18, 1),
  'zip: files that overlap': Buffer.concat([big.subarray(0, 200), big]),
  'zip: a file of four gigabytes': zip([
    ...ENTRIES,
    { name: 'b/2.png', data: EXTRA, lies: { size: 0xfffffffe } },
  ]),
  'zip: stored data of another size': zip([{ name: '1.png', data: EXTRA, stored: true, lies: { size: 9 } }]),
  'zip: a larger format that is not there': zip64(() => Buffer.alloc(56)),
  'zip: a larger format with entries without end': zip64(() => record64(2n ** 40n, BigInt(directory))),
  'zip: a larger format far away': zip64(() => record64(3n, 2n ** 60n)),
  'zip: arrays': zip([{ name: 'x_train.npy', data: EXTRA }]),
  'zip: a document': zip([{ name: '[Content_Types].xml', data: Buffer.from('<x/>') }, ...ENTRIES]),
  'zip: an archive in an archive': zip([{ name: 'photos.zip', data: ZIP }]),
  'zip: text alone': zip([{ name: 'a/notes.txt', data: Buffer.from('about') }]),
  'zip: hidden files alone': zip([{ name: '.cache/1.png', data: EXTRA }]),
  'zip: images too deep': zip([
    { name: 'train/x/a/1.png', data: EXTRA },
    { name: 'test/x/a/1.png', data: EXTRA },
  ]),
  'zip: strong encryption': zip([{ name: '1.png', data: EXTRA, lies: { flags: 0x41 } }, ...ENTRIES]),
  'zip: an encrypted archive': zip(ENTRIES.map((entry) => ({ ...entry, lies: { flags: 1 } }))),
  'tar: cut off in a header': TAR.subarray(0, 1300),
  'tar: cut off in a file': TAR.subarray(0, 530),
  'tar: cut off between two files': TAR.subarray(0, 2048),
  'tar: cut off behind its last file': TAR.subarray(0, 3072),
  'tar: zeros alone': Buffer.alloc(10_240),
  'tar: a header with a wrong checksum': altered(TAR, 1024, 0x7a),
  'tar: a file larger than the archive': withHeader(TAR, 1024, (header) =>
    header.write('77777777777\0', 124),
  ),
  'tar: a file of a negative size': withHeader(TAR, 1024, (header) => header.fill(0xff, 124, 136)),
  'tar: a size that is no number': withHeader(TAR, 1024, (header) => header.write('no number!\0', 124)),
  'tar: a name of 5 MB': Buffer.concat([
    withHeader(TAR, 0, (header) => {
      header.write('L', 156);
      header.write('00024000000\0', 124);
    }).subarray(0, 512),
    Buffer.alloc(5_242_880, 0x61),
    TAR,
  ]),
  'tar: a text alone': await tar([[{ name: 'notes.txt' }, Buffer.from('about')]]),
  'tar: a picture alone, far outside': await tar([[{ name: '../../1.png' }, EXTRA]]),
  'gzip: an archive that was cut off between two files': gzipSync(TAR.subarray(0, 2048)),
  'gzip: its first two bytes': TGZ.subarray(0, 2),
  'gzip: its header': TGZ.subarray(0, 10),
  'gzip: cut off': TGZ.subarray(0, -30),
  'gzip: another checksum': altered(TGZ, -6, 0xaa),
  'gzip: broken data': altered(TGZ, 60, 0xff, 0xff, 0xff),
  'gzip: of text': gzipSync('1.png'),
  'gzip: of nothing': gzipSync(''),
  'gzip: of a picture': gzipSync(EXTRA),
  'gzip: of a zip archive': gzipSync(ZIP),
  'gzip: within gzip': gzipSync(TGZ),
};

async function refuses(root: string, name: string): Promise<void> {
  await assert.rejects(
    read(root, SETTINGS),
    (error) => {
      assert.ok(error instanceof Failure, `${name}: ${String(error)}`);
      const [{ code, at } = { code: '', at: [] }] = error.diagnostics;
      assert.ok(['data-corrupt', 'data-missing'].includes(code), `${name}: ${code}`);
      assert.deepEqual(at, ['path'], name);
      return true;
    },
    name,
  );
}

test('archives that are none, or none as a whole, are refused at the setting', async (t) => {
  const root = temporaryFolder(t);
  for (const [name, bytes] of Object.entries(REFUSED)) {
    writeFileSync(join(root, 'bad'), bytes);
    await refuses(root, name);
    // Nor does a check fall over it.
    const found = await datasetNode.inspect?.(SETTINGS, root);
    for (const { code, at } of found?.findings ?? [])
      assert.deepEqual([['data-corrupt', 'data-missing'].includes(code), at], [true, ['path']], name);
  }
});

const entry = (name: string, more: Partial<Entry> = {}): Buffer =>
  zip([...ENTRIES, { name, data: EXTRA, ...more }]);
const lies = (words: Entry['lies'], stored = false): Buffer =>
  entry('b/9.png', { stored, ...(words === undefined ? {} : { lies: words }) });
const member = (header: TarMember[0], bytes: Uint8Array = EXTRA): Promise<Buffer> =>
  tar([...MEMBERS, header.type === undefined ? [header, bytes] : [header]]);
/** The last member, whose header is 1024 bytes before the end that zeros make, with another type. */
const typed = async (type: string): Promise<Buffer> => {
  const archive = await member({ name: 'b/9.png' });
  return withHeader(archive, archive.indexOf('b/9.png'), (header) => header.write(type, 156));
};

/** The listed member; undefined if it is ignored. */
const NAMED: Readonly<Record<string, readonly [bytes: Buffer, skipped: string | undefined]>> = {
  'zip: an encrypted file': [lies({ flags: 1 }), 'b/9.png'],
  'zip: deflate64': [lies({ method: 9 }), 'b/9.png'],
  'zip: bzip2': [lies({ method: 12 }), 'b/9.png'],
  'zip: zstd': [lies({ method: 93 }), 'b/9.png'],
  'zip: a method that nobody knows': [lies({ method: 999 }), 'b/9.png'],
  'zip: stored data that says it is packed': [lies({ method: 8 }, true), 'b/9.png'],
  'zip: another checksum': [lies({ crc: 0x12345678 }), 'b/9.png'],
  'zip: a byte more than there is': [lies({ size: EXTRA.length + 1 }), 'b/9.png'],
  'zip: a byte less than there is': [lies({ size: EXTRA.length - 1 }), 'b/9.png'],
  'zip: a size of nothing': [lies({ size: 0 }), 'b/9.png'],
  'zip: a file of 128 MB': [lies({ size: 2 ** 27 }), 'b/9.png'],
  'zip: a file far behind the end': [lies({ offset: 2 ** 30 }), 'b/9.png'],
  'zip: a file in the middle of another': [lies({ offset: 17 }), 'b/9.png'],
  'zip: a link': [entry('b/9.png', { mode: 0o120777, data: Buffer.from('/etc/passwd') }), 'b/9.png'],
  'zip: a named pipe': [entry('b/9.png', { mode: 0o010644 }), 'b/9.png'],
  'zip: a device': [entry('b/9.png', { mode: 0o020644 }), 'b/9.png'],
  'zip: a way out': [entry('../../9.png'), '../../9.png'],
  'zip: a way out from inside': [entry('a/../../9.png'), 'a/../../9.png'],
  'zip: a way out of Windows': [entry('a\\..\\..\\9.png'), 'a/../../9.png'],
  'zip: an absolute name': [entry('/b/9.png'), '/b/9.png'],
  'zip: a drive of Windows': [entry('C:\\b\\9.png'), 'C:/b/9.png'],
  'zip: two strokes': [entry('b//9.png'), 'b//9.png'],
  'zip: a NUL in a name': [entry('b/9\0.png'), 'b/9\0.png'],
  'zip: a name that is not UTF-8, and says so': [
    entry('b/9.png', { rawName: Buffer.from('b/\xe9.png', 'latin1'), lies: { flags: 0x800 } }),
    'b/\ufffd.png',
  ],
  'zip: a file twice': [zip([{ name: 'a/1.png', data: EXTRA }, ...ENTRIES]), 'a/1.png'],
  'zip: a folder in a class': [entry('b/old/9.png'), 'b/old/9.png'],
  'zip: an image beside the classes': [entry('9.png'), '9.png'],
  'zip: half an image': [entry('b/9.png', { data: EXTRA.subarray(0, 30) }), 'b/9.png'],
  'zip: an empty image': [entry('b/9.png', { data: Buffer.of() }), 'b/9.png'],
  'zip: an image of another size': [entry('b/9.png', { data: Buffer.from(await wide()) }), 'b/9.png'],
  'zip: another format': [entry('b/9.heic', { data: Buffer.from('\0\0\0\x18ftypheic') }), 'b/9.heic'],
  'zip: what macOS packs': [entry('__MACOSX/b/._1.png'), undefined],
  'tar: a link': [await member({ name: 'b/9.png', type: 'symlink', linkname: '/etc/passwd' }), 'b/9.png'],
  'tar: a hard link': [await member({ name: 'b/9.png', type: 'link', linkname: 'a/1.png' }), 'b/9.png'],
  'tar: a link in the place of a folder': [await member({ name: 'c', type: 'symlink', linkname: '/' }), 'c'],
  'tar: a named pipe': [await member({ name: 'b/9.png', type: 'fifo' }), 'b/9.png'],
  'tar: a device': [await member({ name: 'b/9.png', type: 'block-device' }), 'b/9.png'],
  'tar: a sparse file': [await typed('S'), 'b/9.png'],
  'tar: a sparse file in the format of POSIX': [
    await member({ name: 'b/9.png', pax: { 'GNU.sparse.major': '1' } }),
    'b/9.png',
  ],
  'tar: a type that nobody knows': [await typed('Z'), 'b/9.png'],
  'tar: a way out': [await member({ name: '../9.png' }), '../9.png'],
  'tar: an absolute name': [await member({ name: '/b/9.png' }), '/b/9.png'],
  'tar: a way out in an extended header': [
    await member({ name: `../${'x'.repeat(150)}.png` }),
    `../${'x'.repeat(150)}.png`,
  ],
  'tar: a name that is not UTF-8': [
    withHeader(
      await member({ name: 'b/_.png' }),
      (await member({ name: 'b/_.png' })).indexOf('b/_.png'),
      (header) => header.write('\xe9', 2, 'latin1'),
    ),
    'b/\ufffd.png',
  ],
  'tar: a file twice': [await tar([[{ name: 'a/1.png' }, EXTRA], ...MEMBERS]), 'a/1.png'],
  'tar: half an image': [await member({ name: 'b/9.png' }, EXTRA.subarray(0, 30)), 'b/9.png'],
  'tar: an empty image': [await member({ name: 'b/9.png' }, Buffer.of()), 'b/9.png'],
  'tar: a hidden file': [await member({ name: 'b/.9.png' }), undefined],
};

function wide(): Promise<Buffer> {
  return import('sharp').then(({ default: sharp }) =>
    sharp(Buffer.alloc(18), { raw: { width: 9, height: 2, channels: 1 } })
      .png()
      .toBuffer(),
  );
}

async function named(t: TestContext, packed: (bytes: Buffer) => Buffer, prefix: string): Promise<void> {
  const root = temporaryFolder(t);
  for (const [name, [bytes, skipped]] of Object.entries(NAMED)) {
    if (!name.startsWith(prefix)) continue;
    writeFileSync(join(root, 'bad'), packed(bytes));
    const found = await read(root, SETTINGS);
    assert.deepEqual(found.values, [1, 2, 3], name);
    assert.deepEqual(
      [found.labels, found.classes],
      [
        [0, 0, 1],
        ['a', 'b'],
      ],
      name,
    );
    assert.deepEqual(found.skipped, skipped === undefined ? [] : [skipped], name);
    assert.equal(found.warnings.length, skipped === undefined ? 0 : 1, name);
    for (const warning of found.warnings) assert.doesNotMatch(warning, /[\p{Cc}\p{Cf}]/u);
  }
  assert.ok(!existsSync(join(root, '..', '9.png')) && !existsSync(join(root, '..', '..', '9.png')));
}

test('bad members of a zip archive are listed, and the rest is read', (t) =>
  named(t, (bytes) => bytes, 'zip'));

test('bad members of a tar archive are listed, and the rest is read', (t) =>
  named(t, (bytes) => bytes, 'tar'));

test('bad members of a gzipped tar archive are listed, and the rest is read', (t) =>
  named(t, gzipSync, 'tar'));

test('links in archives are not said to be followed on request', async (t) => {
  const root = temporaryFolder(t);
  const link: TarMember = [{ name: 'b/9.png', type: 'link', linkname: 'a/1.png' }];
  writeFileSync(join(root, 'bad'), await tar([...MEMBERS, link]));
  const { warnings } = await read(root, SETTINGS);
  writeFileSync(join(root, 'bad'), await tar([link]));
  await assert.rejects(read(root, SETTINGS), (error) => {
    assert.ok(error instanceof Failure);
    assert.ok(warnings.length === 1 && error.diagnostics[0]?.hint !== undefined);
    for (const text of [...warnings, error.diagnostics[0].hint]) assert.ok(!text.includes('follow_links'));
    return true;
  });
});

test('there are at least a hundred of them', () => {
  const all = [...Object.values(REFUSED), ...Object.values(NAMED).map(([bytes]) => bytes)];
  assert.equal(new Set(all.map((bytes) => bytes.toString('base64'))).size, all.length);
  assert.ok(all.length >= 100, String(all.length));
});

/** By Python's `zipfile` into a pipe: sizes behind the data, those of the first file in 64 bits. */
const STREAMED =
  'UEsDBBQAAAgAAAAAIQAAAAAAAAAAAAAAAAAGAAAASm9zw6kvUEsDBC0ACAgIAAAAIQAAAAAA//////////8LABQASm9zw6kvMS5wbmcBABAAAAAAAAAA' +
  'AAAAAAAAAAAAAOsM8HPn5ZLiYmBg4PX0cAkC0sxAzMQBJBh2yFseA1ICni6OIRVzkhNSUlISUv7wMzDKMbLOLHQHKWTwdPVzWeeU0AQAUEsHCFH/9JFE' +
  'AAAAAAAAAEkAAAAAAAAAUEsDBBQACAAIAAAAIQAAAAAAAAAAAAAAAAAHAAAAYi8yLnBuZ+sM8HPn5ZLiYmBg4PX0cAkC0sxAzMQBJBh2yFseA1ICni6O' +
  'IRVzkhOSkpISkn7xMzCaMnJN+n/hFEiNp6ufyzqnhCYAUEsHCMeLmONEAAAASQAAAFBLAQIUAxQAAAgAAAAAIQAAAAAAAAAAAAAAAAAGAAAAAAAAAAAA' +
  'EAD/QQAAAABKb3PDqS9QSwECLQMtAAgICAAAACEAUf/0kUQAAABJAAAACwAAAAAAAAAAAAAAgAEkAAAASm9zw6kvMS5wbmdQSwECFAMUAAgACAAAACEA' +
  'x4uY40QAAABJAAAABwAAAAAAAAAAAAAAgAG9AAAAYi8yLnBuZ1BLBQYAAAAAAwADAKIAAAA2AQAAAAA=';

test('names of zip archives: UTF-8 with and without its flag, and code page 437; sizes behind the data', async (t) => {
  const root = temporaryFolder(t);
  const named437 = { name: 'x', rawName: Buffer.from('Jos\x82/1.png', 'latin1'), data: picture(1) };
  const other = { name: 'b/2.png', data: picture(2) };
  for (const bytes of [
    Buffer.from(STREAMED, 'base64'),
    zip([{ name: 'José/1.png', data: picture(1) }, other]),
    zip([{ name: 'José/1.png', data: picture(1), lies: { flags: 0x800 } }, other]),
    zip([named437, other]),
    zip([{ name: 'José\\1.png', data: picture(1) }, other]),
  ]) {
    writeFileSync(join(root, 'bad'), bytes);
    const { files, values, classes } = await read(root, SETTINGS);
    assert.deepEqual(
      [files, values, classes],
      [
        ['José/1.png', 'b/2.png'],
        [1, 2],
        ['José', 'b'],
      ],
    );
  }
});

test('a name that means something to JavaScript is a class like any other', async (t) => {
  const root = temporaryFolder(t);
  writeFileSync(join(root, 'bad'), zip([{ name: '__proto__/1.png', data: EXTRA }, ...ENTRIES]));
  const { labels, classes } = await read(root, SETTINGS);
  assert.deepEqual(
    [labels, classes],
    [
      [0, 1, 1, 2],
      ['__proto__', 'a', 'b'],
    ],
  );
});

test('a bomb of two gigabytes is refused before it is read twice', async (t) => {
  const root = temporaryFolder(t);
  const zeros = gzipSync(Buffer.alloc(2 ** 26));
  const file = withHeader(TAR, 0, (header) => header.write('77777777777\0', 124)).subarray(0, 512);
  writeFileSync(join(root, 'bad'), Buffer.concat([gzipSync(file), ...Array<Buffer>(33).fill(zeros)]));
  await refuses(root, 'a bomb');
});

test('with any changed bytes, an archive is read or refused with a Failure', async (t) => {
  const root = temporaryFolder(t);
  const change = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
  const archive = fc.constantFrom(ZIP, TAR, TGZ);
  await fc.assert(
    fc.asyncProperty(archive, change, fc.boolean(), async (whole, changes, inside) => {
      const packed = whole === TGZ && inside;
      const bytes = packed ? Buffer.from(gunzipSync(whole)) : Buffer.from(whole);
      for (const [at, value] of changes) bytes[at % bytes.length] = value;
      writeFileSync(join(root, 'bad'), packed ? gzipSync(bytes) : bytes);
      await read(root, SETTINGS).catch((error: unknown) =>
        assert.ok(error instanceof Failure, String(error)),
      );
    }),
    { numRuns: 200 },
  );
});
