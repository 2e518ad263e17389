/** Hostile archives: each is refused with a message, and nothing is written outside the folder. */
import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { Failure } from '../../src/core/diagnostic.ts';
import type { Manifest } from '../../src/submission/generated/types.ts';
import { toText } from '../../src/submission/manifest.ts';
import { recordedEngine, unpackArchive } from '../../src/submission/unpack.ts';
import { writeZip } from '../../src/submission/zip-write.ts';
import { ENVIRONMENT, listed, rawZip, type Files, type RawEntry, type RawZip } from './archives.ts';
import { Hostile } from './hostile.ts';

const entriesOf = (files: Files): readonly RawEntry[] =>
  [...files].map(([name, data]) => ({ name, data })).sort((a, b) => (a.name < b.name ? -1 : 1));
const zipOf = (files: Files, more: Partial<RawZip> = {}): Buffer =>
  rawZip({ entries: entriesOf(files), ...more });

/** An archive with one additional entry, with this name in both headers. */
const named = (name: string): Buffer => zipOf(listed({ [name]: 'x' }));

/** An archive with one invalid entry, `notes.txt`. */
function wrong(change: Partial<RawEntry>, content: Buffer | string = 'notes'): Buffer {
  const files = listed({ 'notes.txt': content });
  const entries = entriesOf(files).map((entry) =>
    entry.name === 'notes.txt' ? { ...entry, ...change } : entry,
  );
  return rawZip({ entries });
}

function manifested(edit: (manifest: Manifest) => unknown): Buffer {
  const files = listed({ 'notes.txt': 'notes' });
  const manifest = edit(JSON.parse(String(files.get('manifest.json'))) as Manifest);
  const text = typeof manifest === 'string' ? manifest : toText(manifest as never);
  return zipOf(new Map([...files, ['manifest.json', Buffer.from(text)]]));
}

function zip64Record(): Buffer {
  const record = Buffer.alloc(56 + 20);
  record.writeUInt32LE(0x06064b50, 0);
  record.writeBigUInt64LE(44n, 4);
  record.writeBigUInt64LE(2n ** 40n, 32);
  record.writeUInt32LE(0x07064b50, 56);
  return record;
}

const good = listed({ 'notes.txt': 'notes' });
const zeros = Buffer.alloc(8 * 2 ** 20);
const noise = Buffer.from(Array.from({ length: 200_000 }, (_, index) => (index * index) % 251));
const link = (target: string): Buffer => wrong({ central: { attributes: (0o120777 << 16) >>> 0 } }, target);

