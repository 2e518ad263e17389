/** Arrays that are read in place. Their size, and that of their pixels, decides which. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { openLargeArray } from '../../src/formats/large-array.ts';
import { npySource } from '../../src/formats/numpy.ts';
import { npy } from './numpy-files.ts';

const root = mkdtempSync(join(tmpdir(), 'hourglass-large-array-'));
after(() => rmSync(root, { recursive: true, force: true }));

const VALUES = 64;

test('an array stays on the disk if it, or its pixels, take more than is held', async () => {
  // Bytes in the file, and bytes of the pixels: floats are float32, integers of 16 bits are kept as floats.
  const arrays = {
    '<f8': { file: 8 * VALUES, pixels: 4 * VALUES },
    '<i8': { file: 8 * VALUES, pixels: 4 * VALUES },
    '<f4': { file: 4 * VALUES, pixels: 4 * VALUES },
    '<u2': { file: 2 * VALUES, pixels: 4 * VALUES },
    '|u1': { file: VALUES, pixels: VALUES },
  };
  for (const [descr, { file, pixels }] of Object.entries(arrays)) {
    const path = join(root, 'x.npy');
    const bytes = npy(descr, `(${VALUES / 16}, 4, 4)`, new Uint8Array(file));
    writeFileSync(path, bytes);
    const place = { path, begin: 0, size: bytes.length };
    const more = Math.max(file, pixels);
    const isLarge = async (most: number): Promise<boolean> =>
      (await openLargeArray(place, npySource(path, 'x'), undefined, most)) !== undefined;
    assert.deepEqual([await isLarge(more), await isLarge(more - 1)], [false, true], descr);
  }
});
