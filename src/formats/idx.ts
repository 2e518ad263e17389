/** The IDX format of MNIST's files, as described on its home page: magic number, dimensions, numbers; all big-endian. */
import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { createGunzip } from 'node:zlib';
import { failure, Failure } from '../core/diagnostic.ts';
import { sizeOf } from '../core/shape.ts';
import { errorCode } from '../files/atomic.ts';
import { openToRead } from '../files/open.ts';
import {
  ALL_ROWS,
  numbersOf,
  readDtype,
  type FirstRows,
  type NumberType,
  type Numbers,
} from './numpy-types.ts';

/** Unsigned bytes. */
export interface IdxArray {
  /** Length of each dimension; row-major. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** Numbers of any type in the format. */
export interface IdxNumbers {
  readonly shape: readonly number[];
  /** Rows of the array in the file, if only the first were read. */
  readonly total?: number;
  readonly type: NumberType;
  readonly data: Numbers;
}

/** Maximum bytes of a file, after decompression. */
const SIZE_LIMIT = 2 ** 31;

/** Types as NumPy writes them, by the third byte of the magic number. */
const TYPES: ReadonlyMap<number, string> = new Map([
  [0x08, '|u1'],
  [0x09, '|i1'],
  [0x0b, '>i2'],
  [0x0c, '>i4'],
  [0x0d, '>f4'],
  [0x0e, '>f8'],
]);

/** Magic number and four lengths. */
const LONGEST_HEADER = 20;

/** The maximum ratio of deflate compression. */
const DEFLATE_RATIO = 1032;

/** Maximum bytes per system call: some systems accept at most 2 GiB. */
const CHUNK = 2 ** 26;

/**
 * Reads an IDX file with 1 to 4 dimensions, plain or gzipped. The size declared in the header is compared with the file's before
 * anything is allocated.
 *
 * @param first for large files. If only the first rows are read, the end of a gzipped file is not checked
 * @throws Failure `data-missing` if the file cannot be read; `data-corrupt` if it is truncated, too long, or not an IDX file
 */
export async function readIdx(path: string, first = ALL_ROWS): Promise<IdxNumbers> {
  const file = await openToRead(path).catch((error: unknown) => {
    throw missing(path, errorCode(error) === 'ENOENT' ? 'does not exist' : 'cannot be read');
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw missing(path, info.isDirectory() ? 'is a folder' : 'is not a file');
    const start = await readAt(file, Buffer.alloc(Math.min(LONGEST_HEADER, info.size)), 0, path);
    return start[0] === 0x1f && start[1] === 0x8b
      ? await readGzipped(file, info.size, path, first)
      : await readPlain(file, info.size, start, path, first);
  } finally {
    await file.close();
  }
}

/**
 * Parses the content of an IDX file of unsigned bytes without copying it.
 *
 * @param name of the file in messages
 * @throws Failure `data-corrupt`
 */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const header = parseHeader(bytes, name);
  if (header.type.name !== 'uint8') throw corrupt(name, `holds ${header.type.name}, not unsigned bytes`);
  compareSize(header, bytes.length - header.begin, name);
  checkLimit(header, name);
  return { shape: header.shape, data: bytes.subarray(header.begin) };
}

/**
 * The lengths of the dimensions of an IDX file.
 *
 * @param start of the file, unpacked
 * @param name of the file in messages
 * @throws Failure `data-corrupt`
 */
export function parseIdxShape(start: Buffer, name: string): readonly number[] {
  return parseHeader(start, name).shape;
}

async function readPlain(
  file: FileHandle,
  length: number,
  start: Buffer,
  path: string,
  first: FirstRows,
): Promise<IdxNumbers> {
  const whole = parseHeader(start, path);
  compareSize(whole, length - whole.begin, path);
  const header = cutTo(first, whole);
  checkLimit(header, path);
  return numbersIn(await readAt(file, new Uint8Array(header.size), header.begin, path), header);
}

/** @param bytes the data without the header; may be modified */
function numbersIn(bytes: Uint8Array, { shape, total, type, swapped }: Header): IdxNumbers {
  return { shape, ...(total === undefined ? {} : { total }), type, data: numbersOf(bytes, type, swapped) };
}

async function readAt<Bytes extends Uint8Array>(
  file: FileHandle,
  target: Bytes,
  from: number,
  path: string,
): Promise<Bytes> {
  for (let offset = 0; offset < target.length;) {
    const { bytesRead } = await file.read(
      target,
      offset,
      Math.min(CHUNK, target.length - offset),
      from + offset,
    );
    if (bytesRead === 0) throw corrupt(path, 'ended while it was read');
    offset += bytesRead;
  }
  return target;
}

/** Unpacks only as much as the header declares, so that a malicious file cannot fill the memory. */
async function readGzipped(
  file: FileHandle,
  length: number,
  path: string,
  first: FirstRows,
): Promise<IdxNumbers> {
  let start = Buffer.alloc(0);
  let header: Header | undefined;
  let data = new Uint8Array(0);
  let done = 0;
  const take = (chunk: Uint8Array, own: Header): boolean => {
    const room = own.size - done;
    if (chunk.length > room && own.total === undefined) compareSize(own, done + chunk.length, path);
    data.set(chunk.subarray(0, room), done);
    done += Math.min(chunk.length, room);
    return own.total !== undefined && done === own.size;
  };
  try {
    const stream = file.createReadStream({ start: 0, autoClose: false }).pipe(createGunzip());
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (header !== undefined) {
        if (take(chunk, header)) break;
        continue;
      }
      start = Buffer.concat([start, chunk]);
      if (start.length < LONGEST_HEADER) continue;
      const whole = parseHeader(start, path);
      if (whole.size > length * DEFLATE_RATIO) compareSize(whole, 0, path);
      header = cutTo(first, whole);
      checkLimit(header, path);
      data = new Uint8Array(header.size);
      if (take(start.subarray(header.begin), header)) break;
    }
  } catch (error) {
    throw error instanceof Failure ? error : corrupt(path, 'is a damaged gzip file');
  }
  if (header === undefined) {
    header = parseHeader(start, path);
    data = Uint8Array.from(start.subarray(header.begin));
    done = data.length;
  }
  compareSize(header, done, path);
  return numbersIn(data, header);
}

