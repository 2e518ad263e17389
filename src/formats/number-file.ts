/** Numbers in a file, of which a part is kept in memory. */
import { sizeOf } from '../core/shape.ts';
import { mostHeld } from '../files/memory.ts';
import { ByteFile } from './byte-file.ts';
import { findNpy, readNpy } from './npy.ts';
import { NumberSource, typeOf, zeros, type HeldNumbers, type Numbers, type NumberType } from './numbers.ts';
import { RowsAhead } from './rows-ahead.ts';

/** Bytes that are read and kept together, about: whole rows. */
const BLOCK_BYTES = 2 ** 18;

/** Bytes of the blocks that are kept, of all files together. */
export const KEPT_BYTES = 2 ** 27 + 2 ** 26;

/** A block is read as a whole where so many of its rows are wanted: then it takes no longer than reading them one by one. */
const DENSE_ROWS = 24;

/** Fewer are enough where they are such a share of a block, and no chance: an epoch soon wants the others. */
const [DENSE_SHARE, NO_CHANCE] = [1 / 8, 3];

/** The share of what is kept that rows of a known order may take: the rest is for other files, such as those of validation. */
const AHEAD_SHARE = 3 / 4;

/** Blocks that are in memory, of some files together: what was read first goes first. */
export class KeptBlocks {
  readonly most: number;
  #bytes = 0;
  readonly #order: { readonly bytes: number; readonly drop: () => HeldNumbers | undefined }[] = [];

  /** @param most bytes that are kept */
  constructor(most: number) {
    this.most = most;
  }

  /**
   * Makes room for a block.
   *
   * @param drop forgets the block once it has to go, and returns it
   * @returns a block that had to go, if one has as many bytes
   */
  add(bytes: number, drop: () => HeldNumbers | undefined): HeldNumbers | undefined {
    let spare: HeldNumbers | undefined;
    while (this.#bytes + bytes > this.most) {
      const oldest = this.#order.shift();
      if (oldest === undefined) break;
      this.#bytes -= oldest.bytes;
      const dropped = oldest.drop();
      if (oldest.bytes === bytes) spare = dropped;
    }
    this.#bytes += bytes;
    this.#order.push({ bytes, drop });
    return spare;
  }
}

const allKept = new KeptBlocks(KEPT_BYTES);

export class NumberFile extends NumberSource {
  readonly #file: ByteFile;
  readonly #begin: number;
  readonly #blockRows: number;
  /** Blocks that are in memory, by their numbers. */
  readonly #blocks: (HeldNumbers | undefined)[];
  readonly #kept: KeptBlocks;
  /** While rows are gathered, how many each block has of them. */
  readonly #wanted: Uint32Array;
  /** So many rows of a block make it worth reading as a whole. */
  #dense: number;
  #ahead: RowsAhead | undefined;

