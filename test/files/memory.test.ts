import assert from 'node:assert/strict';
import { test } from 'node:test';
import { availableMemory, memorySetting } from '../../src/files/memory.ts';

test('sizes are bytes, or have a unit of powers of 1,024', () => {
  const read = ['4096', '1kb', '1.5 MB', ' 2GB ', '', 'much', '-1GB', '1TB', undefined].map(memorySetting);
  assert.deepEqual(read, [4096, 1024, 1.5 * 2 ** 20, 2 ** 31, ...Array<undefined>(5).fill(undefined)]);
});

test('without a setting, it is what the system has', () => {
  delete process.env['HOURGLASS_MEMORY'];
  assert.ok(availableMemory() > 2 ** 20);
});