const UNSAFE: Readonly<Record<string, Buffer>> = {
  'an empty file': Buffer.alloc(0),
  'twenty-one bytes': Buffer.alloc(21),
  'no zip file': Buffer.from('%PDF-1.7 and so on, for longer than an end record'),
  'an end record alone, with wrong counts': rawZip({ entries: [], end: { count: 3 } }),
  'only an end record': rawZip({ entries: [] }),
  'a name that leads up': named('../outside.txt'),
  'a name that leads up later': named('outputs/../../outside.txt'),
  'a name that leads nowhere': named('outputs/./x'),
  'an absolute name': named('/tmp/hourglass-outside.txt'),
  'a drive letter': named('C:/outside.txt'),
  'a drive letter without a slash': named('C:outside.txt'),
  'a UNC path': named('\\\\server\\share\\x'),
  'a backslash that leads up': named('..\\outside.txt'),
  'a NUL in a name': named('notes.txt\0.png'),
  'an escape sequence in a name': named('notes\u001b[2J.txt'),
  'a name written backwards': named('notes\u202etxt.exe'),
  'an empty name': wrong({ name: '' }),
  'a folder': named('folder/'),
  'a device of Windows': named('outputs/NUL.txt'),
  'a stream of NTFS': named('notes.txt:hidden'),
  'a name that ends with a dot': named('notes.'),
  'a name of 40,000 bytes': named('n'.repeat(40_000)),
  'a name a hundred folders deep': named(`${'d/'.repeat(100)}x`),
  'a name that is no UTF-8': wrong({ name: Buffer.from([0x6e, 0xff, 0xfe]) }),
  'a name in decomposed Unicode': named('cafe\u0301.txt'),
  'a name in the code page of DOS': wrong({ name: Buffer.from('é.txt'), both: { flags: 0 } }),
  'two of one name': zipOf(good, {
    entries: [...entriesOf(good), { name: 'notes.txt', data: Buffer.from('other') }],
  }),
  'case twins': zipOf(listed({ 'notes.txt': '1', 'NOTES.TXT': '2' })),
  'Unicode twins': zipOf(listed({ 'ﬁle.txt': '1', 'file.txt': '2' })),
  'a file that is a folder, too': zipOf(listed({ notes: '1', 'notes/x': '2' })),
  'folders that are twins': zipOf(listed({ 'a/x': '1', 'A/y': '2' })),
  'a symbolic link': link('/etc/passwd'),
  'a symbolic link to a folder up': link('..'),
  'a device': wrong({ central: { attributes: (0o020666 << 16) >>> 0 } }),
  'a named pipe': wrong({ central: { attributes: (0o010666 << 16) >>> 0 } }),
  'a folder by its attributes': wrong({ central: { attributes: ((0o040755 << 16) >>> 0) + 0x10 } }),
  'a program that runs as its owner': wrong({ central: { attributes: (0o164755 << 16) >>> 0 } }),
  ...Object.fromEntries(
    [0o104644, 0o102644, 0o101644, 0o100755, 0o100666, 0o100600, 0o100000, 0o140644, 0].map((mode) => [
      `the mode ${mode.toString(8)}`,
      wrong({ central: { attributes: (mode << 16) >>> 0 } }),
    ]),
  ),
  'a hidden file of DOS': wrong({ central: { attributes: ((0o100644 << 16) >>> 0) + 2 } }),
  'an internal attribute': wrong({ central: { internal: 1 } }),
  'a file on another disk': wrong({ central: { disk: 1 } }),
  'an archiver of DOS, which has other attributes': wrong({ central: { madeBy: 63 } }),
  'another archiver': wrong({ central: { madeBy: 0x031e } }),
  'a reader that is asked for more': wrong({ both: { needed: 45 } }),
  'a reader that is asked for more before the data': wrong({ local: { needed: 45 } }),
  'a time of day': wrong({ both: { time: 7 } }),
  'another day': wrong({ both: { date: 34 } }),
  'another day before the data': wrong({ local: { date: 34 } }),
  'a name that is not said to be UTF-8': wrong({ both: { flags: 0 } }),
  'bytes behind the end of a deflate stream': wrong({
    deflate: true,
    raw: Buffer.concat([deflateRawSync('notes'), Buffer.from('hidden')]),
  }),
  'a second deflate stream behind the first': wrong({
    deflate: true,
    raw: Buffer.concat([deflateRawSync('notes'), deflateRawSync('other')]),
  }),
  'one byte behind the end of a large deflate stream': wrong(
    { deflate: true, raw: Buffer.concat([deflateRawSync(noise), Buffer.alloc(1)]) },
    noise,
  ),
  'files in another order': rawZip({ entries: [...entriesOf(good)].reverse() }),
  'an encrypted entry': wrong({ both: { flags: 0x801 } }),
  'an encrypted entry that is compressed': wrong({ deflate: true, both: { flags: 0x801 } }),
  'strong encryption': wrong({ both: { flags: 0x840 } }),
  'a masked directory': wrong({ both: { flags: 0x2800 } }),
  'sizes behind the data': wrong({ both: { flags: 0x808 } }),
  bzip2: wrong({ both: { method: 12 } }),
  'a method that is none': wrong({ both: { method: 0xffff } }),
  'a thousandfold bomb': wrong({ deflate: true }, zeros),
  'a bomb of small files': rawZip({
    entries: entriesOf(
      listed(
        Object.fromEntries(
          Array.from({ length: 40 }, (_, index) => [`z${index}`, zeros.subarray(2 ** 23 - 2 ** 20)]),
        ),
      ),
    ).map((entry) => ({ ...entry, deflate: true })),
  }),
  'a size of 4 GiB less one': wrong({ both: { size: 0xfffffffe } }),
  'sizes that ask for zip64': wrong({ both: { size: 0xffffffff, packed: 0xffffffff } }),
  'a zip64 field that lies': wrong({
    both: { size: 0xffffffff },
    central: { extra: Buffer.from([1, 0, 8, 0, 0, 0, 0, 0, 0, 1, 0, 0]) },
  }),
  'a zip64 end that lies': zipOf(good, { record: zip64Record(), end: { count: 0xffff } }),
  'a zip64 end beside a true one': zipOf(good, { record: zip64Record() }),
  'a count that is too low': zipOf(good, { end: { count: good.size - 1 } }),
  'a count that is too high': zipOf(good, { end: { count: good.size + 1 } }),
  'sixty thousand entries': zipOf(good, { end: { count: 60_000 } }),
  'one of several parts': zipOf(good, { end: { disk: 1 } }),
  'parts that do not add up': zipOf(good, { end: { here: 1 } }),
  'a directory beyond the end': zipOf(good, { end: { start: 0x7fffffff } }),
  'a directory within itself': zipOf(good, { end: { size: 10 } }),
  'a comment': zipOf(good, { end: { comment: Buffer.from('hello') } }),
  'a comment that is not there': (() => {
    const bytes = zipOf(good);
    bytes.writeUInt16LE(5, bytes.length - 2);
    return bytes;
  })(),
  'an end within a comment': zipOf(good, { end: { comment: rawZip({ entries: [] }) } }),
  'something before': zipOf(good, { before: Buffer.from('#!/bin/sh\n') }),
  'something behind': zipOf(good, { after: Buffer.from('<?php') }),
  'something between files and directory': zipOf(good, { between: Buffer.from('hidden') }),
  'something between two files': wrong({ after: Buffer.from('hidden') }),
  'another name before the data': wrong({ local: { name: '../x.txt.' } }),
  'another name of one length before the data': wrong({ local: { name: 'notes.exe' } }),
  'another size before the data': wrong({ local: { size: 3 } }),
  'another checksum before the data': wrong({ local: { crc: 1 } }),
  'another method before the data': wrong({ local: { method: 8 } }),
  'other flags before the data': wrong({ local: { flags: 0 } }),
  'another time before the data': wrong({ local: { time: 7 } }),
  'extra fields': wrong({ both: { extra: Buffer.from([0x55, 0x54, 1, 0, 0]) } }),
  'extra fields before the data': wrong({ local: { extra: Buffer.from([0x55, 0x54, 1, 0, 0]) } }),
  'a broken extra field': wrong({ central: { extra: Buffer.from([1]) } }),
  'a Unicode path that differs': wrong({
    central: { extra: Buffer.from('7570090001000000002e2e2f78', 'hex') },
  }),
  'a comment on a file': wrong({ central: { comment: 'look here' } }),
  'overlapping files': wrong({ central: { offset: 0 } }),
  'an offset beyond the end': wrong({ central: { offset: 0x7ffffff0 } }),
  'a stored file with two sizes': wrong({ both: { packed: 3 } }),
  'a manifest with a key twice': manifested((manifest) =>
    toText(manifest as never).replace('"stages":', '"stages": [],\n  "stages":'),
  ),
  'a manifest with other blanks': manifested((manifest) => JSON.stringify(manifest)),
  'a manifest that is one text of backslashes': manifested(() => `{"${'\\"'.repeat(4 * 2 ** 20 - 8)}`),
  'a manifest that is a text without an end': manifested(() => `{"${'x'.repeat(8 * 2 ** 20 - 8)}`),
  'a manifest of quotation marks': manifested(() => '"'.repeat(8 * 2 ** 20 - 8)),
  'the manifest is missing': zipOf(new Map([...good].filter(([name]) => name !== 'manifest.json'))),
  'a manifest that is no JSON': manifested(() => '{'),
  'a manifest that is a list': manifested(() => []),
  'a manifest with a key more': manifested((manifest) => ({ ...manifest, more: 1 })),
  'a manifest of another format': manifested((manifest) => ({ ...manifest, format: 'other' })),
  'a manifest with `__proto__`': manifested((manifest) =>
    toText(manifest as never).replace('{', '{ "__proto__": { "polluted": true },'),
  ),
  'a manifest a million levels deep': manifested(() => '['.repeat(1_000_000)),
  'a manifest of deep objects': manifested(() => '{"a":'.repeat(100_000)),
  'a manifest of ten megabytes': manifested(
    (manifest) => `${' '.repeat(10 * 2 ** 20)}${JSON.stringify(manifest)}`,
  ),
  'a hash that is none': manifested((manifest) => ({
    ...manifest,
    files: manifest.files.map((file) => ({ ...file, sha256: 'x' })),
  })),
  'a size that is none': manifested((manifest) => ({
    ...manifest,
    files: manifest.files.map((file) => ({ ...file, bytes: -1 })),
  })),
  'an environment that is none': zipOf(listed({ 'environment.json': '{"node":1}' })),
};

