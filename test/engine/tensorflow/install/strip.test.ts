import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { stripLibrary } from '../../../../src/engine/tensorflow/install/strip.ts';
import { compile, library } from '../library.ts';

/** What a new program says that is linked against the library. */
function linkAndRun(folder: string, path: string): string {
  const source = join(folder, 'program.cc');
  writeFileSync(
    source,
    `#include <cstdio>
     extern "C" int total(int);
     int main() { int good = total(2); printf("%d %d", good, total(-1)); }`,
  );
  const program = join(folder, 'program');
  compile(source, path, '-Wl,-rpath,$ORIGIN', '-o', program);
  return spawnSync(program, { encoding: 'utf8' }).stdout;
}

test('a stripped library is shorter, and programs link against it and run with it', async (t) => {
  const { folder, path } = library(t);
  const before = statSync(path).size;
  assert.equal(linkAndRun(folder, path), '42 -2');
  assert.equal(await stripLibrary(path), true);
  assert.ok(statSync(path).size < before);
  assert.equal(
    spawnSync(join(folder, 'program'), { encoding: 'utf8' }).stdout,
    '42 -2',
    'what was linked before',
  );
  assert.equal(linkAndRun(folder, path), '42 -2', 'what is linked now');
});

test('what is loaded stays where it is, byte for byte; a second time, nothing changes', async (t) => {
  const { path } = library(t);
  const before = readFileSync(path);
  await stripLibrary(path);
  const after = readFileSync(path);
  const segments = Number(after.readBigUInt64LE(0x20));
  const ends = Array.from({ length: after.readUInt16LE(0x38) }, (_, row) => {
    const place = segments + row * 56;
    return Number(after.readBigUInt64LE(place + 0x08) + after.readBigUInt64LE(place + 0x20));
  });
  const loaded = Math.max(...ends);
  assert.ok(loaded > segments && loaded < after.length);
  // The file's header, which says where the table of sections is, changes.
  assert.ok(after.subarray(64, loaded).equals(before.subarray(64, loaded)));
  assert.equal(await stripLibrary(path), false);
  assert.ok(readFileSync(path).equals(after));
});

test('files of other kinds, and libraries that are cut off, stay as they are', async (t) => {
  const { folder, path } = library(t);
  const whole = readFileSync(path);
  const cut = join(folder, 'cut.so');
  const others = [Buffer.from(''), Buffer.from('text'), Buffer.from('cffaedfe0c000001', 'hex')];
  for (const bytes of others) {
    writeFileSync(cut, bytes);
    assert.equal(await stripLibrary(cut), false);
    assert.ok(readFileSync(cut).equals(bytes));
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(whole.length - 1), async (length) => {
      copyFileSync(path, cut);
      truncateSync(cut, length);
      assert.equal(await stripLibrary(cut), false);
      assert.ok(readFileSync(cut).equals(whole.subarray(0, length)));
    }),
    { numRuns: 50 },
  );
});

test('of a damaged library, nothing makes it fail, and nothing makes the file longer', async (t) => {
  const { folder, path } = library(t);
  const damaged = join(folder, 'damaged.so');
  const whole = readFileSync(path);
  const place = fc.oneof(
    fc.nat(63),
    fc.nat(63 + 56 * 8),
    fc.integer({ min: whole.length - 64 * 30, max: whole.length - 1 }),
  );
  await fc.assert(
    fc.asyncProperty(place, fc.uint8Array({ minLength: 1, maxLength: 8 }), async (at, bytes) => {
      const copy = Buffer.from(whole);
      copy.set(bytes.subarray(0, copy.length - at), at);
      writeFileSync(damaged, copy);
      await stripLibrary(damaged);
      assert.ok(statSync(damaged).size <= whole.length);
    }),
    { numRuns: 200 },
  );
});
