/** NumPy's `.npy` files, versions 1 to 3, as described in numpy.lib.format. */
import { open, type FileHandle } from 'node:fs/promises';
import { failure, type Failure } from '../core/diagnostic.ts';
import { formatBytes } from '../core/format.ts';
import { sizeOf } from '../core/shape.ts';
import { writeWhole } from '../files/atomic.ts';

export type NpyData = Uint8Array | Int32Array | Float32Array | Float64Array;

export interface NpyArray {
  /** Length of each dimension; row-major. */
  readonly shape: readonly number[];
  readonly data: NpyData;
}

const MAGIC = Buffer.from('\x93NUMPY', 'latin1');

/** Maximum bytes of a header: NumPy writes 118 bytes for the arrays of Hourglass. */
export const HEADER_LIMIT = 4096;

/** Maximum bytes of an array that is read as a whole: JavaScript's byte arrays cannot be larger. */
const SIZE_LIMIT = 2 ** 32;

/** Maximum bytes per system call: some systems accept at most 2 GiB. */
const CHUNK = 2 ** 26;

const DTYPES = {
  '|u1': Uint8Array,
  '<i4': Int32Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
} as const;

export type Dtype = keyof typeof DTYPES;

/** Writes an array as `.npy` version 1, its data aligned to 64 bytes. */
export async function writeNpy(path: string, { data, shape }: NpyArray): Promise<void> {
  await writeNpyPieces(path, { dtype: dtypeOf(data), shape }, [data]);
}

/**
 * Writes an array piece by piece.
 *
 * @throws RangeError if the number of values differs from the shape
 */
export async function writeNpyPieces(
  path: string,
  { dtype, shape }: { readonly dtype: Dtype; readonly shape: readonly number[] },
  pieces: Iterable<NpyData> | AsyncIterable<NpyData>,
): Promise<void> {
  const dimensions = shape.length === 1 ? `${shape[0] ?? 0},` : shape.join(', ');
  const header = `{'descr': '${dtype}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  const prefix = MAGIC.length + 4;
  const padding = 64 - ((prefix + header.length + 1) % 64);
  const text = `${header}${' '.repeat(padding % 64)}\n`;
  const size = Buffer.alloc(2);
  size.writeUInt16LE(text.length);
  const file = await open(path, 'w');
  try {
    const head = Buffer.concat([MAGIC, Buffer.of(1, 0), size, Buffer.from(text, 'latin1')]);
    await writeWhole(file, head, 0);
    let count = 0;
    for await (const piece of pieces) {
      const bytes = new Uint8Array(piece.buffer, piece.byteOffset, piece.byteLength);
      await writeWhole(file, bytes, head.length + count * piece.BYTES_PER_ELEMENT);
      count += piece.length;
    }
    if (count !== sizeOf(shape))
      throw new RangeError(`shape [${shape.join(', ')}] does not hold ${count} values`);
  } finally {
    await file.close();
  }
}

function dtypeOf(data: NpyData): Dtype {
  if (data instanceof Uint8Array) return '|u1';
  if (data instanceof Int32Array) return '<i4';
  return data instanceof Float32Array ? '<f4' : '<f8';
}

/**
 * Reads an array of bytes, 32-bit integers or floats in C order. Its declared size is compared with the file's before
 * anything is allocated.
 *
 * @throws Failure `data-missing` if the file cannot be read, `data-corrupt` if its content does not match its header,
 *   `stage-failed` if it exceeds the maximum size of arrays
 */
export async function readNpy(path: string): Promise<NpyArray> {
  return withNpy(path, async (file, { shape, dtype, begin, bytes }) => {
    if (bytes > SIZE_LIMIT) {
      throw failure(
        'stage-failed',
        `\`${path}\` holds ${formatBytes(bytes)}: at most ${formatBytes(SIZE_LIMIT)} can be read as a whole`,
        'use fewer images: `limit`, or a `subset` stage',
      );
    }
    const data = new DTYPES[dtype](sizeOf(shape));
    const view = new Uint8Array(data.buffer);
    for (let offset = 0; offset < view.length;) {
      const length = Math.min(CHUNK, view.length - offset);
      const { bytesRead } = await file.read(view, offset, length, begin + offset);
      if (bytesRead === 0) throw corrupt(path, 'ended while it was read');
      offset += bytesRead;
    }
    return { shape, data };
  });
}

