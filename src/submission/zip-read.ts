/**
 * Reads untrusted zip files. Accepts only what `writeZip` can have written: plain files in the order of their names, with the
 * headers that `writeZip` writes, and nothing before, between or after them, nor after the end of a file's compressed data.
 * So programs that read zip files in different ways see the same files. All headers are checked before anything is unpacked.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { Transform, Writable, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32, createInflateRaw } from 'node:zlib';
import yauzl from 'yauzl';
import { errorCode } from '../files/atomic.ts';
import { failure, Failure } from '../core/diagnostic.ts';
import { printable } from '../core/text.ts';
import { LIMITS } from './limits.ts';
import { nameProblem, twins } from './names.ts';

const LOCAL_HEADER = 30;
const CENTRAL_HEADER = 46;
const END_RECORD = 22;
const END_SIGNATURE = 0x06054b50;

const STORED = 0;
const DEFLATED = 8;

/** What `writeZip` writes into every header, for any file. Any other value has a meaning to some program. */
const HEADER = {
  signature: 0x02014b50,
  /** Unix, zip 6.3. */
  madeBy: (3 << 8) | 63,
  needed: 20,
  /** Names in UTF-8. Other flags would mean encryption, or sizes after the data. */
  flags: 0x800,
  time: 0,
  /** 1 January 1980. */
  date: 33,
  /** A regular file, not executable, in the upper half of the attributes. */
  attributes: (0o100644 << 16) >>> 0,
} as const;

/** An open archive with a valid directory. */
export interface Archive {
  /** File sizes by name. The names are safe to use below any folder. */
  readonly files: ReadonlyMap<string, number>;
  /** @throws Failure `archive-unsafe` if it is larger than `limit` or missing; `archive-damaged` */
  read(name: string, limit: number): Promise<Buffer>;
  /**
   * Writes a file to a path that does not exist yet.
   *
   * @returns SHA-256 of what was written
   * @throws Failure `archive-damaged`
   */
  extract(name: string, path: string): Promise<string>;
  close(): void;
}

/** @throws Failure `file-not-found`, or `archive-unsafe` for anything that this reader does not accept */
export async function openArchive(path: string): Promise<Archive> {
  const end = await readEnd(path);
  const zip = await yauzl
    .openPromise(path, {
      lazyEntries: true,
      autoClose: false,
      decodeStrings: false,
      validateEntrySizes: true,
    })
    .catch(rethrow);
  try {
    const entries = await readDirectory(path, zip, end);
    return makeArchive(zip, entries);
  } catch (error) {
    zip.close();
    throw error;
  }
}

interface Member {
  readonly entry: yauzl.Entry;
  readonly name: string;
}

function makeArchive(zip: yauzl.ZipFile, members: readonly Member[]): Archive {
  const byName = new Map(members.map((member) => [member.name, member.entry]));
  const entryOf = (name: string): yauzl.Entry => byName.get(name) ?? refuse(`it has no \`${name}\``);
  return {
    files: new Map(members.map(({ name, entry }) => [name, entry.uncompressedSize])),
    async read(name, limit) {
      const entry = entryOf(name);
      if (entry.uncompressedSize > limit) refuse(`\`${name}\` has more than ${limit} bytes`);
      const chunks: Buffer[] = [];
      const keep = new Writable({
        write(chunk: Buffer, _encoding, done) {
          chunks.push(chunk);
          done();
        },
      });
      await unpack(zip, entry, name, keep);
      return Buffer.concat(chunks);
    },
    async extract(name, path) {
      return unpack(zip, entryOf(name), name, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    },
    close: () => zip.close(),
  };
}

/**
 * Unpacks one file.
 *
 * @returns SHA-256 of its content
 * @throws Failure `archive-damaged` if the compressed data ends before or after the end of the content, or does not have the size
 *   or checksum in its header; `archive-unsafe` if bytes follow the compressed data
 */
async function unpack(
  zip: yauzl.ZipFile,
  entry: yauzl.Entry,
  name: string,
  target: Writable,
): Promise<string> {
  const hash = createHash('sha256');
  let sum = 0;
  let size = 0;
  const check = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      size += chunk.length;
      // Checked before the excess is written.
      if (size > entry.uncompressedSize) return done(damagedFailure(name));
      hash.update(chunk);
      sum = crc32(chunk, sum);
      done(null, chunk);
    },
  });
  const source = await zip
    .openReadStreamPromise(entry, { decodeFileData: false })
    .catch((error: unknown): Readable => damaged(name)(error));
  if (entry.compressionMethod === STORED) {
    await pipeline(source, check, target).catch(damaged(name));
  } else {
    const inflate = createInflateRaw();
    await pipeline(source, inflate, check, target).catch(damaged(name));
    // The bytes consumed, up to the end marker in the data itself.
    if (inflate.bytesWritten !== entry.compressedSize)
      refuse(`\`${name}\` has bytes after the end of its data`);
  }
  if (size !== entry.uncompressedSize || sum !== entry.crc32) throw damagedFailure(name);
  return hash.digest('hex');
}