interface Header {
  readonly shape: readonly number[];
  readonly total?: number;
  readonly type: NumberType;
  readonly swapped: boolean;
  /** Where the data begins, and the number of bytes of the shape. */
  readonly begin: number;
  readonly size: number;
}

function parseHeader(bytes: Uint8Array, name: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw corrupt(name, `has ${bytes.length} bytes, too few for an IDX file`);
  const rank = view.getUint8(3);
  const found = readDtype(TYPES.get(view.getUint8(2)) ?? '');
  if (view.getUint16(0) !== 0 || !('type' in found) || rank < 1 || rank > 4) {
    const magic = view.getUint32(0).toString(16).padStart(8, '0');
    throw corrupt(
      name,
      `begins with 0x${magic}, but IDX files with 1 to 4 dimensions begin with 0x00000801 to 0x00000e04`,
      `save the array from NumPy: ${idxSaveLine(name, "x.astype('float32')")}`,
    );
  }
  const begin = 4 + 4 * rank;
  if (bytes.length < begin) throw corrupt(name, 'ends within its header');
  const shape = Array.from({ length: rank }, (_, index) => view.getUint32(4 + 4 * index));
  return { ...found, shape, begin, size: sizeOf(shape) * found.type.bytes };
}

/** The header of only the first rows. */
function cutTo({ rows, above }: FirstRows, header: Header): Header {
  const [total = 0, ...row] = header.shape;
  if (header.size <= above || rows >= total) return header;
  return { ...header, shape: [rows, ...row], total, size: rows * sizeOf(row) * header.type.bytes };
}

function compareSize({ shape, size }: Pick<Header, 'shape' | 'size'>, actual: number, name: string): void {
  const needs = `${shape.join('x')} needs ${size} bytes`;
  if (actual < size) throw corrupt(name, `is truncated: ${needs}, it has ${actual}`);
  if (actual > size) throw corrupt(name, `is too long: ${needs}, it has ${actual}`);
}

function checkLimit({ shape, size }: Pick<Header, 'shape' | 'size'>, name: string): void {
  if (size <= SIZE_LIMIT) return;
  const rows = Math.floor(SIZE_LIMIT / (size / (shape[0] ?? 1)));
  const what = `is too large: ${shape.join('x')} needs ${size} bytes, but the maximum is ${SIZE_LIMIT}`;
  throw corrupt(name, what, `set \`limit: ${rows}\`, or save fewer images`);
}

function missing(path: string, what: string): Failure {
  return failure('data-missing', `\`${path}\` ${what}`, 'paths are relative to the pipeline file');
}

/** The Python line that saves the content of an IDX file in another supported format. */
export function idxSaveLine(path: string, expression: string): string {
  const stem = basename(path).replace(/\.(?:gz|idx|ubyte)$/g, '');
  return `\`np.save('${stem}.npy', ${expression})\`, and use \`source: npy\``;
}

function corrupt(name: string, what: string, hint = 'fetch or copy the file again'): Failure {
  return failure('data-corrupt', `\`${name}\` ${what}`, hint);
}
