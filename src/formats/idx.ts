/** The IDX format of MNIST's files, as its home page describes it: magic number, dimensions, bytes; all big-endian. */
import { constants } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { createGunzip } from 'node:zlib';
import { failure, Failure } from '../core/diagnostic.ts';
import { sizeOf } from '../core/shape.ts';
import { errorCode } from '../files/atomic.ts';

export interface IdxArray {
  /** Length of each dimension; row-major. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** The largest file that is read, after decompression, in bytes. */
const SIZE_LIMIT = 2 ** 31;

/** Third byte of the magic number for unsigned bytes, the only type that image sets use. */
const UNSIGNED_BYTE = 0x08;

/** Magic number and four lengths. */
const LONGEST_HEADER = 20;

/** How much larger than its data deflate can make a file at most. */
const DEFLATE_RATIO = 1032;

/** Bytes that are moved by one system call: some systems take no more than 2 GiB at once. */
const CHUNK = 2 ** 26;

/**
 * Reads an IDX file of unsigned bytes with 1 to 4 dimensions, plain or gzipped. The size that its header declares is held
 * against what is there before anything is allocated.
 *
 * @throws Failure `data-missing` if the file cannot be read; `data-corrupt` if it is truncated, too long, or no IDX file
 */
export async function readIdx(path: string): Promise<IdxArray> {
  // Without O_NONBLOCK, opening a named pipe would wait for somebody to write into it.
  const file = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)).catch((error: unknown) => {
    throw missing(path, errorCode(error) === 'ENOENT' ? 'does not exist' : 'cannot be read');
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw missing(path, info.isDirectory() ? 'is a folder' : 'is not a file');
    const start = await readAt(file, Buffer.alloc(Math.min(LONGEST_HEADER, info.size)), 0, path);
    return start[0] === 0x1f && start[1] === 0x8b
      ? await readGzipped(file, info.size, path)
      : await readPlain(file, info.size, start, path);
  } finally {
    await file.close();
  }
}

/** Parses the content of an IDX file; `name` is for messages. */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const { shape, begin, size } = parseHeader(bytes, name);
  checkSize(shape, size, bytes.length - begin, name);
  return { shape, data: bytes.subarray(begin) };
}

async function readPlain(file: FileHandle, length: number, start: Buffer, path: string): Promise<IdxArray> {
  const { shape, begin, size } = parseHeader(start, path);
  checkSize(shape, size, length - begin, path);
  return { shape, data: await readAt(file, new Uint8Array(size), begin, path) };
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

/** Unpacks no more than the header declares, so that a file that goes on and on costs nothing. */
async function readGzipped(file: FileHandle, length: number, path: string): Promise<IdxArray> {
  let start = Buffer.alloc(0);
  let header: Header | undefined;
  let data = new Uint8Array(0);
  let done = 0;
  const take = (chunk: Uint8Array, { shape, size }: Header): void => {
    if (done + chunk.length > size) checkSize(shape, size, done + chunk.length, path);
    data.set(chunk, done);
    done += chunk.length;
  };
  try {
    const stream = file.createReadStream({ start: 0, autoClose: false }).pipe(createGunzip());
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      if (header !== undefined) {
        take(chunk, header);
        continue;
      }
      start = Buffer.concat([start, chunk]);
      if (start.length < LONGEST_HEADER) continue;
      header = parseHeader(start, path);
      if (header.size > length * DEFLATE_RATIO) checkSize(header.shape, header.size, 0, path);
      data = new Uint8Array(header.size);
      take(start.subarray(header.begin), header);
    }
  } catch (error) {
    throw error instanceof Failure ? error : corrupt(path, 'is a damaged gzip file');
  }
  if (header === undefined) return parseIdx(start, path);
  checkSize(header.shape, header.size, done, path);
  return { shape: header.shape, data };
}

interface Header {
  readonly shape: readonly number[];
  /** Where the data begins, and the bytes that the shape calls for. */
  readonly begin: number;
  readonly size: number;
}

function parseHeader(bytes: Uint8Array, name: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw corrupt(name, `has ${bytes.length} bytes, too few for an IDX file`);
  const rank = view.getUint8(3);
  if (view.getUint16(0) !== 0 || view.getUint8(2) !== UNSIGNED_BYTE || rank < 1 || rank > 4) {
    const magic = view.getUint32(0).toString(16).padStart(8, '0');
    throw corrupt(
      name,
      `begins with 0x${magic}, and is no IDX file of unsigned bytes (0x00000801 to 0x00000804)`,
      `save other arrays from NumPy: ${idxSaveLine(name, "x.astype('float32')")}`,
    );
  }
  const begin = 4 + 4 * rank;
  if (bytes.length < begin) throw corrupt(name, 'ends within its header');
  const shape = Array.from({ length: rank }, (_, index) => view.getUint32(4 + 4 * index));
  return { shape, begin, size: sizeOf(shape) };
}

function checkSize(shape: readonly number[], size: number, actual: number, name: string): void {
  const needs = `${shape.join('x')} needs ${size} bytes`;
  if (actual < size) throw corrupt(name, `is truncated: ${needs}, it has ${actual}`);
  if (actual > size) throw corrupt(name, `is too long: ${needs}, it has ${actual}`);
  if (size > SIZE_LIMIT) throw corrupt(name, `is too large: ${needs}; the most are ${SIZE_LIMIT}`);
}

function missing(path: string, what: string): Failure {
  return failure('data-missing', `\`${path}\` ${what}`, 'paths are relative to the pipeline file');
}

/** The Python line that saves what an IDX file was to hold as one that is read without IDX. */
export function idxSaveLine(path: string, expression: string): string {
  const stem = basename(path).replace(/\.(?:gz|idx|ubyte)$/g, '');
  return `\`np.save('${stem}.npy', ${expression})\`, and use \`source: npy\``;
}

function corrupt(name: string, what: string, hint = 'fetch or copy the file again'): Failure {
  return failure('data-corrupt', `\`${name}\` ${what}`, hint);
}