interface End {
  /** The offset of the directory, and its size in bytes. */
  readonly start: number;
  readonly size: number;
}

/** The end record, which must be the last bytes of the file, without a comment, and not of the Zip64 format. */
async function readEnd(path: string): Promise<End> {
  const info = await stat(path).catch((error: unknown) => unreadable(path, error));
  // Checked before opening, because opening a named pipe would block.
  if (!info.isFile()) throw failure('file-unreadable', `\`${path}\` is not a file`);
  const file = await open(path, 'r').catch((error: unknown) => unreadable(path, error));
  try {
    if (info.size > LIMITS.archive) refuse(`it has ${info.size} bytes; the limit is ${LIMITS.archive}`);
    if (info.size < END_RECORD) refuse('it is too short for a zip file');
    const record = Buffer.alloc(END_RECORD);
    await file.read(record, 0, END_RECORD, info.size - END_RECORD);
    if (record.readUInt32LE(0) !== END_SIGNATURE)
      refuse('it is not a zip file, is truncated, or has bytes after its end');
    const [count, size, start] = [record.readUInt16LE(10), record.readUInt32LE(12), record.readUInt32LE(16)];
    if (record.readUInt32LE(4) !== 0 || record.readUInt16LE(8) !== count)
      refuse('it is one part of a multi-part archive');
    if (record.readUInt16LE(20) !== 0) refuse('it has a comment');
    if (count > LIMITS.files) refuse(`it has ${count} files; the limit is ${LIMITS.files}`);
    if (start + size !== info.size - END_RECORD) refuse('its directory is not where its end record says');
    return { start, size };
  } finally {
    await file.close();
  }
}

/** All members, after comparing their headers with what `writeZip` writes and with the limits. */
async function readDirectory(path: string, zip: yauzl.ZipFile, end: End): Promise<readonly Member[]> {
  const members: Member[] = [];
  try {
    for await (const entry of zip.eachEntry()) {
      const name = nameOf(entry.fileNameRaw);
      checkEntry(entry, name);
      members.push({ entry, name });
    }
  } catch (error) {
    rethrow(error);
  }
  const pair = twins(members.map(({ name }) => name));
  if (pair !== undefined) refuse(`\`${pair[0]}\` and \`${pair[1]}\` are the same file on some systems`);
  for (const [index, { name }] of members.entries()) {
    const before = members[index - 1]?.name;
    if (before !== undefined && before >= name) refuse('its files are not sorted by name');
  }
  checkSizes(members);
  // Differences that no field of a parsed entry shows are found by comparing the bytes.
  const written = Buffer.concat(members.map(({ entry }) => centralHeader(entry)));
  if (written.length !== end.size || !written.equals(await readBytes(path, end.start, end.size)))
    refuse('its directory has fields that `hourglass pack` writes differently');
  await checkLocal(zip, members, end);
  return members;
}

/** The directory entry that `writeZip` writes for a file with this name, these sizes and this offset. */
function centralHeader(entry: yauzl.Entry): Buffer {
  const header = Buffer.alloc(CENTRAL_HEADER);
  header.writeUInt32LE(HEADER.signature, 0);
  header.writeUInt16LE(HEADER.madeBy, 4);
  header.writeUInt16LE(HEADER.needed, 6);
  header.writeUInt16LE(HEADER.flags, 8);
  header.writeUInt16LE(entry.compressionMethod, 10);
  header.writeUInt16LE(HEADER.time, 12);
  header.writeUInt16LE(HEADER.date, 14);
  header.writeUInt32LE(entry.crc32, 16);
  header.writeUInt32LE(entry.compressedSize, 20);
  header.writeUInt32LE(entry.uncompressedSize, 24);
  header.writeUInt16LE(entry.fileNameRaw.length, 28);
  header.writeUInt32LE(HEADER.attributes, 38);
  header.writeUInt32LE(entry.relativeOffsetOfLocalHeader, 42);
  return Buffer.concat([header, entry.fileNameRaw]);
}

async function readBytes(path: string, start: number, length: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const bytes = Buffer.alloc(length);
    await file.read(bytes, 0, length, start);
    return bytes;
  } finally {
    await file.close();
  }
}