/** The position of an array's numbers in its file. */
export interface NpyPlace {
  readonly shape: readonly number[];
  readonly dtype: Dtype;
  /** Start and length of the numbers, in bytes. */
  readonly begin: number;
  readonly bytes: number;
}

/** Reads the header of an array, like `readNpy`. */
export function findNpy(path: string): Promise<NpyPlace> {
  return withNpy(path, async (_file, place) => place);
}

async function withNpy<Result>(
  path: string,
  work: (file: FileHandle, place: NpyPlace) => Promise<Result>,
): Promise<Result> {
  const file = await open(path, 'r').catch(() => {
    throw failure('data-missing', `\`${path}\` cannot be read`);
  });
  try {
    const { size } = await file.stat();
    const start = Buffer.alloc(Math.min(size, HEADER_LIMIT));
    await file.read(start, 0, start.length, 0);
    const { dtype, fortran, shape, end } = parseNpyHeader(start, path);
    if (fortran) throw corrupt(path, 'is not in C order');
    if (!isDtype(dtype)) {
      throw corrupt(path, `holds values of type '${dtype}', not one of ${Object.keys(DTYPES).join(', ')}`);
    }
    const bytes = sizeOf(shape) * DTYPES[dtype].BYTES_PER_ELEMENT;
    if (bytes !== size - end) throw corrupt(path, `declares ${bytes} bytes of data, but holds ${size - end}`);
    return await work(file, { shape, dtype, begin: end, bytes });
  } finally {
    await file.close();
  }
}

export interface NpyHeader {
  /** Such as `<f4`; empty if the values do not have a single plain type. */
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Whether the first axis varies fastest, not the last. */
  readonly fortran: boolean;
  /** Where the data begins. */
  readonly end: number;
}

/**
 * Parses the header for any type and order of axes. The shape has up to 8 dimensions.
 *
 * @param start the first bytes of the file
 * @param path for messages
 * @throws Failure `data-corrupt`
 */
export function parseNpyHeader(start: Buffer, path: string): NpyHeader {
  if (start.length < 12 || !start.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw corrupt(path, 'does not begin as a `.npy` file does');
  }
  const version = start[6];
  if (version === undefined || version < 1 || version > 3)
    throw corrupt(path, `is of version ${version}, not 1, 2 or 3`);
  const begin = version === 1 ? 10 : 12;
  const length = version === 1 ? start.readUInt16LE(8) : start.readUInt32LE(8);
  if (begin + length > start.length) throw corrupt(path, `has a header of ${length} bytes`);
  const text = start.toString('latin1', begin, begin + length);
  const dtype = /'descr': *'([^']{1,8})'/.exec(text)?.[1] ?? '';
  const order = /'fortran_order': *(True|False)/.exec(text)?.[1];
  if (order === undefined) throw corrupt(path, 'does not declare the order of its axes');
  const shape = /'shape': *\(([0-9, ]*)\)/.exec(text)?.[1];
  if (shape === undefined) throw corrupt(path, 'does not declare a shape');
  const dimensions = shape.split(',').flatMap((part) => (part.trim() === '' ? [] : [Number(part)]));
  if (dimensions.length > 8 || !dimensions.every((dimension) => Number.isSafeInteger(dimension))) {
    throw corrupt(path, `declares the shape (${shape.slice(0, 80)})`);
  }
  return { dtype, shape: dimensions, fortran: order === 'True', end: begin + length };
}

function isDtype(text: string): text is Dtype {
  return Object.hasOwn(DTYPES, text);
}

function corrupt(path: string, what: string): Failure {
  return failure('data-corrupt', `\`${path}\` ${what}`, 'make or fetch the file again');
}
