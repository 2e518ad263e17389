/** Hostile IDX and npy files with wrong headers. Each is refused with a message, within a second. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseIdx } from '../../src/formats/idx.ts';
import { readNpy } from '../../src/formats/npy.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { Hostile } from './hostile.ts';

const root = mkdtempSync(join(tmpdir(), 'hourglass-headers-'));
after(() => rmSync(root, { recursive: true, force: true }));

/** An IDX file: magic number, lengths, and a number of bytes. */
function idx(magic: number, lengths: readonly number[], bytes: number): Buffer {
  const header = Buffer.alloc(4 + 4 * lengths.length);
  header.writeUInt32BE(magic);
  lengths.forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
  return Buffer.concat([header, Buffer.alloc(bytes)]);
}

const MOST = 0xffffffff;
const good = idx(0x0803, [2, 3, 3], 18);
const zipped = gzipSync(good);
const altered = (at: number, value: number): Buffer => {
  const bytes = Buffer.from(zipped);
  bytes[at] = value;
  return bytes;
};

const IDX: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'one byte': Buffer.of(0),
  'a magic number alone': idx(0x0803, [], 0),
  'a header cut off': idx(0x0803, [2, 3], 0),
  'no data': idx(0x0803, [2, 3, 3], 0),
  'a byte too few': idx(0x0803, [2, 3, 3], 17),
  'a byte too many': idx(0x0803, [2, 3, 3], 19),
  'four billion images': idx(0x0803, [MOST, 28, 28], 784),
  'images of four billion rows': idx(0x0803, [1, MOST, 28], 784),
  'all lengths at their most': idx(0x0804, [MOST, MOST, MOST, MOST], 16),
  'lengths whose product is 2^64': idx(0x0804, [65536, 65536, 65536, 65536], 0),
  'lengths whose product overflows to what is there': idx(0x0802, [0x10000, 0x10001], 0x10000),
  'lengths whose product is 2^32': idx(0x0802, [65536, 65536], 0),
  'one huge length': idx(0x0801, [MOST], 8),
  'no dimension': idx(0x0800, [], 8),
  'five dimensions': idx(0x0805, [1, 1, 1, 1, 1], 1),
  '255 dimensions': idx(0x08ff, [1, 1], 1),
  'a signed byte too few': idx(0x0903, [2, 3, 3], 17),
  'half a short integer': idx(0x0b03, [1, 3, 3], 17),
  'integers as bytes': idx(0x0c03, [1, 1, 1], 1),
  'floats as doubles': idx(0x0d03, [1, 1, 1], 8),
  'doubles as floats': idx(0x0e03, [1, 1, 1], 4),
  'doubles whose bytes are 2^64': idx(0x0e03, [MOST, 0x20000000, 1], 8),
  'a type that is none': idx(0x0003, [1, 1, 1], 1),
  'a first byte that is not zero': idx(0x01000803, [1, 1, 1], 1),
  'a second byte that is not zero': idx(0x00010803, [1, 1, 1], 1),
  'little-endian numbers': idx(0x03080000, [0x02000000, 0x03000000, 0x03000000], 18),
  text: Buffer.from('label,pixel0,pixel1\n5,0,0\n'),
  'a picture': Buffer.from('89504e470d0a1a0a0000000d49484452ffffffffffffffff0802000000', 'hex'),
  'a program': Buffer.from('7f454c4602010100000000000000000003003e0001000000', 'hex'),
  'gzip: its first two bytes': zipped.subarray(0, 2),
  'gzip: its header': zipped.subarray(0, 10),
  'gzip: cut off': zipped.subarray(0, -9),
  'gzip: another method': altered(2, 7),
  'gzip: another checksum': altered(zipped.length - 6, 0xaa),
  'gzip: another size': altered(zipped.length - 1, 0x7f),
  'gzip: broken data': altered(14, 0xff),
  'gzip: within gzip': gzipSync(zipped),
  'gzip: of nothing': gzipSync(Buffer.alloc(0)),
  'gzip: a header that promises much': gzipSync(idx(0x0803, [MOST, MOST, MOST], 8)),
  'gzip: a thousandfold bomb without a header': gzipSync(Buffer.alloc(64 * 2 ** 20)),
  'gzip: a bomb of two gigabytes': Buffer.concat(Array(32).fill(gzipSync(Buffer.alloc(64 * 2 ** 20)))),
  'gzip: a bomb of two gigabytes behind a small header': Buffer.concat([
    gzipSync(idx(0x0803, [1, 1, 1], 1)),
    ...Array<Buffer>(32).fill(gzipSync(Buffer.alloc(64 * 2 ** 20))),
  ]),
  'gzip: a thousandfold bomb behind a small header': gzipSync(idx(0x0803, [1, 1, 1], 64 * 2 ** 20)),
};

