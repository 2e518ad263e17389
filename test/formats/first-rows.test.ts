/** Of a large array, only the first rows are read where no more are kept. */
import assert from 'node:assert/strict';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Failure } from '../../src/core/diagnostic.ts';
import { readIdx } from '../../src/formats/idx.ts';
import { readNpz } from '../../src/formats/npz.ts';
import { readNumpyFile } from '../../src/formats/numpy.ts';
import { temporaryFolder } from '../nodes/context.ts';
import { npy, zip } from './numpy-files.ts';

const ROWS = 60_000;
const bytes = Buffer.from(Uint8Array.from({ length: ROWS * 4 }, (_, index) => (index * index) % 251));
const array = npy('|u1', `(${ROWS}, 2, 2)`, bytes);
const header = Buffer.alloc(16);
header.writeUInt32BE(0x0803);
[ROWS, 2, 2].forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
const idx = Buffer.concat([header, bytes]);
const few = { rows: 3, above: 1000 };

test('npy, npz and idx: the first rows, and how many there are', async (t) => {
  const root = temporaryFolder(t);
  const file = (name: string, content: Uint8Array): string => {
    writeFileSync(join(root, name), content);
    return join(root, name);
  };
  const read = {
    npy: () => readNumpyFile(file('x.npy', array), 'x', few),
    stored: () => readNpz(file('s.npz', zip([{ name: 'x.npy', data: array, stored: true }])), 'x', few),
    deflated: () => readNpz(file('d.npz', zip([{ name: 'x.npy', data: array }])), 'x', few),
    idx: () => readIdx(file('x.idx', idx), few),
    gzipped: () => readIdx(file('x.gz', gzipSync(idx)), few),
  };
  for (const [name, work] of Object.entries(read)) {
    const found = await work();
    assert.deepEqual(
      [found?.total, found?.shape, [...(found?.data ?? [])]],
      [ROWS, [3, 2, 2], [...bytes.subarray(0, 12)]],
      name,
    );
  }
  // Nothing behind the first rows is unpacked.
  const torn = gzipSync(idx, { level: 0 }).subarray(0, idx.length / 2);
  assert.equal((await readIdx(file('torn.gz', torn), few)).data.length, 12);
  await assert.rejects(readIdx(file('torn.gz', torn)), Failure);
});

test('arrays that are small, or in the order of Fortran, are read whole', async (t) => {
  const path = join(temporaryFolder(t), 'x.npy');
  writeFileSync(path, array);
  const whole = await readNumpyFile(path, 'x', { rows: 3, above: bytes.length });
  assert.deepEqual([whole.total, whole.shape[0]], [undefined, ROWS]);
  writeFileSync(path, npy('|u1', '(600, 2)', bytes.subarray(0, 1200), 'True'));
  assert.deepEqual((await readNumpyFile(path, 'x', few)).shape, [600, 2]);
  writeFileSync(path, array);
  truncateSync(path, array.length - 1);
  await assert.rejects(readNumpyFile(path, 'x', few), Failure);
});
