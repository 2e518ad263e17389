/** Standard normal random numbers, generated when they are read. */
import { Philox } from '../core/philox.ts';
import type { Seed } from '../core/seed.ts';
import { NumberSource } from './numbers.ts';

/** Numbers per counter value of Philox. */
const GROUP = 4;

/** Rows of numbers. Each row depends only on the seed and its row number, not on what else is read. */
export class NormalNumbers extends NumberSource {
  readonly #seed: Seed;

  constructor(seed: Seed, rows: number, rowLength: number) {
    super('float32', rows * rowLength, rowLength);
    this.#seed = seed;
  }

  read(start: number, end: number): Float32Array {
    const size = this.rowLength;
    const [first, last] = [Math.floor(start / size), Math.ceil(end / size)];
    const whole = new Float32Array((last - first) * size);
    for (let row = first; row < last; row++)
      this.#draw(row, whole.subarray((row - first) * size, (row - first + 1) * size));
    return whole.subarray(start - first * size, end - first * size);
  }

  #draw(row: number, out: Float32Array): void {
    new Philox(this.#seed, row * Math.ceil(this.rowLength / GROUP)).normal(out);
  }
}
