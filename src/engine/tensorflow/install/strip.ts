/**
 * Shortens TensorFlow's libraries by a fifth to a third: behind what is loaded, they have a table of all their functions for
 * debuggers. `strip` does the same, but is not on every machine, and needs space for a second copy.
 */
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../../files/atomic.ts';
import type { WheelPin } from '../pins.ts';

/** Sizes in ELF files of 64 bits. */
const HEADER = 64;
const SEGMENT = 56;
const SECTION = 64;

const SECTION_IS_LOADED = 2n;
/** A type of sections that take no space in the file. */
const NO_BITS = 8;

/** A table of rows of equal size in a file. */
interface Table {
  readonly start: number;
  readonly count: number;
}

/** Where a file's header says that its tables are. */
interface Layout {
  readonly segments: Table;
  /** `names` is the number of the section that has the names of all. */
  readonly sections: Table & { readonly names: number };
}

/** What follows what is loaded in a file that has nothing else there: the names of its sections, and their table. */
interface Tail {
  readonly start: number;
  readonly bytes: Buffer;
  readonly sections: Table;
}

/** Shortens the libraries in an engine's folder. Libraries that may not be changed, as in another user's cache, stay as they are. */
export async function stripLibraries(folder: string, { libraries }: WheelPin): Promise<void> {
  for (const name of libraries) {
    try {
      await stripLibrary(join(folder, name));
    } catch (error) {
      // They work as well as before.
      if (errorCode(error) === '') throw error;
    }
  }
}

/**
 * Cuts off what is read neither to load a library nor to link against it. What is loaded keeps its bytes and its place, so processes
 * that use the library are not disturbed. Files of other kinds, as on macOS, stay as they are, and so do damaged ones.
 *
 * @returns whether the file is shorter now
 * @throws Error of the file system
 */
export async function stripLibrary(path: string): Promise<boolean> {
  const file = await open(path, 'r+');
  try {
    const { size } = await file.stat();
    const header = await read(file, 0, HEADER);
    const layout = layoutOf(header);
    const tail = layout === undefined ? undefined : await shortTail(file, size, layout);
    if (tail === undefined || tail.start + tail.bytes.length >= size) return false;
    await file.write(tail.bytes, 0, tail.bytes.length, tail.start);
    header.writeBigUInt64LE(BigInt(tail.sections.start), 0x28);
    header.writeUInt16LE(tail.sections.count, 0x3c);
    header.writeUInt16LE(tail.sections.count - 1, 0x3e);
    await file.write(header, 0, HEADER, 0);
    await file.truncate(tail.start + tail.bytes.length);
    return true;
  } finally {
    await file.close();
  }
}

/** Undefined if this is not the header of a little-endian ELF file of 64 bits, or if the file has no sections. */
function layoutOf(header: Buffer): Layout | undefined {
  if (header.length < HEADER || header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') return undefined;
  if (header.readUInt16LE(0x36) !== SEGMENT || header.readUInt16LE(0x3a) !== SECTION) return undefined;
  const sections = {
    start: Number(header.readBigUInt64LE(0x28)),
    count: header.readUInt16LE(0x3c),
    names: header.readUInt16LE(0x3e),
  };
  if (sections.names >= sections.count) return undefined;
  const segments = { start: Number(header.readBigUInt64LE(0x20)), count: header.readUInt16LE(0x38) };
  return { segments, sections };
}

/** Undefined if sections that are not loaded lie among those that are, or if the file is damaged. */
async function shortTail(
  file: FileHandle,
  size: number,
  { segments, sections }: Layout,
): Promise<Tail | undefined> {
  const loaded = await readRows(file, segments, SEGMENT);
  const all = await readRows(file, sections, SECTION);
  const names = all[sections.names];
  // The first row stands for no section. Symbols name sections by their number, so all that stay keep theirs.
  const kept = all.findIndex((row, number) => number > 0 && !isLoaded(row));
  if (loaded.length === 0 || names === undefined || kept < 0 || all.slice(kept).some(isLoaded))
    return undefined;
  const start = Math.max(
    ...loaded.map((row) => Number(row.readBigUInt64LE(0x08) + row.readBigUInt64LE(0x20))),
  );
  if (start > size || start < segments.start + loaded.length * SEGMENT) return undefined;
  const isBroken = (row: Buffer): boolean => endOfSection(row) > start || row.readUInt32LE(0x28) >= kept;
  if (all.slice(1, kept).some(isBroken)) return undefined;

  const text = await read(file, Number(names.readBigUInt64LE(0x18)), Number(names.readBigUInt64LE(0x20)));
  const row = Buffer.from(names);
  row.writeBigUInt64LE(BigInt(start), 0x18);
  const padding = Buffer.alloc(-(start + text.length) & 7);
  return {
    start,
    bytes: Buffer.concat([text, padding, ...all.slice(0, kept), row]),
    sections: { start: start + text.length + padding.length, count: kept + 1 },
  };
}

async function readRows(file: FileHandle, { start, count }: Table, size: number): Promise<readonly Buffer[]> {
  const bytes = await read(file, start, count * size);
  return Array.from({ length: bytes.length / size }, (_, row) =>
    bytes.subarray(row * size, (row + 1) * size),
  );
}

function isLoaded(row: Buffer): boolean {
  return (row.readBigUInt64LE(0x08) & SECTION_IS_LOADED) !== 0n;
}

/** Where a section ends in the file. */
function endOfSection(row: Buffer): number {
  const length = row.readUInt32LE(0x04) === NO_BITS ? 0n : row.readBigUInt64LE(0x20);
  return Number(row.readBigUInt64LE(0x18) + length);
}

/** Empty if the file has not so many bytes there. */
async function read(file: FileHandle, start: number, length: number): Promise<Buffer> {
  const { size } = await file.stat();
  if (start + length > size) return Buffer.alloc(0);
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, start);
  return buffer.subarray(0, bytesRead);
}
