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
  /** Blocks by their numbers, the one that was read first first. */
  readonly #kept = new Map<number, HeldNumbers>();
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
  }

  read(start: number, end: number): HeldNumbers {
    const numbers = zeros(this.type, end - start);
    this.#readInto(numbers, start);
    return numbers;
  }

  /** Rows of blocks that are kept, or of which many rows are wanted, come from whole blocks; others are read one by one. */
  override gather(rows: Int32Array, target: HeldNumbers): void {
    const size = this.rowLength;
    const wanted = new Map<number, number>();
    for (let index = 0; index < rows.length; index++) {
      const block = this.#blockOf(rows[index] ?? 0);
      wanted.set(block, (wanted.get(block) ?? 0) + 1);
    }
    const dense = new Set([...wanted].flatMap(([block, count]) => (this.#isDense(count) ? [block] : [])));
    const mayLoad = dense.size <= this.#mostKept;
    for (let index = 0; index < rows.length; index++) {
      const row = rows[index] ?? 0;
      const number = this.#blockOf(row);
      const block = this.#kept.get(number) ?? (mayLoad && dense.has(number) ? this.#load(number) : undefined);
      const place = target.subarray(index * size, (index + 1) * size);
      if (block === undefined) this.#readInto(place, row * size);
      else {
        const start = (row - number * this.#blockRows) * size;
        place.set(block.subarray(start, start + size));
      }
    }
  }

  #blockOf(row: number): number {
    return Math.floor(row / this.#blockRows);
  }

  #isDense(count: number): boolean {
    return count >= Math.min(DENSE_ROWS, this.#blockRows);
  }

  #load(number: number): HeldNumbers {
    const start = number * this.#blockRows * this.rowLength;
    const length = Math.min(this.#blockRows * this.rowLength, this.length - start);
    const block = this.#spare() ?? zeros(this.type, this.#blockRows * this.rowLength);
    this.#readInto(block.subarray(0, length), start);
    this.#kept.set(number, block);
    return block;
  }

  /** The oldest of the blocks, where no more are to be kept. */
  #spare(): HeldNumbers | undefined {
    const [oldest] = this.#kept;
    if (oldest === undefined || this.#kept.size < this.#mostKept) return undefined;
    this.#kept.delete(oldest[0]);
    return oldest[1];
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
