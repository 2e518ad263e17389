/** Image files in a zip archive. */
import { isUtf8 } from 'node:buffer';
import { crc32 } from 'node:zlib';
import type { Entry, ZipFile } from 'yauzl';
import { errorCode } from '../../../files/atomic.ts';
import { BadArchive, unpackedLimit, type Archive, type Member } from './members.ts';
import { FILE_LIMIT, tooLarge, unreadable } from './regular.ts';
import { Unusable } from './skipped.ts';

/** Systems that store Unix attributes, in the upper half. */
const UNIX = new Set([3, 19]);

const [FILE_TYPE, REGULAR, FOLDER, LINK] = [0o170000, 0o100000, 0o040000, 0o120000];

const [STORED, DEFLATED] = [0, 8];

/** Flags of an entry. */
const [ENCRYPTED, UTF8] = [0x1, 0x800];

/** @param size of the file, in bytes */
export async function openZip(path: string, size: number): Promise<Archive> {
  const { openPromise, getFileNameLowLevel } = await import('yauzl');
  // Names are checked here: yauzl would stop at the first that leads out of the archive.
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false, decodeStrings: false });
  const entries: Entry[] = [];
  const nameOf = (entry: Entry): string => {
    const { fileNameRaw: raw, generalPurposeBitFlag: flags } = entry;
    // macOS's Finder writes UTF-8 without declaring it. Text in another encoding is almost never valid UTF-8.
    const own = isUtf8(raw) ? flags | UTF8 : flags;
    return getFileNameLowLevel(own, raw, entry.extraFields, false);
  };
  return {
    async *members() {
      let [packed, unpacked] = [0, 0];
      for await (const entry of zip.eachEntry()) {
        entries.push(entry);
        packed += entry.compressedSize;
        unpacked += entry.uncompressedSize;
        if (packed > size) throw new BadArchive('has files that overlap');
        if (unpacked > unpackedLimit(size)) throw new BadArchive(`unpacks to ${unpacked} bytes`);
        yield memberOf(zip, entry, nameOf(entry));
      }
    },
    read: (numbers) =>
      numbers.flatMap((number) => {
        const entry = entries[number];
        return entry === undefined ? [] : [{ number, read: () => readEntry(zip, entry) }];
      }),
    close: () => zip.close(),
  };
}

function memberOf(zip: ZipFile, entry: Entry, name: string): Member {
  const problem = problemOf(entry);
  return {
    name: name.replaceAll('\\', '/'),
    kind: /[/\\]$/.test(name) || typeOf(entry) === FOLDER ? 'folder' : 'file',
    ...(problem === undefined ? {} : { problem }),
    head: (length) => readEntry(zip, entry, length),
  };
}

/** The Unix file type; 0 if the archive was made on another system. */
function typeOf({ versionMadeBy, externalFileAttributes }: Entry): number {
  return UNIX.has(versionMadeBy >>> 8) ? (externalFileAttributes >>> 16) & FILE_TYPE : 0;
}

function problemOf(entry: Entry): Unusable | undefined {
  const type = typeOf(entry);
  const { generalPurposeBitFlag: flags, compressionMethod: method, fileNameRaw: raw } = entry;
  if (type === LINK) return new Unusable('archive-link', 'is a link, and links in archives are not followed');
  if (type !== 0 && type !== REGULAR && type !== FOLDER)
    return new Unusable('special', 'is not a regular file');
  if ((flags & UTF8) !== 0 && !isUtf8(raw)) return new Unusable('name', 'has a name that is not UTF-8');
  if ((flags & ENCRYPTED) !== 0) return new Unusable('packing', 'is encrypted');
  if (method !== STORED && method !== DEFLATED)
    return new Unusable('packing', `is compressed by method ${method}; only deflate is read`);
  return undefined;
}

/**
 * @param length how many bytes to read; by default all, and their checksum is compared
 * @throws Unusable
 */
async function readEntry(zip: ZipFile, entry: Entry, length = Infinity): Promise<Uint8Array> {
  const { uncompressedSize: size } = entry;
  if (length === Infinity && size > FILE_LIMIT) throw tooLarge(size);
  const chunks: Buffer[] = [];
  let read = 0;
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      read += chunk.length;
      if (read >= length) break;
    }
  } catch (error) {
    // yauzl and zlib describe errors in the data; errors of the system have codes.
    if (error instanceof Error && !/^E[A-Z]+$/.test(errorCode(error)))
      throw new Unusable('damaged', `cannot be unpacked: ${error.message}`);
    throw unreadable(error);
  }
  const bytes = Buffer.concat(chunks);
  if (length !== Infinity) return bytes.subarray(0, length);
  if (crc32(bytes) !== entry.crc32) throw new Unusable('damaged', 'is damaged: its checksum differs');
  return bytes;
}
