/** Numbers in a file, of which a part is kept in memory. */
import { availableMemory } from '../files/memory.ts';
import { ByteFile } from './byte-file.ts';
import { findNpy, readNpy } from './npy.ts';
import { NumberSource, zeros, type HeldNumbers, type Numbers, type NumberType } from './numbers.ts';

/** Bytes that are read and kept together, about: whole rows. */
const BLOCK_BYTES = 2 ** 18;

/** Bytes of the blocks that are kept, about. */
const KEPT_BYTES = 2 ** 27 + 2 ** 24;

/** A block is read as a whole where so many of its rows are wanted: then it takes no longer than reading them one by one. */
const DENSE_ROWS = 24;

export class NumberFile extends NumberSource {
  readonly #file: ByteFile;
  readonly #begin: number;
  readonly #blockRows: number;
  /** Blocks that are in memory, by their numbers. */
  readonly #kept: (HeldNumbers | undefined)[];
  /** Their numbers, in the order in which they were read. */
  readonly #order: number[] = [];
  /** While rows are gathered, how many each block has of them. */
  readonly #wanted: Uint32Array;
  /** So many rows of a block make it worth reading as a whole. */
  readonly #dense: number;
  readonly #mostKept: number;

  /**
   * @param shape of the numbers: rows, then the shape of a row
   * @param begin where the numbers begin in the file, in bytes
   * @param kept bytes of blocks that stay in memory, about
   */
  constructor(
    path: string,
    { type, shape, begin }: { type: NumberType; shape: readonly number[]; begin: number },
    kept = KEPT_BYTES,
  ) {
    const rowLength = shape.slice(1).reduce((product, length) => product * length, 1);
    super(type, (shape[0] ?? 0) * rowLength, rowLength);
    this.#file = new ByteFile(path);
    this.#begin = begin;
    const rowBytes = Math.max(1, rowLength * this.BYTES_PER_ELEMENT);
    this.#blockRows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
    this.#mostKept = Math.max(1, Math.floor(kept / (this.#blockRows * rowBytes)));
    // A block of one row is the row itself.
    this.#dense = this.#blockRows === 1 ? Infinity : Math.min(DENSE_ROWS, this.#blockRows);
    const blocks = Math.ceil((shape[0] ?? 0) / this.#blockRows);
    this.#kept = Array.from({ length: blocks });
    this.#wanted = new Uint32Array(blocks);
  }

  read(start: number, end: number): HeldNumbers {
    const numbers = zeros(this.type, end - start);
    this.#readInto(numbers, start);
    return numbers;
  }

  /** Rows of blocks that are in memory, or of which many rows are wanted, come from whole blocks; others are read one by one. */
  override gather(rows: Int32Array, target: HeldNumbers): void {
    const size = this.rowLength;
    const [wanted, dense] = [this.#wanted, this.#dense];
    const blocks = rows.map((row) => row / this.#blockRows);
    let denseBlocks = 0;
    for (let index = 0; index < blocks.length; index++) {
      const number = blocks[index] ?? 0;
      const count = (wanted[number] ?? 0) + 1;
      wanted[number] = count;
      if (count === dense) denseBlocks += 1;
    }
    const mayLoad = denseBlocks <= this.#mostKept;
    for (let index = 0; index < rows.length; index++) {
      const [row, number] = [rows[index] ?? 0, blocks[index] ?? 0];
      const isDense = mayLoad && (wanted[number] ?? 0) >= dense;
      const block = this.#kept[number] ?? (isDense ? this.#load(number) : undefined);
      const start = (row - number * this.#blockRows) * size;
      if (block === undefined) this.#readInto(target.subarray(index * size, (index + 1) * size), row * size);
      else target.set(block.subarray(start, start + size), index * size);
    }
    for (let index = 0; index < blocks.length; index++) wanted[blocks[index] ?? 0] = 0;
  }

  #load(number: number): HeldNumbers {
    const start = number * this.#blockRows * this.rowLength;
    const length = Math.min(this.#blockRows * this.rowLength, this.length - start);
    const block = this.#spare() ?? zeros(this.type, this.#blockRows * this.rowLength);
    this.#readInto(block.subarray(0, length), start);
    this.#kept[number] = block;
    this.#order.push(number);
    return block;
  }

  /** The block that was read first, where no more are to be kept. */
  #spare(): HeldNumbers | undefined {
    if (this.#order.length < this.#mostKept) return undefined;
    const oldest = this.#order.shift() ?? 0;
    const block = this.#kept[oldest];
    this.#kept[oldest] = undefined;
    return block;
  }

  #readInto(numbers: HeldNumbers, start: number): void {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    this.#file.readInto(bytes, this.#begin + start * this.BYTES_PER_ELEMENT);
  }
}

/** Numbers that take more than this share of the memory are read in pieces. */
export const HELD_SHARE = 1 / 4;

const TYPES = { '|u1': 'uint8', '<f4': 'float32', '<i4': undefined, '<f8': undefined } as const;

/**
 * Reads the numbers of a `.npy` file, or leaves them on the disk if they would take more than a quarter of the memory.
 *
 * @returns no numbers if they are neither bytes nor float32
 * @throws Failure as `readNpy`
 */
export async function openNumbers(
  path: string,
  memory = availableMemory(),
): Promise<{ readonly shape: readonly number[]; readonly data?: Numbers }> {
  const { shape, dtype, begin, bytes } = await findNpy(path);
  const type = TYPES[dtype];
  if (type === undefined) return { shape };
  if (bytes > memory * HELD_SHARE) return { shape, data: new NumberFile(path, { type, shape, begin }) };
  const { data } = await readNpy(path);
  return data instanceof Uint8Array || data instanceof Float32Array ? { shape, data } : { shape };
}
