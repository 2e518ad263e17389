import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeTensors, encodeTensors, type NamedArray } from '../../src/formats/safetensors.ts';
import { Failure } from '../../src/core/diagnostic.ts';

const arrays = fc.uniqueArray(
  fc.record({
    name: fc.string().filter((name) => name !== '__metadata__'),
    shape: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 }),
    integers: fc.boolean(),
    seed: fc.integer(),
  }),
  { selector: ({ name }) => name, maxLength: 6 },
);

/** Entries whose names look like numbers come first in a JSON object; files do not promise an order of arrays. */
function byName(list: readonly NamedArray[]): readonly NamedArray[] {
  return [...list].sort((a, b) => (a.name < b.name ? -1 : 1));
}

test('what is written is read', () => {
  fc.assert(
    fc.property(arrays, fc.dictionary(fc.string(), fc.string()), (specs, texts) => {
      const written = specs.map(({ name, shape, integers, seed }): NamedArray => {
        const count = shape.reduce((product, length) => product * length, 1);
        const values = Array.from({ length: count }, (_, index) => seed + index / 3);
        return integers
          ? { name, shape, dtype: 'int32', data: Int32Array.from(values) }
          : { name, shape, dtype: 'float32', data: Float32Array.from(values) };
      });
      const metadata = new Map(Object.entries(texts));
      const read = decodeTensors(encodeTensors({ arrays: written, metadata }), 'x');
      assert.deepEqual(byName(read.arrays), byName(written));
      assert.deepEqual(new Map(read.metadata), metadata);
    }),
  );
});

test('equal contents are equal bytes', () => {
  const content = { arrays: [one('a', [2])], metadata: new Map([['k', 'v']]) };
  assert.deepEqual(encodeTensors(content), encodeTensors(content));
});

function one(name: string, shape: readonly number[]): NamedArray {
  const count = shape.reduce((product, length) => product * length, 1);
  return { name, shape, dtype: 'float32', data: new Float32Array(count).fill(0.5) };
}

test('a file that is cut off, or whose header lies, is refused', () => {
  const whole = encodeTensors({ arrays: [one('a', [2, 3]), one('b', [])], metadata: new Map() });
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => decodeTensors(whole.subarray(0, length), 'x'), isCorrupt, `${length} bytes`);
  }
  const entry = { dtype: 'F32', shape: [1], data_offsets: [0, 4] };
  const headers: readonly unknown[] = [
    [],
    'text',
    null,
    { a: 1 },
    { a: { ...entry, dtype: 'F64' } },
    { a: { ...entry, shape: [2] } },
    { a: { ...entry, shape: [-1] } },
    { a: { ...entry, shape: ['1'] } },
    { a: { ...entry, shape: [2 ** 60, 2 ** 60] } },
    { a: { ...entry, data_offsets: [0, 8] } },
    { a: { ...entry, data_offsets: [-4, 0] } },
    { a: { ...entry, data_offsets: [0] } },
    { a: entry, b: entry },
    { a: { ...entry, shape: [0], data_offsets: [0, 0] } },
    { __metadata__: { k: 1 }, a: entry },
    { __metadata__: 'text', a: entry },
  ];
  for (const header of headers) {
    assert.throws(
      () => decodeTensors(fileOf(JSON.stringify(header)), 'x'),
      isCorrupt,
      JSON.stringify(header),
    );
  }
  assert.throws(() => decodeTensors(fileOf('{"a":'), 'x'), isCorrupt);
  assert.equal(decodeTensors(fileOf(JSON.stringify({ a: entry })), 'x').arrays.length, 1);
});

/** A file with a header and four bytes. */
function fileOf(header: string): Uint8Array {
  const prefix = Buffer.alloc(8);
  prefix.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([prefix, Buffer.from(header), Buffer.alloc(4)]);
}

function isCorrupt(error: unknown): boolean {
  return error instanceof Failure && error.diagnostics[0]?.code === 'data-corrupt';
}
