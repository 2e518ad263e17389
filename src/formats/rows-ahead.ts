/** Rows of a file that will be asked for in a known order. */
import { zeros, type HeldNumbers, type NumberType } from './numbers.ts';

/** A file of rows, and how many of them lie in a block. */
export interface RowFile {
  readonly type: NumberType;
  readonly rowLength: number;
  readonly rows: number;
  readonly blockRows: number;
  /** Reads so many numbers as the array has, from number `start` on. */
  readInto(numbers: HeldNumbers, start: number): void;
}

/** A block of which fewer rows are wanted is not read as a whole: single reads take no longer. */
const WORTH_A_BLOCK = 3;

/**
 * Reads ahead in an order that jumps about, as a shuffled epoch does. Some thousand rows at a time are read in the order of the
 * file, which takes a fraction of the time of reading each when it is asked for: a disk serves neighbours many times as fast.
 */
export class RowsAhead {
  readonly #file: RowFile;
  readonly #order: Int32Array;
  readonly #most: number;
  readonly #reserve: (bytes: number, drop: () => undefined) => void;
  /** Rows that were read ahead: the first is the one at `#from` in the order. */
  #window: HeldNumbers | undefined;
  #from = 0;
  /** Where in the order the rows begin that were taken last, and those that come next. */
  #last = 0;
  #next = 0;

  /**
   * @param order numbers of rows, as they will be asked for
   * @param bytes that may be held
   * @param reserve makes room for them; what it is given forgets them again
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
   * Copies rows to the beginning of `target`, if they are the next ones of the order or those that were taken last: input and target
   * of a training may be one file.
   *
   * @returns whether they are, and few enough to be held
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
    // Nothing is there until all is read: a file may have become shorter.
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

/** The places of rows, block after block, and where those of each block end. */
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
