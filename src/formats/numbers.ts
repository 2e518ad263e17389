/** Numbers of images, in memory or, if they may not fit, read in pieces. */

/** Numbers in memory. */
export type HeldNumbers = Uint8Array | Float32Array;

export type NumberType = 'uint8' | 'float32';

/** Consecutive rows, each with `rowLength` numbers. */
export type Numbers = HeldNumbers | NumberSource;

const TYPES = { uint8: Uint8Array, float32: Float32Array } as const;

/** Bytes read or written together when all rows are processed. */
const PIECE_BYTES = 2 ** 23;

/** Numbers that are read in pieces. Reading is synchronous: callers that read much should yield to the event loop. */
export abstract class NumberSource {
  readonly type: NumberType;
  /** How many numbers there are. */
  readonly length: number;
  /** Numbers of a row. */
  readonly rowLength: number;

  constructor(type: NumberType, length: number, rowLength: number) {
    this.type = type;
    this.length = length;
    this.rowLength = rowLength;
  }

  get BYTES_PER_ELEMENT(): number {
    return TYPES[this.type].BYTES_PER_ELEMENT;
  }

  get byteLength(): number {
    return this.length * this.BYTES_PER_ELEMENT;
  }

  /**
   * Copies numbers.
   *
   * @throws Failure `data-corrupt` if a file has become shorter
   */
  abstract read(start: number, end: number): HeldNumbers;

  /** Announces that rows near each other will be read, from a few places at a time: then whole blocks are read. */
  expectNeighbors(): void {}

  /**
   * Announces the order in which rows will be read, so that they can be read ahead. Other rows may be read in between.
   *
   * @param files how many files are read in this way at the same time, including this one
   */
  expectOrder(_rows: Int32Array, _files: number): void {}

  /** Copies rows, in the order of `rows`, to the beginning of `target`. */
  gather(rows: Int32Array, target: HeldNumbers): void {
    const size = this.rowLength;
    rows.forEach((row, index) => target.set(this.read(row * size, (row + 1) * size), index * size));
  }
}

/** Numbers that are computed once, in pieces, while they are written. */
export interface NumberStream {
  readonly type: NumberType;
  readonly length: number;
  pieces(): AsyncIterable<HeldNumbers>;
}

export function typeOf(data: Numbers): NumberType {
  if (data instanceof NumberSource) return data.type;
  return data instanceof Uint8Array ? 'uint8' : 'float32';
}

/** An array of zeros. */
export function zeros(type: NumberType, length: number): HeldNumbers {
  return new TYPES[type](length);
}

/** Numbers from `start` to `end`: a view of numbers in memory, a copy of others. */
export function partOf(data: Numbers, start: number, end: number): HeldNumbers {
  return data instanceof NumberSource ? data.read(start, end) : data.subarray(start, end);
}

/**
 * Copies rows to the beginning of `target`, which must have the same type.
 *
 * @param size numbers of a row
 */
export function gatherInto(target: HeldNumbers, data: Numbers, rows: Int32Array, size: number): void {
  if (data instanceof NumberSource) return data.gather(rows, target);
  // By index: iterating over the entries of a typed array is slow, and there are many rows.
  for (let index = 0; index < rows.length; index++) {
    const start = (rows[index] ?? 0) * size;
    target.set(data.subarray(start, start + size), index * size);
  }
}

/** All numbers in pieces of whole rows; numbers in memory in a single piece. */
export function* piecesOf(data: Numbers): Generator<HeldNumbers> {
  if (!(data instanceof NumberSource)) {
    yield data;
    return;
  }
  const rows = Math.max(1, Math.floor(PIECE_BYTES / (data.rowLength * data.BYTES_PER_ELEMENT)));
  const step = rows * data.rowLength;
  for (let start = 0; start < data.length; start += step)
    yield data.read(start, Math.min(start + step, data.length));
}

/** Selected rows of other numbers, in any order. */
export class TakenRows extends NumberSource {
  readonly #from: NumberSource;
  readonly #rows: Int32Array;

  constructor(from: NumberSource, rows: Int32Array) {
    super(from.type, rows.length * from.rowLength, from.rowLength);
    this.#from = from;
    this.#rows = rows;
  }

  read(start: number, end: number): HeldNumbers {
    const size = this.rowLength;
    const [first, last] = [Math.floor(start / size), Math.ceil(end / size)];
    const whole = zeros(this.type, (last - first) * size);
    this.#from.gather(this.#rows.subarray(first, last), whole);
    return whole.subarray(start - first * size, end - first * size);
  }
}

/** Concatenated numbers of one type. */
export class JoinedNumbers extends NumberSource {
  readonly #first: Numbers;
  readonly #second: Numbers;

  constructor(first: Numbers, second: Numbers, rowLength: number) {
    super(typeOf(first), first.length + second.length, rowLength);
    this.#first = first;
    this.#second = second;
  }

  read(start: number, end: number): HeldNumbers {
    const border = this.#first.length;
    const joined = zeros(this.type, end - start);
    if (start < border) joined.set(partOf(this.#first, start, Math.min(end, border)));
    if (end > border)
      joined.set(
        partOf(this.#second, Math.max(0, start - border), end - border),
        Math.max(0, border - start),
      );
    return joined;
  }

  override gather(rows: Int32Array, target: HeldNumbers): void {
    const size = this.rowLength;
    const border = this.#first.length / size;
    const gatherPart = (part: Numbers, from: number, isOf: (row: number) => boolean): void => {
      const places = rows.map((_, place) => place).filter((place) => isOf(rows[place] ?? 0));
      const copy = zeros(this.type, places.length * size);
      const own = places.map((place) => (rows[place] ?? 0) - from);
      gatherInto(copy, part, own, size);
      places.forEach((place, index) =>
        target.set(copy.subarray(index * size, (index + 1) * size), place * size),
      );
    };
    gatherPart(this.#first, 0, (row) => row < border);
    gatherPart(this.#second, border, (row) => row >= border);
  }
}

/** The meaning of a stored value `v`: `v * scale + offset`. */
export interface Scaling {
  readonly scale: number;
  readonly offset: number;
}

/** Scaled values, computed in float64 and rounded to float32. `Float32Array.from` with a function takes 25 times as long. */
export function scaled(stored: HeldNumbers, { scale, offset }: Scaling): Float32Array {
  const values = new Float32Array(stored.length);
  for (let at = 0; at < stored.length; at++) values[at] = (stored[at] ?? 0) * scale + offset;
  return values;
}

/** The scaled values of other numbers. */
export class ScaledNumbers extends NumberSource {
  readonly #from: Numbers;
  readonly #scale: number;
  readonly #offset: number;

  constructor(from: Numbers, rowLength: number, { scale, offset }: Scaling) {
    super('float32', from.length, rowLength);
    this.#from = from;
    this.#scale = scale;
    this.#offset = offset;
  }

  read(start: number, end: number): HeldNumbers {
    return scaled(partOf(this.#from, start, end), { scale: this.#scale, offset: this.#offset });
  }
}
