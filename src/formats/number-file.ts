/** Numbers in a file, partly cached in memory. */
import { sizeOf } from '../core/shape.ts';
import { mostHeld } from '../files/memory.ts';
import { ByteFile } from './byte-file.ts';
import { findNpy, readNpy } from './npy.ts';
import { NumberSource, typeOf, zeros, type HeldNumbers, type Numbers, type NumberType } from './numbers.ts';
import { RowsAhead } from './rows-ahead.ts';

/** About how many bytes are read and cached together, in whole rows. */
const BLOCK_BYTES = 2 ** 18;

/** Maximum bytes of cached blocks, for all files together. */
export const KEPT_BYTES = 2 ** 27 + 2 ** 26;

/** A block is read as a whole if this many of its rows are wanted: that takes no longer than reading the rows one by one. */
const DENSE_ROWS = 24;

/**
 * Fewer rows suffice if they are this share of a block, and at least this many, which is no coincidence: an epoch soon needs the
 * rest.
 */
const [DENSE_SHARE, NO_CHANCE] = [1 / 8, 3];

/** The share of the cache for rows in a known order: the rest is for other files, such as those of validation. */
const AHEAD_SHARE = 3 / 4;

/** A cache of blocks shared by files. The block that was read first is dropped first. */
export class KeptBlocks {
  readonly most: number;
  #bytes = 0;
  readonly #order: { readonly bytes: number; readonly drop: () => HeldNumbers | undefined }[] = [];

  /** @param most maximum bytes cached */
  constructor(most: number) {
    this.most = most;
  }

  /**
   * Reserves space for a block.
   *
   * @param drop called when the block must be dropped; returns its array
   * @returns the array of a dropped block of the same size, if there is one
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
  /** Blocks in memory, by number. */
  readonly #blocks: (HeldNumbers | undefined)[];
  readonly #kept: KeptBlocks;
  /** The number of wanted rows in each block, while rows are gathered. */
  readonly #wanted: Uint32Array;
  /** Wanted rows from which a block is read as a whole. */
  #dense: number;
  #ahead: RowsAhead | undefined;

  /**
   * @param shape number of rows, followed by the shape of a row
   * @param begin where the numbers begin in the file, in bytes
   * @param kept the cache for the blocks
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
    // For a block of a single row, this makes no difference.
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

  /**
   * Takes rows from cached blocks and from blocks with many wanted rows, which are read as a whole. Reads other rows one by one.
   */
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
    // The cache must not keep a file alive that is no longer used.
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

  /** Drops a block. */
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
 * Reads the numbers of a `.npy` file, or leaves them on disk if they take more than `most` bytes.
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
