/**
 * Reads zip files of strangers. Only what `writeZip` can have written is taken: plain files one after the other, described
 * twice in the same words, and nothing before, between or behind them. Everything is checked before a byte is unpacked.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { Transform, type Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import yauzl from 'yauzl';
import { failure, Failure } from '../core/diagnostic.ts';
import { LIMITS } from './limits.ts';
import { nameProblem, twins } from './names.ts';

const LOCAL_HEADER = 30;
const CENTRAL_HEADER = 46;
const END_RECORD = 22;
const END_SIGNATURE = 0x06054b50;

/** Flag of names in UTF-8, the only flag that is taken: encryption and sizes that follow the data are flags, too. */
const UTF8 = 0x800;
const STORED = 0;
const DEFLATED = 8;
/** What Unix calls a regular file, in the upper half of the attributes. */
const REGULAR = 0o100000;
const TYPE_MASK = 0o170000;

/** An open archive whose directory was found sound. */
export interface Archive {
  /** Sizes of the files by their names, which are safe to use below any folder. */
  readonly files: ReadonlyMap<string, number>;
  /** @throws Failure `archive-unsafe` if it is larger than `limit` or not there; `archive-damaged` */
  read(name: string, limit: number): Promise<Buffer>;
  /**
   * Writes a file to where nothing is.
   *
   * @returns SHA-256 of what was written
   * @throws Failure `archive-damaged`
   */
  extract(name: string, path: string): Promise<string>;
  close(): void;
}

/** @throws Failure `file-not-found`, or `archive-unsafe` for whatever is not as this reader wants it */
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
    const entries = await readDirectory(zip, end);
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
  const stream = async (entry: yauzl.Entry): Promise<Readable> => {
    const opened = await zip.openReadStreamPromise(entry);
    return opened;
  };
  return {
    files: new Map(members.map(({ name, entry }) => [name, entry.uncompressedSize])),
    async read(name, limit) {
      const entry = entryOf(name);
      if (entry.uncompressedSize > limit) refuse(`\`${name}\` has more than ${limit} bytes`);
      const data = await stream(entry).then(buffer).catch(damaged(name));
      if (crc32(data) !== entry.crc32) throw damagedFailure(name);
      return data;
    },
    async extract(name, path) {
      const entry = entryOf(name);
      const hash = createHash('sha256');
      let sum = 0;
      const check = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          hash.update(chunk);
          sum = crc32(chunk, sum);
          done(null, chunk);
        },
      });
      const source = await stream(entry).catch(damaged(name));
      await pipeline(source, check, createWriteStream(path, { flags: 'wx', mode: 0o600 })).catch(
        damaged(name),
      );
      if (sum !== entry.crc32) throw damagedFailure(name);
      return hash.digest('hex');
    },
    close: () => zip.close(),
  };
}

interface End {
  readonly count: number;
  /** Where the directory begins, and its bytes. */
  readonly start: number;
  readonly size: number;
}

