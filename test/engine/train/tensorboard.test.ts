/** Event files, read back by a reader that knows nothing of the writer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeEvents } from '../../../src/engine/train/tensorboard.ts';
import { crc32c, maskedCrc } from '../../../src/formats/crc32c.ts';

/** Splits a file into records, checking lengths and checksums. */
function readRecords(file: Buffer): Buffer[] {
  const records: Buffer[] = [];
  let at = 0;
  while (at < file.length) {
    const length = Number(file.readBigUInt64LE(at));
    assert.equal(file.readUInt32LE(at + 8), maskedCrc(file.subarray(at, at + 8)));
    const data = file.subarray(at + 12, at + 12 + length);
    assert.equal(data.length, length);
    assert.equal(file.readUInt32LE(at + 12 + length), maskedCrc(data));
    records.push(data);
    at += length + 16;
  }
  return records;
}

/** The fields of a message: numbers of varints, bytes of the rest. */
function readFields(message: Buffer): Map<number, number | Buffer> {
  const fields = new Map<number, number | Buffer>();
  let at = 0;
  const varint = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = message.readUInt8(at++);
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  const take = (length: number): Buffer => message.subarray(at, (at += length));
  while (at < message.length) {
    const key = varint();
    const wire = key % 8;
    fields.set(Math.floor(key / 8), wire === 0 ? varint() : take(wire === 1 ? 8 : wire === 5 ? 4 : varint()));
  }
  return fields;
}

function bytesOf(fields: Map<number, number | Buffer>, field: number): Buffer {
  const value = fields.get(field);
  assert.ok(value instanceof Buffer);
  return value;
}

test('CRC-32C gives the check values of RFC 3720', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa);
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43);
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e);
  assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
});

test('events are read back unchanged', () => {
  const event = fc.record({
    tag: fc.string({ minLength: 1, maxLength: 200 }),
    step: fc.nat(2 ** 31 - 1),
    value: fc.float({ noNaN: true }),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 5 }), (events) => {
      const [version, ...records] = readRecords(encodeEvents(events)).map(readFields);
      assert.ok(version !== undefined);
      assert.equal(bytesOf(version, 3).toString(), 'brain.Event:2');
      const read = records.map((fields) => {
        const scalar = readFields(bytesOf(readFields(bytesOf(fields, 5)), 1));
        assert.equal(bytesOf(fields, 1).readDoubleLE(), fields.get(2));
        return {
          tag: bytesOf(scalar, 1).toString(),
          step: fields.get(2),
          value: bytesOf(scalar, 2).readFloatLE(),
        };
      });
      assert.deepEqual(
        read,
        events.map(({ tag, ...rest }) => ({ tag: Buffer.from(tag).toString(), ...rest })),
      );
    }),
  );
});
