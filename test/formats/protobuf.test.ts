import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bytesField, floatField, integerField, mapField, messageField } from '../../src/formats/protobuf.ts';

test('fields are encoded as the format prescribes', () => {
  // The first two are the examples of the format's own documentation.
  assert.deepEqual([...integerField(1, 150)], [0x08, 0x96, 0x01]);
  assert.deepEqual([...bytesField(2, 'testing')], [0x12, 0x07, ...Buffer.from('testing')]);
  assert.deepEqual([...messageField(3, [integerField(1, 150)])], [0x1a, 0x03, 0x08, 0x96, 0x01]);
  assert.deepEqual([...floatField(1, 1)], [0x0d, 0x00, 0x00, 0x80, 0x3f]);
  assert.deepEqual(
    [...mapField(5, 'k', [integerField(5, true)])],
    [0x2a, 0x07, 0x0a, 0x01, 0x6b, 0x12, 0x02, 0x28, 0x01],
  );
  assert.deepEqual([...integerField(16, 0)], [0x80, 0x01, 0x00]);
});

test('whole numbers up to 2^53 - 1 read back', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), (value) => {
      const read = [...integerField(1, value).slice(1)].reduceRight(
        (sum, byte) => sum * 128 + (byte % 128),
        0,
      );
      assert.equal(read, value);
    }),
  );
});
