/** NumPy's `.npz` archives: zip files of `.npy` files, as `np.savez` and `np.savez_compressed` write them. */
import { basename } from 'node:path';
import { crc32 } from 'node:zlib';
import type yauzl from 'yauzl';
import { failure, Failure } from '../core/diagnostic.ts';
import { printable } from '../core/text.ts';
import { errorCode } from '../files/atomic.ts';
import { kindOf } from '../files/nearby.ts';
import { openLargeArray, type LargeArray } from './large-array.ts';
import { HEADER_LIMIT, parseNpyHeader } from './npy.ts';
import type { FirstRows } from './numpy-types.ts';
import { readArray, type ArrayFile, type NumpyArray, type SaveLine } from './numpy.ts';

/** An array of an archive, as described in its header. */
export interface ArrayEntry {
  readonly name: string;
  /** Absent if the header is damaged. */
  readonly shape?: readonly number[];
}

/** Maximum arrays in an archive. */
const COUNT_LIMIT = 1000;

/** The maximum ratio of deflate compression. */
const DEFLATE_RATIO = 1032;

const ENCRYPTED = 1;

/** The zip method without compression. */
const STORED = 0;

const DAMAGED = 'is damaged: its checksum differs';

const ENDING = '.npy';

/**
 * Reads an array of an archive.
 *
 * @returns undefined if the archive has no such array
 * @throws Failure `data-missing` where there is no archive; `data-corrupt`
 */
export async function readNpz(
  path: string,
  name: string,
  first?: FirstRows,
): Promise<NumpyArray | undefined> {
  return withArchive(path, async (zip, entries) => {
    const entry = entries.get(`${name}${ENDING}`);
    return entry === undefined ? undefined : readEntry(zip, entry, sourceOf(path, name, entries), first);
  });
}

/**
 * Opens an array that is too large for memory. `np.savez` stores arrays uncompressed.
 *
 * @returns undefined for other arrays, and if the array is compressed or does not exist
 * @throws Failure as `readNpz`
 */
export async function openNpz(
  path: string,
  name: string,
  first?: FirstRows,
): Promise<LargeArray | undefined> {
  return withArchive(path, async (zip, entries) => {
    const entry = entries.get(`${name}${ENDING}`);
    if (entry === undefined || isEncrypted(entry) || entry.compressionMethod !== STORED) return undefined;
    const { fileDataStart: begin } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    const { uncompressedSize: size } = entry;
    const source = sourceOf(path, name, entries);
    const large = await openLargeArray({ path, begin, size }, source, first);
    if (large === undefined || large.total !== undefined) return large;
    let sum = 0;
    for await (const chunk of (await zip.openReadStreamPromise(entry)) as AsyncIterable<Buffer>)
      sum = crc32(chunk, sum);
    if (sum !== entry.crc32) throw corrupt(source.name, DAMAGED, `save it again: ${source.save()}`);
    return large;
  });
}

function sourceOf(path: string, name: string, entries: ReadonlyMap<string, yauzl.Entry>): ArrayFile {
  const save: SaveLine = (change = (x) => x) => {
    const kept = namesIn(entries)
      .slice(0, 10)
      .map((key) => `${key}=${key === name ? change(key) : key}`);
    return `\`np.savez_compressed('${basename(path)}', ${kept.join(', ')})\``;
  };
  return { name: `${path}/${name}${ENDING}`, save };
}

function isEncrypted({ generalPurposeBitFlag }: yauzl.Entry): boolean {
  return (generalPurposeBitFlag & ENCRYPTED) !== 0;
}

/**
 * Lists the arrays of an archive.
 *
 * @throws Failure `data-missing` where there is no archive; `data-corrupt`
 */
export async function listNpz(path: string): Promise<readonly ArrayEntry[]> {
  return withArchive(path, async (zip, entries) => {
    const arrays: ArrayEntry[] = [];
    for (const name of namesIn(entries)) {
      const entry = entries.get(`${name}${ENDING}`);
      const shape = entry === undefined ? undefined : await readShape(zip, entry).catch(() => undefined);
      arrays.push({ name, ...(shape === undefined ? {} : { shape }) });
    }
    return arrays;
  });
}