const DAMAGED: Readonly<Record<string, Buffer>> = {
  'a file that is not listed': zipOf(good, {
    entries: entriesOf(new Map([...good, ['extra.txt', Buffer.from('x')]])),
  }),
  'a file that is not there': manifested((manifest) => ({
    ...manifest,
    files: [...manifest.files, { path: 'no.txt', bytes: 1, sha256: '0'.repeat(64) }],
  })),
  'a file listed twice': manifested((manifest) => ({
    ...manifest,
    files: [...manifest.files, ...manifest.files],
  })),
  'a manifest that lists itself': manifested((manifest) => ({
    ...manifest,
    files: [...manifest.files, { path: 'manifest.json', bytes: 1, sha256: '0'.repeat(64) }],
  })),
  'a pipeline outside': manifested((manifest) => ({
    ...manifest,
    pipeline: { ...manifest.pipeline, file: '../../etc/passwd' },
  })),
  'another size in the manifest': manifested((manifest) => ({
    ...manifest,
    files: manifest.files.map((file) => ({ ...file, bytes: file.bytes + 1 })),
  })),
  'another hash in the manifest': manifested((manifest) => ({
    ...manifest,
    files: manifest.files.map((file) => ({ ...file, sha256: '1'.repeat(64) })),
  })),
  'two hashes of one artifact': (() => {
    const files = listed({ 'outputs/mnist/summary.json': '{}' });
    const manifest = JSON.parse(String(files.get('manifest.json'))) as Manifest;
    const stages = manifest.stages.map((stage) => ({
      ...stage,
      files: [{ path: 'summary.json', bytes: 2, sha256: '2'.repeat(64) }],
    }));
    return zipOf(new Map([...files, ['manifest.json', Buffer.from(toText({ ...manifest, stages }))]]));
  })(),
  'data with another checksum': wrong({ both: { crc: 1 } }),
  'data that does not inflate': wrong({ deflate: true, raw: Buffer.from('no deflate') }),
  'data that inflates to more': wrong({ deflate: true, both: { size: 2 } }, 'much longer than two bytes'),
  'data that is cut off before its end': wrong({
    deflate: true,
    raw: deflateRawSync('notes').subarray(0, 5),
  }),
  'data that inflates to less': wrong({ deflate: true, both: { size: 200 } }),
  'data that is changed': wrong({ raw: Buffer.from('nodes') }),
};