/** The end record, which must be the last bytes of the file: without a comment, and not that of a larger format. */
async function readEnd(path: string): Promise<End> {
  const file = await open(path, 'r').catch(() => {
    throw failure('file-not-found', `\`${path}\` does not exist or cannot be read`);
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw failure('file-unreadable', `\`${path}\` is not a file`);
    if (info.size > LIMITS.archive) refuse(`it has ${info.size} bytes; the most are ${LIMITS.archive}`);
    if (info.size < END_RECORD) refuse('it is too short for a zip file');
    const record = Buffer.alloc(END_RECORD);
    await file.read(record, 0, END_RECORD, info.size - END_RECORD);
    if (record.readUInt32LE(0) !== END_SIGNATURE)
      refuse('it is no zip file, is cut off, or has something behind its end');
    const [count, size, start] = [record.readUInt16LE(10), record.readUInt32LE(12), record.readUInt32LE(16)];
    if (record.readUInt32LE(4) !== 0 || record.readUInt16LE(8) !== count) refuse('it is one part of several');
    if (record.readUInt16LE(20) !== 0) refuse('it has a comment');
    if (count > LIMITS.files) refuse(`it has ${count} files; the most are ${LIMITS.files}`);
    if (start + size !== info.size - END_RECORD) refuse('its directory is not where its end says');
    return { count, start, size };
  } finally {
    await file.close();
  }
}

/** All members, after their headers were held against each other and against the limits. */
async function readDirectory(zip: yauzl.ZipFile, end: End): Promise<readonly Member[]> {
  const members: Member[] = [];
  let directory = 0;
  try {
    for await (const entry of zip.eachEntry()) {
      directory += CENTRAL_HEADER + entry.fileNameLength + entry.extraFieldLength + entry.fileCommentLength;
      members.push({ entry, name: nameOf(entry.fileNameRaw) });
      checkEntry(entry);
    }
  } catch (error) {
    rethrow(error);
  }
  if (members.length !== end.count || directory !== end.size)
    refuse('its directory is not as long as its end says');
  const pair = twins(members.map(({ name }) => name));
  if (pair !== undefined) refuse(`\`${pair[0]}\` and \`${pair[1]}\` are one file on some systems`);
  checkSizes(members);
  await checkLocal(zip, members, end);
  return members;
}

function nameOf(raw: Buffer): string {
  let name: string;
  try {
    name = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(raw);
  } catch {
    return refuse('it has a name that is not UTF-8');
  }
  const problem = nameProblem(name);
  // A name that could steer a terminal is shown without what does.
  if (problem !== undefined)
    refuse(`the name ${JSON.stringify(name.replace(/\p{C}/gu, '·').slice(0, 80))} ${problem}`);
  return name;
}

function checkEntry(entry: yauzl.Entry): void {
  const { generalPurposeBitFlag: flags, compressionMethod: method } = entry;
  const name = entry.fileNameRaw.toString('utf8');
  const shown = `\`${name}\``;
  if ((flags & 1) !== 0) refuse(`${shown} is encrypted`);
  // eslint-disable-next-line no-control-regex
  const wanted = /^[\x20-\x7e]*$/.test(name) ? [0, UTF8] : [UTF8];
  if (!wanted.includes(flags)) refuse(`${shown} has the flags 0x${flags.toString(16)}`);
  if (method !== STORED && method !== DEFLATED) refuse(`${shown} is compressed by method ${method}`);
  if (entry.extraFieldLength !== 0) refuse(`${shown} has extra fields`);
  if (entry.fileCommentLength !== 0) refuse(`${shown} has a comment`);
  const mode = entry.externalFileAttributes >>> 16;
  const type = mode & TYPE_MASK;
  if ((type !== REGULAR && mode !== 0) || (entry.externalFileAttributes & 0xffff) !== 0) {
    refuse(`${shown} is not a regular file`);
  }
}

function checkSizes(members: readonly Member[]): void {
  let packed = 0;
  let total = 0;
  for (const { name, entry } of members) {
    const { compressedSize, uncompressedSize: size } = entry;
    if (size > LIMITS.file) refuse(`\`${name}\` has ${size} bytes; the most are ${LIMITS.file}`);
    if (size > LIMITS.ratioFrom && size > compressedSize * LIMITS.ratio) refuse(`\`${name}\` is a zip bomb`);
    packed += compressedSize;
    total += size;
  }
  if (total > LIMITS.total) refuse(`its files have ${total} bytes; the most are ${LIMITS.total}`);
  if (total > LIMITS.ratioFrom && total > packed * LIMITS.ratio) refuse('it is a zip bomb');
}

/** Holds the headers before the data against the directory: in its order, without overlaps and without gaps. */
async function checkLocal(zip: yauzl.ZipFile, members: readonly Member[], end: End): Promise<void> {
  let position = 0;
  for (const { name, entry } of members) {
    if (entry.relativeOffsetOfLocalHeader !== position)
      refuse(`\`${name}\` does not begin where the file before it ends`);
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
    if (!same) refuse(`\`${name}\` is described in two ways`);
    position += LOCAL_HEADER + entry.fileNameLength + entry.compressedSize;
  }
  if (position !== end.start) refuse('there is something between its files and its directory');
}

/** What yauzl says of a file that is not in order. */
function rethrow(error: unknown): never {
  if (error instanceof Failure) throw error;
  refuse(error instanceof Error ? error.message : String(error));
}

function refuse(what: string): never {
  throw failure(
    'archive-unsafe',
    `the archive is not one that \`hourglass pack\` wrote: ${what}`,
    'hand in the file as `hourglass pack` wrote it',
  );
}

function damaged(name: string): (error: unknown) => never {
  return (error) => {
    // A full disk is not the archive's fault.
    if (error instanceof Error && 'syscall' in error) throw error;
    throw damagedFailure(name);
  };
}

function damagedFailure(name: string): Failure {
  return failure('archive-damaged', `\`${name}\` in the archive is damaged`, 'pack and hand in again');
}
