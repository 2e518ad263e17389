import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { parseIdx, readIdx } from '../../src/formats/idx.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { temporaryFolder } from '../nodes/context.ts';

function idx(shape: readonly number[], data: Uint8Array, magic = 0x0800 + shape.length): Buffer {
  const header = Buffer.alloc(4 + 4 * shape.length);
  header.writeUInt32BE(magic);
  shape.forEach((length, index) => header.writeUInt32BE(length, 4 + 4 * index));
  return Buffer.concat([header, data]);
}

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure);
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

test('any array of bytes is read as it was written, plain and gzipped', async (t) => {
  const path = join(temporaryFolder(t), 'a');
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }), async (shape) => {
      const data = Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, index) => index);
      for (const bytes of [idx(shape, data), gzipSync(idx(shape, data))]) {
        writeFileSync(path, bytes);
        const read = await readIdx(path);
        assert.deepEqual(read.shape, shape);
        assert.deepEqual(read.data, data);
      }
    }),
    { numRuns: 30 },
  );
});

test('every type of the format is read as its values', async (t) => {
  const path = join(temporaryFolder(t), 'a');
  const values = [0, 1, 100, 7];
  const big = (size: number, write: (bytes: Buffer, value: number, at: number) => void): Buffer => {
    const bytes = Buffer.alloc(size * values.length);
    values.forEach((value, index) => write(bytes, value, index * size));
    return bytes;
  };
  const types: readonly (readonly [number, string, Buffer])[] = [
    [0x08, 'uint8', Buffer.from(values)],
    [0x09, 'int8', Buffer.from(values)],
    [0x0b, 'int16', big(2, (bytes, value, at) => bytes.writeInt16BE(value, at))],
    [0x0c, 'int32', big(4, (bytes, value, at) => bytes.writeInt32BE(value, at))],
    [0x0d, 'float32', big(4, (bytes, value, at) => bytes.writeFloatBE(value, at))],
    [0x0e, 'float64', big(8, (bytes, value, at) => bytes.writeDoubleBE(value, at))],
  ];
  for (const [code, name, data] of types)
    for (const bytes of [idx([2, 2], data, code * 256 + 2), gzipSync(idx([2, 2], data, code * 256 + 2))]) {
      writeFileSync(path, bytes);
      const read = await readIdx(path);
      assert.deepEqual([read.type.name, read.shape, [...read.data]], [name, [2, 2], values]);
      writeFileSync(path, bytes.subarray(0, -3));
      await assert.rejects(readIdx(path), hasCode('data-corrupt'));
    }
});

test('every truncation and every extension is found', () => {
  const whole = idx([2, 3, 4], new Uint8Array(24));
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => parseIdx(whole.subarray(0, length), 'x'), hasCode('data-corrupt'), `${length} bytes`);
  }
  assert.throws(() => parseIdx(Buffer.concat([whole, Buffer.of(0)]), 'x'), hasCode('data-corrupt'));
});

test('other magic numbers and huge dimensions are refused before anything is allocated', () => {
  for (const magic of [0x00000000, 0x00000d03, 0x01000803, 0x00000805, 0x00000800, 0xffffffff]) {
    assert.throws(() => parseIdx(idx([1, 1, 1], new Uint8Array(1), magic), 'x'), hasCode('data-corrupt'));
  }
  const huge = idx([0xffffffff, 0xffffffff, 0xffffffff], new Uint8Array(4));
  assert.throws(() => parseIdx(huge, 'x'), hasCode('data-corrupt'));
});

test('missing files, folders and damaged gzip files are different errors', async (t) => {
  const folder = temporaryFolder(t);
  await assert.rejects(readIdx(join(folder, 'none')), hasCode('data-missing'));
  await assert.rejects(readIdx(folder), hasCode('data-missing'));
  const zipped = gzipSync(idx([100], new Uint8Array(100)));
  writeFileSync(join(folder, 'half.gz'), zipped.subarray(0, zipped.length - 9));
  await assert.rejects(readIdx(join(folder, 'half.gz')), hasCode('data-corrupt'));
});