/** An npy file: a header text, and a number of bytes. */
function npy(
  text: string,
  bytes = 0,
  { version = 1, length = text.length }: { version?: number; length?: number } = {},
): Buffer {
  const size = Buffer.alloc(version === 1 ? 2 : 4);
  if (version === 1) size.writeUInt16LE(length);
  else size.writeUInt32LE(length);
  const magic = Buffer.from(`\x93NUMPY${String.fromCharCode(version)}\0`, 'latin1');
  return Buffer.concat([magic, size, Buffer.from(text, 'latin1'), Buffer.alloc(bytes)]);
}
const described = (descr: string, shape: string, order = 'False'): string =>
  `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': ${shape}, }\n`;

const NPY: Readonly<Record<string, Buffer>> = {
  nothing: Buffer.alloc(0),
  'a magic number alone': Buffer.from('\x93NUMPY', 'latin1'),
  'a version alone': Buffer.from('\x93NUMPY\x01\x00', 'latin1'),
  'another magic number': Buffer.from('PK\x03\x04 and a whole zip file behind it'),
  'version 0': npy(described('|u1', '(1,)'), 1, { version: 0 }),
  'version 4': npy(described('|u1', '(1,)'), 1, { version: 4 }),
  'version 255': npy(described('|u1', '(1,)'), 1, { version: 255 }),
  'an empty header': npy('', 1),
  'a header longer than the file': npy('{}', 0, { length: 60_000 }),
  'a header of 4 GiB': npy('{}', 0, { version: 2, length: MOST }),
  'a header of 2 GiB': npy('{}', 0, { version: 2, length: 0x7fffffff }),
  'a header of blanks': npy(' '.repeat(5000), 1, { version: 2 }),
  'a header without an end': npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1", 1),
  'Python objects': npy(described('|O', '(1,)'), 8),
  'a pickle': npy("cos\nsystem\n(S'touch canary'\ntR.", 8),
  'a call': npy("__import__('os').system('touch canary')", 8),
  records: npy("{'descr': [('a', '<f4'), ('b', '|O')], 'fortran_order': False, 'shape': (1,), }", 8),
  text: npy(described('<U100', '(1,)'), 400),
  'bytes without a length': npy(described('|S0', '(1000000000,)'), 0),
  'complex numbers': npy(described('<c16', '(1,)'), 16),
  'big-endian numbers': npy(described('>f4', '(1,)'), 4),
  'half floats': npy(described('<f2', '(1,)'), 2),
  'a type with a name of Object': npy(described('constructor', '(1,)'), 1),
  'a type `__proto__`': npy(described('__proto__', '(1,)'), 1),
  'Fortran order': npy(described('|u1', '(2, 2)', 'True'), 4),
  'an order that is a number': npy(described('|u1', '(1,)', '0'), 1),
  'no shape': npy("{'descr': '|u1', 'fortran_order': False}", 1),
  'a shape that is a list': npy(described('|u1', '[1]'), 1),
  'a negative length': npy(described('|u1', '(-1,)'), 1),
  'two negative lengths': npy(described('|u1', '(-1, -1)'), 1),
  'a length with a point': npy(described('|u1', '(1.0,)'), 1),
  'a length with a letter': npy(described('|u1', '(1L,)'), 1),
  'a length in hexadecimal': npy(described('|u1', '(0x1,)'), 1),
  'a length with an exponent': npy(described('|u1', '(1e3,)'), 1000),
  'a length with blanks in it': npy(described('|u1', '(1 0,)'), 10),
  'a length of thirty digits': npy(described('|u1', '(999999999999999999999999999999,)'), 1),
  'a length of 3,000 digits': npy(described('|u1', `(${'9'.repeat(3000)},)`), 1),
  'an exabyte': npy(described('<f8', '(1000000000, 1000000000)'), 0),
  'lengths whose product is 2^128': npy(
    described('<f8', '(4294967296, 4294967296, 4294967296, 4294967296)'),
    0,
  ),
  'lengths whose product is lost to rounding': npy(described('|u1', '(9007199254740993, 0)'), 0),
  'an infinite product': npy(described('<f8', `(${Array(8).fill('9007199254740991').join(', ')})`), 0),
  'an infinite product of zero': npy(
    described('<f8', `(0, ${Array(30).fill('9007199254740991').join(', ')})`),
    0,
  ),
  'a hundred dimensions': npy(described('|u1', `(${'1, '.repeat(100)})`), 1),
  'a nested shape': npy(described('|u1', '((1,),)'), 1),
  'a byte too few': npy(described('<f4', '(2,)'), 7),
  'a byte too many': npy(described('<f4', '(2,)'), 9),
  'no data': npy(described('<f8', '(1,)'), 0),
  'ten gigabytes declared': npy(described('|u1', '(10000000000,)'), 100),
};

