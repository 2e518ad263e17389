/** Image files in a tar archive, plain or gzipped. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { Extract } from 'tar-stream';
import { TAR_BLOCK } from '../../../formats/tar-header.ts';
import { BadArchive, unpackedLimit, type Archive, type Member, type ReadableMember } from './members.ts';
import { FILE_LIMIT, tooLarge, unreadable } from './regular.ts';
import { Unusable } from './skipped.ts';

type Entry = Extract extends AsyncIterable<infer Item> ? Item : never;

/** How many bytes are read or unpacked at a time. */
const CHUNK = 2 ** 18;

interface TarFile {
  readonly path: string;
  readonly isGzipped: boolean;
  /** Bytes of the file. */
  readonly size: number;
}

/** The position of a member's content in a plain archive. */
interface Stretch {
  readonly start: number;
  readonly size: number;
}

export function openTar(file: TarFile, signal: AbortSignal): Archive {
  const stretches: Stretch[] = [];
  return {
    async *members() {
      for await (const { entry } of entriesOf(file, signal)) {
        stretches.push({ start: entry.offset + TAR_BLOCK, size: entry.header.size });
        yield memberOf(entry);
        entry.resume();
      }
    },
    read: (numbers) =>
      file.isGzipped
        ? readPacked(file, new Set(numbers), signal)
        : numbers.flatMap((number) => {
            const stretch = stretches[number];
            return stretch === undefined ? [] : [{ number, read: () => readStretch(file.path, stretch) }];
          }),
    close: () => undefined,
  };
}

function memberOf(entry: Entry): Member {
  const problem = problemOf(entry);
  const { name, type, size } = entry.header;
  return {
    name,
    kind: type === 'directory' ? 'folder' : 'file',
    ...(problem === undefined ? {} : { problem }),
    head: async (length) => {
      const chunks: Uint8Array[] = [];
      let read = 0;
      while (read < Math.min(length, size)) {
        const chunk = await nextChunk(entry);
        if (chunk === undefined) break;
        chunks.push(chunk);
        read += chunk.length;
      }
      return Buffer.concat(chunks).subarray(0, length);
    },
  };
}

/** The next bytes of an entry that has more. */
function nextChunk(entry: Entry): Promise<Uint8Array | undefined> {
  return new Promise((resolve, reject) => {
    const done = (work: () => void): void => {
      entry.off('readable', look).off('end', end).off('error', fail).off('close', end);
      work();
    };
    const look = (): void => {
      const chunk: unknown = entry.read();
      if (chunk instanceof Uint8Array) done(() => resolve(chunk));
    };
    const end = (): void => done(() => resolve(undefined));
    const fail = (error: Error): void => done(() => reject(error));
    entry.on('readable', look).on('end', end).on('error', fail).on('close', end);
    look();
  });
}

/** Whether GNU tar stored a file in the format of POSIX without its zeros; in GNU's own format, such a file has an unknown type. */
function isSparse({ header }: Entry): boolean {
  // The types of tar-stream lack these headers.
  const headers: unknown = Reflect.get(header, 'pax');
  return (
    typeof headers === 'object' &&
    headers !== null &&
    Object.keys(headers).some((key) => key.startsWith('GNU.sparse.'))
  );
}

function problemOf(entry: Entry): Unusable | undefined {
  const { name, type } = entry.header;
  if (type === 'symlink' || type === 'link')
    return new Unusable('archive-link', 'is a link, and links in archives are not followed');
  if (type === null || isSparse(entry))
    return new Unusable('packing', 'is packed in an unsupported way, such as by `tar --sparse`');
  if (type !== 'file' && type !== 'contiguous-file' && type !== 'directory')
    return new Unusable('special', 'is not a regular file');
  // tar-stream replaces bytes that are not UTF-8 by this character.
  if (name.includes('\ufffd')) return new Unusable('name', 'has a name that is not UTF-8');
  return undefined;
}

/** @throws Unusable */
async function readStretch(path: string, { start, size }: Stretch): Promise<Uint8Array> {
  if (size > FILE_LIMIT) throw tooLarge(size);
  try {
    const file = await open(path);
    try {
      const { buffer: bytes, bytesRead } = await file.read(Buffer.alloc(size), 0, size, start);
      return bytes.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw unreadable(error);
  }
}

async function* readPacked(
  file: TarFile,
  wanted: ReadonlySet<number>,
  signal: AbortSignal,
): AsyncGenerator<ReadableMember> {
  let left = wanted.size;
  for await (const { number, entry } of entriesOf(file, signal)) {
    let isRead = false;
    if (wanted.has(number)) {
      const { size } = entry.header;
      yield {
        number,
        read: () => {
          if (size > FILE_LIMIT) return Promise.reject(tooLarge(size));
          isRead = true;
          return buffer(entry);
        },
      };
      left -= 1;
      if (left === 0) return;
    }
    if (!isRead) entry.resume();
  }
}

/** The entries of an archive, one after the other. */
async function* entriesOf(
  { path, isGzipped, size }: TarFile,
  signal: AbortSignal,
): AsyncGenerator<{ readonly number: number; readonly entry: Entry }> {
  const { extract } = await import('tar-stream');
  // Also reads the format from before 1988. The types of tar-stream lack this option.
  const options = { allowUnknownFormat: true, highWaterMark: CHUNK };
  const unpacked = extract(options);
  const limit = unpackedLimit(size);
  let bytes = 0;
  const gunzip = createGunzip({ chunkSize: CHUNK }).on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > limit) gunzip.destroy(new BadArchive(`unpacks to more than ${limit} bytes`));
  });
  const source = createReadStream(path, { highWaterMark: CHUNK });
  const flow = isGzipped
    ? pipeline(source, gunzip, unpacked, { signal })
    : pipeline(source, unpacked, { signal });
  // The loop throws errors of the pipeline, too.
  flow.catch(() => undefined);
  let [number, end] = [0, 0];
  for await (const entry of unpacked) {
    end = endOf(entry);
    yield { number: number++, entry };
  }
  await flow;
  const isCut = isGzipped ? bytes === end : !(await isZero(path, end));
  if (number > 0 && isCut)
    throw new BadArchive(
      'is cut off: the zeros that end an archive are missing',
      'fetch or copy the file again; if it is complete, unpack it and name the folder',
    );
}

/** Where the next header is, or the end of the archive. */
function endOf({ offset, header: { size, type } }: Entry): number {
  const blocks = type === 'directory' ? 0 : Math.ceil(size / TAR_BLOCK);
  return offset + (1 + blocks) * TAR_BLOCK;
}

/** Whether a file has a block of zeros at a place. */
async function isZero(path: string, place: number): Promise<boolean> {
  const file = await open(path);
  try {
    const { buffer: bytes, bytesRead } = await file.read(Buffer.alloc(TAR_BLOCK), 0, TAR_BLOCK, place);
    return bytesRead === TAR_BLOCK && bytes.every((byte) => byte === 0);
  } finally {
    await file.close();
  }
}