async function withArchive<Result>(
  path: string,
  work: (zip: yauzl.ZipFile, entries: ReadonlyMap<string, yauzl.Entry>) => Promise<Result>,
): Promise<Result> {
  const kind = await kindOf(path);
  if (kind !== 'file')
    throw failure(
      'data-missing',
      `\`${path}\` ${kind === undefined ? 'does not exist' : 'is not a file'}`,
      'paths are relative to the pipeline file',
    );
  const { default: archives } = await import('yauzl');
  const zip = await archives
    .openPromise(path, { lazyEntries: true, autoClose: false })
    .catch((error: unknown) => {
      throw damaged(path, error);
    });
  try {
    return await work(zip, await listEntries(zip, path));
  } catch (error) {
    throw damaged(path, error);
  } finally {
    zip.close();
  }
}

function namesIn(entries: ReadonlyMap<string, yauzl.Entry>): readonly string[] {
  return [...entries.keys()].flatMap((key) => (key.endsWith(ENDING) ? [key.slice(0, -ENDING.length)] : []));
}

async function listEntries(zip: yauzl.ZipFile, path: string): Promise<ReadonlyMap<string, yauzl.Entry>> {
  if (zip.entryCount > COUNT_LIMIT) throw corrupt(path, `holds more than ${COUNT_LIMIT} arrays`);
  const entries = new Map<string, yauzl.Entry>();
  for await (const entry of zip.eachEntry()) {
    if (entries.has(entry.fileName)) throw corrupt(path, `holds \`${printable(entry.fileName)}\` twice`);
    entries.set(entry.fileName, entry);
  }
  return entries;
}

async function readEntry(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  source: ArrayFile,
  first?: FirstRows,
): Promise<NumpyArray> {
  const { uncompressedSize, compressedSize } = entry;
  const again = `save it again: ${source.save()}`;
  if (isEncrypted(entry)) throw corrupt(source.name, 'is encrypted', again);
  if (uncompressedSize > compressedSize * DEFLATE_RATIO)
    throw corrupt(source.name, `cannot unpack to ${uncompressedSize} bytes`, again);
  const stream = await zip.openReadStreamPromise(entry);
  let sum = 0;
  async function* summed(): AsyncGenerator<Buffer> {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      sum = crc32(chunk, sum);
      yield chunk;
    }
  }
  try {
    const array = await readArray(summed(), uncompressedSize, source, first);
    // There is no checksum of only the first rows.
    if (array.total === undefined && sum !== entry.crc32) throw corrupt(source.name, DAMAGED, again);
    return array;
  } finally {
    stream.destroy();
  }
}

async function readShape(zip: yauzl.ZipFile, entry: yauzl.Entry): Promise<readonly number[]> {
  const stream = await zip.openReadStreamPromise(entry);
  let start = Buffer.alloc(0);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      start = Buffer.concat([start, chunk]);
      if (start.length >= HEADER_LIMIT) break;
    }
  } finally {
    stream.destroy();
  }
  return parseNpyHeader(start, entry.fileName).shape;
}

function damaged(path: string, error: unknown): Failure {
  if (error instanceof Failure) return error;
  const code = errorCode(error);
  if (/^E[A-Z]+$/.test(code))
    return failure('data-missing', `\`${path}\` cannot be read (${code})`, 'check its permissions');
  const reason = error instanceof Error ? error.message : 'unknown';
  return corrupt(path, `is damaged, or not an npz file (${printable(reason)})`);
}

function corrupt(
  name: string,
  what: string,
  hint = `save it again: \`np.savez_compressed('${basename(name)}', x_train=x, y_train=y)\``,
): Failure {
  return failure('data-corrupt', `\`${name}\` ${what}`, hint);
}
