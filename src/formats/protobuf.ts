/**
 * Writes protocol buffers, the format in which TensorFlow reads graphs: the wire format of the Protocol Buffers
 * documentation, section "Encoding". Fields are numbered as in TensorFlow's `.proto` files.
 */

/** One field of a message, encoded. */
export type Field = Uint8Array;

const VARINT = 0;
const DELIMITED = 2;
const FIXED32 = 5;

/** An integer from -(2^53 - 1) to 2^53 - 1, or a boolean. */
export function integerField(number: number, value: number | boolean): Field {
  return concat([varint(number * 8 + VARINT), varint(Number(value))]);
}

/** A 32-bit float. */
export function floatField(number: number, value: number): Field {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return concat([varint(number * 8 + FIXED32), bytes]);
}

/** Text, bytes, or an embedded message. */
export function bytesField(number: number, value: string | Uint8Array): Field {
  const bytes = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  return concat([varint(number * 8 + DELIMITED), varint(bytes.length), bytes]);
}

/** An embedded message of these fields. */
export function messageField(number: number, fields: readonly Field[]): Field {
  return bytesField(number, concat(fields));
}

/** An entry of a `map<string, …>` whose value is an embedded message. */
export function mapField(number: number, key: string, value: readonly Field[]): Field {
  return messageField(number, [bytesField(1, key), messageField(2, value)]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

/** Seven bits per byte, lowest first; the highest bit means that more bytes follow. */
function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  // Negative numbers are written as 64-bit two's complement.
  if (value < 0) return bigVarint(BigInt.asUintN(64, BigInt(value)));
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

function bigVarint(value: bigint): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest % 0x80n) + 0x80);
    rest /= 0x80n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}