function nameOf(raw: Buffer): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return refuse('it has a name that is not UTF-8');
  }
  const problem = nameProblem(name);
  // The name is shown without characters that could control a terminal.
  if (problem !== undefined) refuse(`the name ${JSON.stringify(printable(name.slice(0, 80)))} ${problem}`);
  return name;
}

/** Reports the most frequent problems that yauzl allows. Others are found when the bytes are compared. */
function checkEntry(entry: yauzl.Entry, name: string): void {
  const { generalPurposeBitFlag: flags, compressionMethod: method } = entry;
  const shown = `\`${name}\``;
  if ((flags & 1) !== 0) refuse(`${shown} is encrypted`);
  if (flags !== HEADER.flags) refuse(`${shown} has the flags 0x${flags.toString(16)}`);
  if (method !== STORED && method !== DEFLATED) refuse(`${shown} is compressed by method ${method}`);
  if (entry.extraFieldLength !== 0) refuse(`${shown} has extra fields`);
  if (entry.fileCommentLength !== 0) refuse(`${shown} has a comment`);
  if (entry.externalFileAttributes !== HEADER.attributes) {
    const mode = (entry.externalFileAttributes >>> 16).toString(8);
    refuse(`${shown} is not a regular file of mode 100644: its mode is ${mode}`);
  }
}

function checkSizes(members: readonly Member[]): void {
  let packed = 0;
  let total = 0;
  for (const { name, entry } of members) {
    const { compressedSize, uncompressedSize: size } = entry;
    if (size > LIMITS.file) refuse(`\`${name}\` has ${size} bytes; the limit is ${LIMITS.file}`);
    if (size > LIMITS.ratioFrom && size > compressedSize * LIMITS.ratio) refuse(`\`${name}\` is a zip bomb`);
    packed += compressedSize;
    total += size;
  }
  if (total > LIMITS.total) refuse(`its files have ${total} bytes; the limit is ${LIMITS.total}`);
  if (total > LIMITS.ratioFrom && total > packed * LIMITS.ratio) refuse('it is a zip bomb');
}

/** Compares the local headers with the directory: same order, no overlaps and no gaps. */
async function checkLocal(zip: yauzl.ZipFile, members: readonly Member[], end: End): Promise<void> {
  let position = 0;
  for (const { name, entry } of members) {
    if (entry.relativeOffsetOfLocalHeader !== position)
      refuse(`\`${name}\` does not start where the file before it ends`);
    const header = await zip.readLocalFileHeaderPromise(entry).catch(rethrow);
    const same =
      header.fileName.equals(entry.fileNameRaw) &&
      header.extraFieldLength === 0 &&
      (
        [
          'versionNeededToExtract',
          'generalPurposeBitFlag',
          'compressionMethod',
          'lastModFileTime',
          'lastModFileDate',
          'crc32',
          'compressedSize',
          'uncompressedSize',
        ] as const
      ).every((field) => header[field] === entry[field]);
    if (!same) refuse(`\`${name}\` has different local and directory headers`);
    position += LOCAL_HEADER + entry.fileNameLength + entry.compressedSize;
  }
  if (position !== end.start) refuse('there are bytes between its files and its directory');
}

/** yauzl's message for an invalid file. */
function rethrow(error: unknown): never {
  if (error instanceof Failure) throw error;
  if (isOfSystem(error)) throw archiveUnreadable(error);
  refuse(error instanceof Error ? error.message : String(error));
}

function refuse(what: string): never {
  throw failure(
    'archive-unsafe',
    `the archive was not written by \`hourglass pack\`: ${what}`,
    'submit the file unchanged, as `hourglass pack` wrote it',
  );
}

/** @throws Failure for a file that this process may not read */
function unreadable(path: string, error: unknown): never {
  if (['ENOENT', 'ENOTDIR'].includes(errorCode(error)))
    throw failure('file-not-found', `\`${path}\` does not exist`);
  throw archiveUnreadable(error);
}

/** A problem of the disk or of permissions, not of the archive. */
function archiveUnreadable(error: unknown): Failure {
  return failure(
    'archive-unreadable',
    `the archive cannot be read (${errorCode(error)})`,
    'check its permissions and its disk',
  );
}

const isOfSystem = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error;

function damaged(name: string): (error: unknown) => never {
  return (error) => {
    if (error instanceof Failure) throw error;
    // A full or unreadable disk is not the archive's fault.
    if (isOfSystem(error)) throw error.syscall === 'read' ? archiveUnreadable(error) : error;
    throw damagedFailure(name);
  };
}

function damagedFailure(name: string): Failure {
  return failure('archive-damaged', `\`${name}\` in the archive is damaged`, 'pack and submit again');
}