  /**
   * @param shape of the numbers: rows, then the shape of a row
   * @param begin where the numbers begin in the file, in bytes
   * @param kept counts the blocks that stay in memory
   */
  constructor(
    path: string,
    { type, shape, begin }: { type: NumberType; shape: readonly number[]; begin: number },
    kept = allKept,
  ) {
    const rowLength = sizeOf(shape.slice(1));
    super(type, (shape[0] ?? 0) * rowLength, rowLength);
    this.#file = new ByteFile(path);
    this.#begin = begin;
    const rowBytes = Math.max(1, rowLength * this.BYTES_PER_ELEMENT);
    this.#blockRows = Math.max(1, Math.floor(BLOCK_BYTES / rowBytes));
    // A block of one row is the row itself.
    const share = Math.max(NO_CHANCE, Math.ceil(this.#blockRows * DENSE_SHARE));
    this.#dense = this.#blockRows === 1 ? Infinity : Math.min(DENSE_ROWS, this.#blockRows, share);
    const blocks = Math.ceil((shape[0] ?? 0) / this.#blockRows);
    this.#blocks = Array.from({ length: blocks });
    this.#kept = kept;
    this.#wanted = new Uint32Array(blocks);
  }

  read(start: number, end: number): HeldNumbers {
    const numbers = zeros(this.type, end - start);
    this.#readInto(numbers, start);
    return numbers;
  }

  override expectNeighbors(): void {
    if (this.#blockRows > 1) this.#dense = 1;
  }

  override expectOrder(rows: Int32Array, files: number): void {
    this.#ahead = new RowsAhead(
      {
        ...{ type: this.type, rowLength: this.rowLength, blockRows: this.#blockRows },
        rows: this.length / this.rowLength,
        readInto: (numbers, start) => this.#readInto(numbers, start),
      },
      rows,
      (this.#kept.most * AHEAD_SHARE) / files,
      (bytes, drop) => void this.#kept.add(bytes, drop),
    );
  }

  /** Rows of blocks that are in memory, or of which many rows are wanted, come from whole blocks; others are read one by one. */
  override gather(rows: Int32Array, target: HeldNumbers): void {
    if (this.#ahead?.take(rows, target) === true) return;
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
    const mayLoad = denseBlocks * this.#blockBytes <= this.#kept.most;
    for (let index = 0; index < rows.length; index++) {
      const [row, number] = [rows[index] ?? 0, blocks[index] ?? 0];
      const isDense = mayLoad && (wanted[number] ?? 0) >= dense;
      const block = this.#blocks[number] ?? (isDense ? this.#load(number) : undefined);
      const start = (row - number * this.#blockRows) * size;
      if (block === undefined) this.#readInto(target.subarray(index * size, (index + 1) * size), row * size);
      else target.set(block.subarray(start, start + size), index * size);
    }
    for (let index = 0; index < blocks.length; index++) wanted[blocks[index] ?? 0] = 0;
  }

  #load(number: number): HeldNumbers {
    const start = number * this.#blockRows * this.rowLength;
    const length = Math.min(this.#blockRows * this.rowLength, this.length - start);
    // A file that nothing reads any more goes with its blocks.
    const own = new WeakRef(this);
    const spare = this.#kept.add(this.#blockBytes, () => {
      const file = own.deref();
      return file === undefined ? undefined : file.#drop(number);
    });
    const block =
      spare && typeOf(spare) === this.type ? spare : zeros(this.type, this.#blockRows * this.rowLength);
    this.#readInto(block.subarray(0, length), start);
    this.#blocks[number] = block;
    return block;
  }

  /** Forgets a block. */
  #drop(number: number): HeldNumbers | undefined {
    const block = this.#blocks[number];
    this.#blocks[number] = undefined;
    return block;
  }

  get #blockBytes(): number {
    return this.#blockRows * this.rowLength * this.BYTES_PER_ELEMENT;
  }

  #readInto(numbers: HeldNumbers, start: number): void {
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    this.#file.readInto(bytes, this.#begin + start * this.BYTES_PER_ELEMENT);
  }
}

const TYPES = { '|u1': 'uint8', '<f4': 'float32', '<i4': undefined, '<f8': undefined } as const;

/**
 * Reads the numbers of a `.npy` file, or leaves them on the disk if they take more bytes than are held in memory.
 *
 * @param most bytes that are held
 * @returns no numbers if they are neither bytes nor float32
 * @throws Failure as `readNpy`
 */
export async function openNumbers(
  path: string,
  most = mostHeld(),
): Promise<{ readonly shape: readonly number[]; readonly data?: Numbers }> {
  const { shape, dtype, begin, bytes } = await findNpy(path);
  const type = TYPES[dtype];
  if (type === undefined) return { shape };
  if (bytes > most) return { shape, data: new NumberFile(path, { type, shape, begin }) };
  const { data } = await readNpy(path);
  return data instanceof Uint8Array || data instanceof Float32Array ? { shape, data } : { shape };
}
