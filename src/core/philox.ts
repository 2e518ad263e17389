/**
 * Philox4x32-10, a counter-based generator of random numbers: J. K. Salmon, M. A. Moraes, R. O. Dror, D. E. Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011. The same seed and counter give the same bits in JavaScript and in
 * TensorFlow (`StatelessRandomUniformV2` with the Philox algorithm), so results do not depend on the engine.
 */
import type { Seed } from './seed.ts';

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** The key's increments of each round: the golden ratio and the square root of 3, less 1. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** Numbers per counter value. */
const GROUP = 4;

export class Philox {
  readonly #key: Seed;
  /** The counter's four words, lowest first. */
  readonly #counter = new Uint32Array(4);
  readonly #group = new Uint32Array(GROUP);
  /** Words of `#group` that were used. */
  #used = GROUP;
  /** The second of a pair of normal numbers, until it is used; NaN if there is none. */
  #spare = Number.NaN;

  /**
   * @param seed the key; its first word is the lower one
   * @param counter where to start, in groups of four numbers: an integer from 0 to 2^53 - 1
   */
  constructor(seed: Seed, counter = 0) {
    this.#key = seed;
    this.#counter[0] = counter >>> 0;
    this.#counter[1] = Math.floor(counter / 2 ** 32);
  }

  /** The next 32 random bits, as an integer from 0 to 2^32 - 1. */
  next(): number {
    if (this.#used === GROUP) {
      this.#refill();
      this.#used = 0;
    }
    return this.#group[this.#used++] ?? 0;
  }

  /** Fills with uniform numbers in [0, 1), multiples of 2^-23 from the lower 23 bits, as TensorFlow does for float32. */
  uniform(out: Float32Array): void {
    for (let index = 0; index < out.length; index++) out[index] = (this.next() & 0x7fffff) * 2 ** -23;
  }

  /** Fills with uniform numbers in [0, 1), multiples of 2^-16: two from each word, lower half first. */
  uniformHalves(out: Float32Array): void {
    for (let index = 0; index < out.length; index += 2) {
      const word = this.next();
      out[index] = (word & 0xffff) * 2 ** -16;
      if (index + 1 < out.length) out[index + 1] = (word >>> 16) * 2 ** -16;
    }
  }

  /**
   * Fills with normal numbers of mean 0 and standard deviation 1, by the method of G. E. P. Box and M. E. Muller, "A note on
   * the generation of random normal deviates", 1958. Computed in float64, rounded to float32.
   */
  normal(out: Float32Array): void {
    let index = 0;
    if (index < out.length && !Number.isNaN(this.#spare)) {
      out[index++] = this.#spare;
      this.#spare = Number.NaN;
    }
    while (index < out.length) {
      // In (0, 1]: the logarithm is finite.
      const radius = Math.sqrt(-2 * Math.log((this.next() + 1) * 2 ** -32));
      const angle = 2 * Math.PI * (this.next() * 2 ** -32);
      out[index++] = radius * Math.sin(angle);
      const second = radius * Math.cos(angle);
      if (index < out.length) out[index++] = second;
      else this.#spare = second;
    }
  }

  /**
   * A uniform integer from 0 to `below - 1`, without bias.
   *
   * @param below from 1 to 2^32
   */
  integer(below: number): number {
    // Values from the last, incomplete interval would favour small results.
    const limit = 2 ** 32 - (2 ** 32 % below);
    for (;;) {
      const value = this.next();
      if (value < limit) return value % below;
    }
  }

  #refill(): void {
    const counter = this.#counter;
    let c0 = counter[0] ?? 0;
    let c1 = counter[1] ?? 0;
    let c2 = counter[2] ?? 0;
    let c3 = counter[3] ?? 0;
    let [k0, k1] = this.#key;
    for (let round = 0; round < ROUNDS; round++) {
      const high0 = multiplyHigh(MULTIPLIER_0, c0);
      const low0 = Math.imul(MULTIPLIER_0, c0);
      const high1 = multiplyHigh(MULTIPLIER_1, c2);
      const low1 = Math.imul(MULTIPLIER_1, c2);
      c0 = (high1 ^ c1 ^ k0) >>> 0;
      c1 = low1 >>> 0;
      c2 = (high0 ^ c3 ^ k1) >>> 0;
      c3 = low0 >>> 0;
      k0 = (k0 + WEYL_0) >>> 0;
      k1 = (k1 + WEYL_1) >>> 0;
    }
    const group = this.#group;
    group[0] = c0;
    group[1] = c1;
    group[2] = c2;
    group[3] = c3;
    for (let word = 0; word < counter.length; word++) {
      const increased = ((counter[word] ?? 0) + 1) >>> 0;
      counter[word] = increased;
      if (increased !== 0) return;
    }
  }
}

/** The upper 32 bits of the product of two unsigned 32-bit integers, computed from halves, which is exact. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const other = aLow * bHigh + (middle & 0xffff);
  return (aHigh * bHigh + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000)) >>> 0;
}

/** A random order of 0 to count - 1: the shuffle of R. A. Fisher and F. Yates, 1938, as R. Durstenfeld's algorithm 235. */
export function permutation(seed: Seed, count: number): Int32Array {
  const generator = new Philox(seed);
  const order = Int32Array.from({ length: count }, (_, index) => index);
  for (let last = count - 1; last > 0; last--) {
    const chosen = generator.integer(last + 1);
    const value = order[last] ?? 0;
    order[last] = order[chosen] ?? 0;
    order[chosen] = value;
  }
  return order;
}