const root = mkdtempSync(join(tmpdir(), 'hourglass-hostile-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** All files below a folder with their contents. */
function tree(folder: string): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path, entryText(path)]),
  );
}

const entryText = (path: string): string => readFileSync(path, 'latin1');

test('hostile archives are refused within a second each, and write nothing outside', async (t) => {
  const folder = join(root, 'a', 'b');
  mkdirSync(folder, { recursive: true });
  for (const path of ['canary', 'a/canary', 'a/b/canary', 'outside.txt', 'a/outside.txt']) {
    writeFileSync(join(root, path), 'alive');
  }
  const path = join(folder, 'x.zip');
  const control = join(folder, 'good.zip');
  writeFileSync(control, zipOf(good));
  const hostile = new Hostile(t, { kind: 'archive', path: control });
  for (const [code, corpus] of [
    ['archive-unsafe', UNSAFE],
    ['archive-damaged', DAMAGED],
  ] as const) {
    for (const [name, bytes] of Object.entries(corpus)) {
      writeFileSync(path, bytes);
      const before = tree(root);
      await hostile.assertRefused({ kind: 'archive', path }, [code], name);
      assert.deepEqual(tree(root), before, name);
    }
  }
  assert.equal(({} as Record<string, unknown>)['polluted'], undefined);
});

