/**
 * NumPy arrays that users bring, of more types than Hourglass writes: `.npy` files and `.npz` archives of them. Declared sizes are
 * held against what is there before anything is allocated, and nothing is ever unpickled.
 */
import { constants } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { failure, Failure } from '../core/diagnostic.ts';
import { sizeOf } from '../core/shape.ts';
import { HEADER_LIMIT, parseNpyHeader } from './npy.ts';

const TYPES = {
  '|u1': Uint8Array,
  '|i1': Int8Array,
  '<u2': Uint16Array,
  '<i2': Int16Array,
  '<u4': Uint32Array,
  '<i4': Int32Array,
  '<u8': BigUint64Array,
  '<i8': BigInt64Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
} as const;

type Dtype = keyof typeof TYPES;

export interface NumpyArray {
  /** For messages: a path, or an archive's with the name of the array. */
  readonly name: string;
  /** Row-major. */
  readonly shape: readonly number[];
  readonly data: InstanceType<(typeof TYPES)[Dtype]>;
}

/** The largest array that is read, in bytes. */
const SIZE_LIMIT = 2 ** 31;

/** The most arrays of an archive. */
const COUNT_LIMIT = 1000;

/** How much larger than its data deflate can make a file at most. */
const DEFLATE_RATIO = 1032;

const ENCRYPTED = 1;

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readNumpyFile(path: string): Promise<NumpyArray> {
  // Without O_NONBLOCK, opening a named pipe would wait for somebody to write into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch(() => {
    throw missing(path, 'does not exist, or cannot be read');
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw missing(path, 'is not a file');
    return await readArray(file.createReadStream({ autoClose: false }), info.size, path);
  } finally {
    await file.close();
  }
}

/**
 * Reads arrays of an archive by their names, in the order in which they are asked for.
 *
 * @throws Failure `data-missing` where there is no archive, or no such array in it; `data-corrupt`
 */
export async function readNpz(path: string, names: readonly string[]): Promise<readonly NumpyArray[]> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true) throw missing(path, info === undefined ? 'does not exist' : 'is not a file');
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false }).catch(damaged(path));
  try {
    const entries = await listEntries(zip, path);
    const arrays: NumpyArray[] = [];
    for (const name of names) {
      const entry = entries.get(`${name}.npy`);
      if (entry === undefined) {
        const known = [...entries.keys()].map((key) => `\`${key.replace(/\.npy$/, '')}\``);
        throw missing(path, `has no array \`${name}\`, but ${known.slice(0, 20).join(', ') || 'nothing'}`);
      }
      arrays.push(await readEntry(zip, entry, `${path}/${name}.npy`));
    }
    return arrays;
  } catch (error) {
    return damaged(path)(error);
  } finally {
    zip.close();
  }
}

async function listEntries(zip: yauzl.ZipFile, path: string): Promise<ReadonlyMap<string, yauzl.Entry>> {
  if (zip.entryCount > COUNT_LIMIT) throw corrupt(path, `holds more than ${COUNT_LIMIT} arrays`);
  const entries = new Map<string, yauzl.Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) throw corrupt(path, `holds \`${entry.fileName}\` twice`);
    entries.set(entry.fileName, entry);
  }
  return entries;
}

async function readEntry(zip: yauzl.ZipFile, entry: yauzl.Entry, name: string): Promise<NumpyArray> {
  const { uncompressedSize, compressedSize } = entry;
  if ((entry.generalPurposeBitFlag & ENCRYPTED) !== 0) throw corrupt(name, 'is encrypted');
  if (uncompressedSize > compressedSize * DEFLATE_RATIO)
    throw corrupt(name, `cannot unpack to ${uncompressedSize} bytes`);
  const stream = await zip.openReadStreamPromise(entry);
  let sum = 0;
  async function* summed(): AsyncGenerator<Buffer> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
  }
  try {
    const array = await readArray(summed(), uncompressedSize, name);
    if (sum !== entry.crc32) throw corrupt(name, 'is damaged: its checksum differs');
    return array;
  } finally {
    stream.destroy();
  }
}

