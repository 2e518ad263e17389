/**
 * Safetensors, a format for named arrays that contains no code: eight bytes with the length of a JSON header, the header, and the
 * bytes of the arrays (https://github.com/huggingface/safetensors#format).
 */
import { failure, type Failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** A named array; row-major. */
export interface NamedArray {
  readonly name: string;
  readonly dtype: 'float32' | 'int32';
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

export interface TensorFile {
  readonly arrays: readonly NamedArray[];
  /** Texts by name. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Bytes per value. */
const BYTES = 4;

const DTYPES = { F32: 'float32', I32: 'int32' } as const;

/** The key of the metadata in the header. */
const METADATA = '__metadata__';

/** Bytes before the header: its length. */
const PREFIX = 8;

/** Arrays begin at multiples of this many bytes. */
const ALIGNMENT = 8;

/** The bytes of a file; equal contents give equal bytes. */
export function encodeTensors({ arrays, metadata }: TensorFile): Uint8Array {
  let offset = 0;
  const entries = arrays.map(({ name, dtype, shape, data }): readonly [string, Json] => {
    const begin = offset;
    offset += data.byteLength;
    return [
      name,
      { dtype: dtype === 'float32' ? 'F32' : 'I32', shape: [...shape], data_offsets: [begin, offset] },
    ];
  });
  const header = JSON.stringify(
    Object.fromEntries<Json>([[METADATA, Object.fromEntries(metadata)], ...entries]),
  );
  const length = Buffer.byteLength(header);
  const padded = Math.ceil(length / ALIGNMENT) * ALIGNMENT;
  const bytes = Buffer.alloc(PREFIX + padded + offset, ' ');
  bytes.writeBigUInt64LE(BigInt(padded));
  bytes.write(header, PREFIX);
  let end = PREFIX + padded;
  for (const { data } of arrays) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), end);
    end += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a file, and checks every declared size against the actual bytes.
 *
 * @param label name of the file in messages
 * @throws Failure `data-corrupt`
 */
export function decodeTensors(bytes: Uint8Array, label: string): TensorFile {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.length < PREFIX ? -1 : Number(view.readBigUInt64LE());
  if (length < 0 || length > view.length - PREFIX) throw corrupt(label, 'its header is cut off');
  const header = parseHeader(view.toString('utf8', PREFIX, PREFIX + length), label);
  const body = view.subarray(PREFIX + length);
  const metadata = new Map<string, string>();
  const places: Place[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (!isJsonObject(value)) throw corrupt(label, `\`${name}\` is not described`);
    if (name !== METADATA) {
      places.push(placeOf(name, value, label));
      continue;
    }
    for (const [key, text] of Object.entries(value)) {
      if (typeof text !== 'string') throw corrupt(label, `its metadata \`${key}\` is not a text`);
      metadata.set(key, text);
    }
  }
  // JavaScript objects do not preserve the order of keys such as `12`.
  places.sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  const arrays = places.map((place): NamedArray => {
    // The format allows neither gaps nor overlaps between arrays.
    if (place.begin !== end || place.end > body.length) {
      throw corrupt(label, `the bytes of \`${place.name}\` are not where the header says`);
    }
    end = place.end;
    // Copied: an array must begin at a multiple of its elements' size.
    const raw = Uint8Array.from(body.subarray(place.begin, place.end)).buffer;
    const { name, dtype, shape } = place;
    return {
      name,
      dtype,
      shape,
      data: dtype === 'float32' ? new Float32Array(raw) : new Int32Array(raw),
    };
  });
  if (end !== body.length) throw corrupt(label, 'it has bytes that do not belong to an array');
  return { arrays, metadata };
}

interface Place extends Pick<NamedArray, 'name' | 'dtype' | 'shape'> {
  /** Bytes from the end of the header. */
  readonly begin: number;
  readonly end: number;
}

function placeOf(name: string, { dtype, shape, data_offsets: offsets }: JsonObject, label: string): Place {
  const known = dtype === 'F32' || dtype === 'I32' ? DTYPES[dtype] : undefined;
  if (known === undefined || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw corrupt(label, `\`${name}\` is not described as an array of float32 or int32`);
  }
  const [begin = 0, end = 0] = offsets;
  const count = shape.reduce((product, dimension) => product * dimension, 1);
  if (end - begin !== count * BYTES) {
    throw corrupt(label, `\`${name}\` has ${end - begin} bytes for ${count} values`);
  }
  return { name, dtype: known, shape, begin, end };
}

function parseHeader(text: string, label: string): Readonly<Record<string, Json>> {
  try {
    const value: unknown = JSON.parse(text);
    if (isJsonObject(value)) return value;
  } catch {
    // Reported below.
  }
  throw corrupt(label, 'its header is not a JSON object');
}

function isCounts(value: Json | undefined): value is readonly number[] {
  return (
    Array.isArray(value) && value.every((item: Json) => Number.isSafeInteger(item) && (item as number) >= 0)
  );
}

function corrupt(label: string, what: string): Failure {
  return failure('data-corrupt', `\`${label}\` is not a complete safetensors file: ${what}`);
}
