import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { readNpy, writeNpy, type NpyData } from '../../src/formats/npy.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { temporaryFolder } from '../nodes/context.ts';

const arrays = fc.oneof(
  fc.uint8Array(),
  fc.int32Array(),
  fc.float32Array({ noNaN: true }),
  fc.float64Array({ noNaN: true }),
) as fc.Arbitrary<NpyData>;

test('arrays are read back with their type and shape', async (t) => {
  const path = join(temporaryFolder(t), 'a.npy');
  await fc.assert(
    fc.asyncProperty(arrays, async (data) => {
      for (const shape of [[data.length], [1, data.length], [data.length, 1, 1]]) {
        await writeNpy(path, { shape, data });
        const read = await readNpy(path);
        assert.deepEqual(read.shape, shape);
        assert.deepEqual(read.data, data);
      }
    }),
    { numRuns: 50 },
  );
});

test('data is aligned to 64 bytes, as NumPy does it', async (t) => {
  const path = join(temporaryFolder(t), 'a.npy');
  for (const length of [0, 1, 10, 12345]) {
    await writeNpy(path, { shape: [length], data: new Uint8Array(length) });
    assert.equal((readFileSync(path).length - length) % 64, 0);
  }
});

const header = (text: string, version = 1, length = text.length): Buffer => {
  const size = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) size.writeUInt16LE(length);
  else size.writeUInt32LE(length);
  return Buffer.concat([
    Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, 'latin1'),
    size,
    Buffer.from(text),
  ]);
};
const dictionary = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

const HOSTILE: Readonly<Record<string, Buffer>> = {
  'an empty file': Buffer.alloc(0),
  'another magic': Buffer.from('PK\x03\x04 and something more'),
  'only the magic': Buffer.from('\x93NUMPY', 'latin1'),
  'version 3': header(dictionary('|u1', '(1,)'), 3),
  'a header longer than the file': header('{}', 1, 60000),
  'a header of 4 GiB': header('{}', 2, 0xffffffff),
  'no dictionary': header('x'.repeat(100)),
  'Python objects': header(dictionary('|O', '(1,)')),
  'big-endian numbers': header(dictionary('>f4', '(1,)')),
  'a type of another world': header(dictionary("' + __import__", '(1,)')),
  'Fortran order': header(dictionary('|u1', '(1,)', 'True')),
  'more data than declared': Buffer.concat([header(dictionary('|u1', '(1,)')), Buffer.alloc(2)]),
  'less data than declared': header(dictionary('|u1', '(5,)')),
  'an exabyte': header(dictionary('<f8', '(1000000000, 1000000000)')),
  'an overflow that comes to zero': header(
    dictionary('<f8', '(4294967296, 4294967296, 4294967296, 4294967296)'),
  ),
  'a negative length': header(dictionary('|u1', '(-1,)')),
  'a length with a letter': header(dictionary('|u1', '(1L,)')),
  'a length no number can hold': header(dictionary('|u1', '(99999999999999999999,)')),
  'a hundred dimensions': header(dictionary('|u1', `(${'1, '.repeat(100)})`)),
  'a nested shape': header(dictionary('|u1', '((1,),)')),
};

for (const [name, bytes] of Object.entries(HOSTILE)) {
  test(`${name} is refused`, async (t) => {
    const path = join(temporaryFolder(t), 'bad.npy');
    writeFileSync(path, bytes);
    await assert.rejects(readNpy(path), (error) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.diagnostics[0]?.code, 'data-corrupt');
      return true;
    });
  });
}