/** @param size bytes that the stream has, by whoever knows */
async function readArray(stream: AsyncIterable<Buffer>, size: number, name: string): Promise<NumpyArray> {
  let start = Buffer.alloc(0);
  let array: NumpyArray | undefined;
  let bytes = new Uint8Array(0);
  let done = 0;
  const take = (chunk: Uint8Array): void => {
    if (done + chunk.length > bytes.length) throw corrupt(name, 'holds more than it declares');
    bytes.set(chunk, done);
    done += chunk.length;
  };
  for await (const chunk of stream) {
    if (array !== undefined) {
      take(chunk);
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < Math.min(HEADER_LIMIT, size)) continue;
    const { dtype, shape, end } = parseNpyHeader(start, name);
    array = { name, shape, data: allocate(dtype, shape, size - end, name) };
    bytes = new Uint8Array(array.data.buffer);
    take(start.subarray(end));
  }
  if (array === undefined || done < bytes.length) {
    parseNpyHeader(start, name);
    throw corrupt(name, 'ended while it was read');
  }
  return array;
}

function allocate(
  dtype: string,
  shape: readonly number[],
  present: number,
  name: string,
): NumpyArray['data'] {
  if (!isDtype(dtype)) {
    throw corrupt(name, `holds values of type '${dtype}', not one of ${Object.keys(TYPES).join(', ')}`);
  }
  const count = sizeOf(shape);
  const bytes = count * TYPES[dtype].BYTES_PER_ELEMENT;
  if (bytes !== present) throw corrupt(name, `declares ${bytes} bytes of data and holds ${present}`);
  if (bytes > SIZE_LIMIT) throw corrupt(name, `is too large: the most are ${SIZE_LIMIT} bytes`);
  return new TYPES[dtype](count);
}

function isDtype(text: string): text is Dtype {
  return Object.hasOwn(TYPES, text);
}

/**
 * Pixels: bytes as they are, floats as float32.
 *
 * @throws Failure `data-corrupt` for values of another type, and for those that are not finite
 */
export function toPixels({ name, data }: NumpyArray): Uint8Array | Float32Array {
  if (data instanceof Uint8Array) return data;
  if (!(data instanceof Float32Array || data instanceof Float64Array))
    throw corrupt(name, 'holds integers: images are unsigned bytes (uint8) or floats');
  const pixels = data instanceof Float32Array ? data : Float32Array.from(data);
  const bad = pixels.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) throw corrupt(name, `holds ${pixels[bad]}, which is no intensity`);
  return pixels;
}

/**
 * Labels of the shape [count], also where each stands in a row of its own.
 *
 * @throws Failure `data-corrupt` for other shapes, and for values that are not integers from 0 to 2^31 - 1
 */
export function toLabels({ name, shape, data }: NumpyArray): Uint8Array | Int32Array {
  if (shape.length !== 1 && !(shape.length === 2 && shape[1] === 1))
    throw corrupt(name, `has the shape (${shape.join(', ')}): labels are one integer an image`);
  if (data instanceof Uint8Array) return data;
  if (data instanceof Float32Array || data instanceof Float64Array)
    throw corrupt(name, 'holds floats: labels are integers');
  const labels = new Int32Array(data.length);
  for (const [index, value] of data.entries()) {
    if (value < 0 || value >= 2 ** 31) throw corrupt(name, `holds the label ${value}: labels begin at 0`);
    labels[index] = Number(value);
  }
  return labels;
}

function damaged(path: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Failure) throw error;
    throw corrupt(path, `is damaged, or no npz file (${error instanceof Error ? error.message : 'unknown'})`);
  };
}

function missing(path: string, what: string): Failure {
  return failure('data-missing', `\`${path}\` ${what}`, 'paths are relative to the pipeline file');
}

function corrupt(name: string, what: string): Failure {
  return failure('data-corrupt', `\`${name}\` ${what}`, 'make or fetch the file again');
}