test('the corpora have the intended size', () => {
  assert.ok(Object.keys(UNSAFE).length + Object.keys(DAMAGED).length >= 40);
});

test('the reader accepts what the writer writes, for any contents', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.stringMatching(/^[a-zäß]{1,8}$/), fc.uint8Array({ maxLength: 5000 }), { maxKeys: 5 }),
      async (contents) => {
        const files = listed(
          Object.fromEntries(
            Object.entries(contents).map(([name, data]) => [`x/${name}`, Buffer.from(data)]),
          ),
        );
        const path = join(root, 'roundtrip.zip');
        writeFileSync(path, await writeZip([...files].map(([name, data]) => ({ path: name, data }))));
        const folder = mkdtempSync(join(root, 'out-'));
        await unpackArchive(path, folder);
        for (const [name, data] of files) {
          if (name !== 'manifest.json') assert.ok(readFileSync(join(folder, name)).equals(data), name);
        }
      },
    ),
    { numRuns: 20 },
  );
});

test('large contents with an extreme compression ratio are stored uncompressed, so that they can be read', async () => {
  const files = listed({ 'zeros.bin': zeros });
  const path = join(root, 'zeros.zip');
  writeFileSync(path, await writeZip([...files].map(([name, data]) => ({ path: name, data }))));
  await unpackArchive(path, mkdtempSync(join(root, 'out-')));
});

test('folders and missing files are distinguished from archives', async () => {
  const code = async (path: string): Promise<string | undefined> =>
    unpackArchive(path, root).then(
      () => undefined,
      (error: unknown) => (error instanceof Failure ? error.diagnostics[0]?.code : String(error)),
    );
  assert.equal(await code(join(root, 'none.zip')), 'file-not-found');
  assert.equal(await code(root), 'file-unreadable');
  assert.equal(await code('/dev/null'), 'file-unreadable');
  // A sparse file of two gigabytes.
  const huge = join(root, 'huge.zip');
  writeFileSync(huge, '');
  truncateSync(huge, 2 ** 31 + 1);
  assert.equal(await code(huge), 'archive-unsafe');
  // Each file is small enough, but all together are not.
  const lies = Array.from({ length: 9 }, (_, index) => ({
    name: `f${index}`,
    data: Buffer.alloc(3 * 2 ** 20, index),
    both: { method: 8, size: 2 ** 29 },
  }));
  writeFileSync(join(root, 'lies.zip'), rawZip({ entries: lies }));
  assert.equal(await code(join(root, 'lies.zip')), 'archive-unsafe');
  writeFileSync(join(root, 'one.zip'), wrong({ both: { method: 8, size: 2 ** 29 + 1 } }));
  assert.equal(await code(join(root, 'one.zip')), 'archive-unsafe');
});

test("an archive's engine is read without unpacking; other files have none", async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-engine-'));
  try {
    const path = join(folder, 'x.zip');
    const withEngine = async (kind: string): Promise<string | undefined> => {
      const text = toText({ ...ENVIRONMENT, engine: { ...ENVIRONMENT.engine, kind } } as never);
      writeFileSync(path, zipOf(new Map([['environment.json', Buffer.from(text)]])));
      return recordedEngine(path);
    };
    assert.equal(await withEngine('native'), 'native');
    assert.equal(await withEngine('portable'), 'portable');
    assert.equal(await withEngine('other'), undefined);
    writeFileSync(path, 'not a zip file');
    assert.equal(await recordedEngine(path), undefined);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
