import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/core/diagnostic.ts';
import { availableMemory, memorySetting, mostHeld } from '../../src/files/memory.ts';

test('sizes are bytes, or have a unit of powers of 1,024', () => {
  const read = ['4096', '1kb', '1.5 MB', ' 2GB ', '2g', '2GiB', '1T'].map(memorySetting);
  assert.deepEqual(read, [4096, 1024, 1.5 * 2 ** 20, 2 ** 31, 2 ** 31, 2 ** 31, 2 ** 40]);
});

test('an invalid size is refused, not ignored', () => {
  for (const text of ['much', '-1GB', '8 GBit', 'GB', '1e9', ' '])
    assert.throws(
      () => memorySetting(text),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'bad-setting',
      text,
    );
});

test('no array of more than 2 GiB is held, however much memory there is', () => {
  assert.deepEqual([2 ** 30, 2 ** 36].map(mostHeld), [2 ** 28, 2 ** 31]);
});

test('without a setting, it is what the system has', () => {
  delete process.env['HOURGLASS_MEMORY'];
  assert.ok(availableMemory() > 2 ** 20);
});