async function assertAllRefused(
  t: { after: (each: () => void) => void },
  kind: 'idx' | 'npy',
  corpus: Readonly<Record<string, Buffer>>,
  control: Buffer,
): Promise<void> {
  const path = join(root, `good.${kind}`);
  writeFileSync(path, control);
  const hostile = new Hostile(t as never, { kind, path });
  for (const [name, bytes] of Object.entries(corpus)) {
    const bad = join(root, `bad.${kind}`);
    writeFileSync(bad, bytes);
    await hostile.assertRefused({ kind, path: bad }, ['data-corrupt'], name);
  }
  // A sparse file of the claimed size, which takes no disk space.
  const huge = join(root, `huge.${kind}`);
  writeFileSync(
    huge,
    kind === 'idx' ? idx(0x0803, [2 ** 20, 100, 100], 0) : npy(described('|u1', '(10000000000,)')),
  );
  truncateSync(
    huge,
    kind === 'idx' ? 16 + 2 ** 20 * 10_000 : 10 + described('|u1', '(10000000000,)').length + 1e10,
  );
  // A complete file, but too large for one array.
  const codes = kind === 'npy' ? ['stage-failed'] : ['data-corrupt'];
  await hostile.assertRefused({ kind, path: huge }, codes, 'ten gigabytes of nothing');
}

test('hostile IDX files are refused', (t) => assertAllRefused(t, 'idx', IDX, good));

test('hostile npy files are refused', (t) =>
  assertAllRefused(t, 'npy', NPY, npy(described('<f4', '(2,)'), 8)));

test('there are at least sixty hostile files', () => {
  assert.ok(Object.keys(IDX).length + Object.keys(NPY).length >= 60);
});

test('for any header, only a Failure is thrown, and accepted arrays have the claimed size', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
      // Mostly close to valid values.
      const near = Buffer.concat([Buffer.from([0, 0, 8, 1 + (bytes.length % 4)]), bytes]);
      try {
        const { shape, data } = parseIdx(near, 'x');
        assert.equal(
          shape.reduce((product, length) => product * length, 1),
          data.length,
        );
      } catch (error) {
        assert.ok(error instanceof Failure);
      }
    }),
  );
  const path = join(root, 'random.npy');
  await fc.assert(
    fc.asyncProperty(
      fc.string({
        unit: fc.constantFrom(...`{'descr': '|u1<f4', 'fortran_order': FalseTrue, 'shape': (0123456789,)}`),
        maxLength: 90,
      }),
      fc.nat(20),
      async (text, bytes) => {
        writeFileSync(path, npy(text, bytes));
        try {
          const { shape, data } = await readNpy(path);
          assert.equal(
            shape.reduce((product, length) => product * length, 1),
            data.length,
          );
        } catch (error) {
          assert.ok(error instanceof Failure, String(error));
        }
      },
    ),
    { numRuns: 100 },
  );
});
