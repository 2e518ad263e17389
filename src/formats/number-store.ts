/** A growing list of rows. Numbers are stored as bytes as long as all of them fit, then as 16 bits, then as floats. */

type Data = Uint8Array | Uint16Array | Float32Array;

export class NumberStore {
  #data: Data = new Uint8Array(2 ** 16);
  #length = 0;
  readonly #limit: number;

  /** @param limit maximum count of numbers */
  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#length;
  }

  /** @returns false if the limit is exceeded */
  add(row: Float64Array): boolean {
    const length = this.#length + row.length;
    if (length > this.#limit) return false;
    if (length > this.#data.length) {
      const data = this.#data;
      const larger = new (typeOf(data))(Math.max(data.length * 2, length));
      larger.set(data);
      this.#data = larger;
    }
    if (!this.#holds(row)) this.#widenFor(row);
    this.#data.set(row, this.#length);
    this.#length = length;
    return true;
  }

  /** Whether the current type can hold a row. Converted fractions and negative numbers do not compare equal. */
  #holds(row: Float64Array): boolean {
    if (this.#data instanceof Float32Array) return true;
    const mask = this.#data instanceof Uint8Array ? 0xff : 0xffff;
    for (let index = 0; index < row.length; index++) {
      const value = row[index] ?? 0;
      if ((value & mask) !== value) return false;
    }
    return true;
  }

  #widenFor(row: Float64Array): void {
    if (this.#data instanceof Uint8Array) this.#data = Uint16Array.from(this.#data);
    if (!this.#holds(row)) this.#data = Float32Array.from(this.#data);
  }

  take(): Data {
    return this.#data.slice(0, this.#length);
  }
}

function typeOf(data: Data): new (length: number) => Data {
  if (data instanceof Uint8Array) return Uint8Array;
  return data instanceof Uint16Array ? Uint16Array : Float32Array;
}
