/** Reads rows of a file ahead, in a known order. */
import { zeros, type HeldNumbers, type NumberType } from './numbers.ts';

/** A file of rows, and the number of rows per block. */
export interface RowFile {
  readonly type: NumberType;
  readonly rowLength: number;
  readonly rows: number;
  readonly blockRows: number;
  /** Fills the array with numbers, beginning with number `start`. */
  readInto(numbers: HeldNumbers, start: number): void;
}

/** A block with fewer wanted rows is not read as a whole: single reads take no longer. */
const WORTH_A_BLOCK = 3;

/**
 * Reads ahead for random access, as in a shuffled epoch. Several thousand rows at a time are read in the order of the file. This
 * takes a fraction of the time of reading each row on demand, since sequential reads from a disk are many times as fast.
 */
export class RowsAhead {
  readonly #file: RowFile;
  readonly #order: Int32Array;
  readonly #most: number;
  readonly #reserve: (bytes: number, drop: () => undefined) => void;
  /** Rows that were read ahead: the first is at `#from` in the order. */
  #window: HeldNumbers | undefined;
  #from = 0;
  /** Positions in the order: the start of the rows taken last, and of the next rows. */
  #last = 0;
  #next = 0;

  /**
   * @param order row numbers in the order of reading
   * @param bytes maximum bytes held in memory
   * @param reserve reserves space for them; calls `drop` when they must be dropped
   */
  constructor(
    file: RowFile,
    order: Int32Array,
    bytes: number,
    reserve: (bytes: number, drop: () => undefined) => void,
  ) {
    this.#file = file;
    this.#order = order;
    const rowBytes = file.rowLength * (file.type === 'uint8' ? 1 : 4);
    this.#most = Math.max(1, Math.min(order.length, Math.floor(bytes / Math.max(1, rowBytes))));
    this.#reserve = reserve;
  }

  /**
   * Copies rows to the beginning of `target`, if they are the next in the order or the same as last time: input and target of a
   * training may be the same file.
   *
   * @returns false if the rows are others, or too many to hold in memory
   */
  take(rows: Int32Array, target: HeldNumbers): boolean {
    const start = [this.#next, this.#last].find((place) => this.#areAt(place, rows));
    if (start === undefined || rows.length > this.#most) return false;
    const isThere = start >= this.#from && start + rows.length <= this.#from + this.#most;
    const window = isThere && this.#window !== undefined ? this.#window : this.#fill(start);
    const size = this.#file.rowLength;
    const first = (start - this.#from) * size;
    target.set(window.subarray(first, first + rows.length * size));
    [this.#last, this.#next] = [start, start + rows.length];
    return true;
  }

  #areAt(place: number, rows: Int32Array): boolean {
    return rows.every((row, index) => row === this.#order[place + index]);
  }

  #fill(start: number): HeldNumbers {
    const { type, rowLength, blockRows, rows } = this.#file;
    const wanted = this.#order.subarray(start, start + this.#most);
    const window = this.#window ?? zeros(type, this.#most * rowLength);
    if (this.#window === undefined) this.#reserve(window.byteLength, () => (this.#window = undefined));
    // The window is not valid until everything is read: an error may occur, for example if the file has become shorter.
    [this.#window, this.#from] = [window, Infinity];
    const { places, ends } = placesByBlock(wanted, blockRows, Math.ceil(rows / blockRows));
    const scratch = blockRows === 1 ? undefined : zeros(type, blockRows * rowLength);
    for (let block = 0, begin = 0; block < ends.length; block++) {
      const end = ends[block] ?? 0;
      const first = block * blockRows;
      const isWhole = scratch !== undefined && end - begin >= WORTH_A_BLOCK;
      if (isWhole)
        this.#file.readInto(
          scratch.subarray(0, (Math.min(rows, first + blockRows) - first) * rowLength),
          first * rowLength,
        );
      for (; begin < end; begin++) {
        const place = places[begin] ?? 0;
        const row = wanted[place] ?? 0;
        const slot = window.subarray(place * rowLength, (place + 1) * rowLength);
        const inBlock = (row - first) * rowLength;
        if (isWhole) slot.set(scratch.subarray(inBlock, inBlock + rowLength));
        else this.#file.readInto(slot, row * rowLength);
      }
    }
    this.#from = start;
    return window;
  }
}

/** The positions of rows, grouped by block, and where each group ends. */
function placesByBlock(
  rows: Int32Array,
  blockRows: number,
  blocks: number,
): { readonly places: Int32Array; readonly ends: Int32Array } {
  const blockOf = rows.map((row) => row / blockRows);
  const ends = new Int32Array(blocks);
  for (const block of blockOf) ends[block] = (ends[block] ?? 0) + 1;
  for (let block = 1; block < blocks; block++) ends[block] = (ends[block] ?? 0) + (ends[block - 1] ?? 0);
  const places = new Int32Array(rows.length);
  const nexts = ends.slice();
  for (let place = rows.length - 1; place >= 0; place--) {
    const block = blockOf[place] ?? 0;
    const next = (nexts[block] ?? 0) - 1;
    nexts[block] = next;
    places[next] = place;
  }
  return { places, ends };
}
