/** The IDX format of MNIST's files, as its home page describes it: magic number, dimensions, bytes; all big-endian. */
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { failure, type Failure } from '../core/diagnostic.ts';
import { errorCode } from './atomic.ts';

export interface IdxArray {
  /** Length of each dimension; row-major. */
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** The largest file that is read, after decompression, in bytes. */
const SIZE_LIMIT = 2 ** 31;

/** Third byte of the magic number for unsigned bytes, the only type that image sets use. */
const UNSIGNED_BYTE = 0x08;

/**
 * Reads an IDX file of unsigned bytes with 1 to 4 dimensions, plain or gzipped.
 *
 * @throws Failure `data-missing` if the file cannot be read; `data-corrupt` if it is truncated, too long, or no IDX file
 */
export async function readIdx(path: string): Promise<IdxArray> {
  return parseIdx(await readBytes(path), path);
}

/** Parses the content of an IDX file; `name` is for messages. */
export function parseIdx(bytes: Uint8Array, name: string): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) throw corrupt(name, `has ${bytes.length} bytes, too few for an IDX file`);
  const rank = view.getUint8(3);
  if (view.getUint16(0) !== 0 || view.getUint8(2) !== UNSIGNED_BYTE || rank < 1 || rank > 4) {
    const magic = view.getUint32(0).toString(16).padStart(8, '0');
    throw corrupt(
      name,
      `begins with 0x${magic}, and is no IDX file of unsigned bytes (0x00000801 to 0x00000804)`,
    );
  }
  const header = 4 + 4 * rank;
  if (bytes.length < header) throw corrupt(name, 'ends within its header');
  const shape = Array.from({ length: rank }, (_, index) => view.getUint32(4 + 4 * index));
  const expected = shape.reduce((product, length) => product * length, 1);
  const actual = bytes.length - header;
  if (actual < expected)
    throw corrupt(name, `is truncated: ${shape.join('x')} needs ${expected} bytes, it has ${actual}`);
  if (actual > expected)
    throw corrupt(name, `is too long: ${shape.join('x')} needs ${expected} bytes, it has ${actual}`);
  return { shape, data: bytes.subarray(header) };
}

async function readBytes(path: string): Promise<Uint8Array> {
  const bytes = await readFile(path).catch((error: unknown) => {
    const reason =
      errorCode(error) === 'ENOENT'
        ? 'does not exist'
        : errorCode(error) === 'EISDIR'
          ? 'is a folder'
          : 'cannot be read';
    throw failure('data-missing', `\`${path}\` ${reason}`, 'paths are relative to the pipeline file');
  });
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  return promisify(gunzip)(bytes, { maxOutputLength: SIZE_LIMIT }).catch(() => {
    throw corrupt(path, 'is a damaged gzip file, or holds more than 2 GiB');
  });
}

function corrupt(name: string, what: string): Failure {
  return failure('data-corrupt', `\`${name}\` ${what}`, 'fetch or copy the file again');
}
