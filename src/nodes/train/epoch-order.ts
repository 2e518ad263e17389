/** The order of the images in an epoch. */
import { permutation } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';

export interface OrderSizes {
  /** Sets with more bytes are shuffled in pieces. */
  readonly whole: number;
  /** Bytes of a piece. */
  readonly piece: number;
  /** How many pieces are mixed at a time. */
  readonly mixed: number;
}

/** Only the set decides whether it is shuffled in pieces, not the machine's memory: results must not depend on the machine. */
const SIZES: OrderSizes = { whole: 2 ** 31, piece: 2 ** 22, mixed: 32 };

/** Whether images of so many bytes are shuffled in pieces. */
export function areShuffledInPieces(count: number, rowBytes: number, { whole }: OrderSizes = SIZES): boolean {
  return count * rowBytes > whole;
}

/**
 * Shuffles images. A large set is read from disk, where random access is slow. So it is cut into pieces of consecutive images,
 * the pieces are shuffled, and the images of a few pieces at a time are mixed.
 *
 * @param rows numbers of images, ascending
 * @param rowBytes bytes read per image
 * @param seed returns the seed for a purpose
 */
export function shuffle(
  rows: Int32Array,
  { rowBytes, epoch, seed }: { rowBytes: number; epoch: number; seed: (purpose: string) => Seed },
  sizes: OrderSizes = SIZES,
): Int32Array {
  const { piece, mixed } = sizes;
  const order = (purpose: string, length: number): Int32Array => permutation(seed(purpose), length);
  if (!areShuffledInPieces(rows.length, rowBytes, sizes))
    return order(`shuffle/${epoch}`, rows.length).map((index) => rows[index] ?? 0);
  const pieces = cut(rows, Math.max(1, Math.floor(piece / rowBytes)));
  const drawn = order(`shuffle/${epoch}`, pieces.length);
  const shuffled = new Int32Array(rows.length);
  let end = 0;
  for (let first = 0; first < pieces.length; first += mixed) {
    const together = Array.from(drawn.subarray(first, first + mixed), (number) => pieces[number]);
    const length = together.reduce((sum, each) => sum + (each?.length ?? 0), 0);
    const own = new Int32Array(length);
    let place = 0;
    for (const each of together) {
      if (each !== undefined) own.set(each, place);
      place += each?.length ?? 0;
    }
    order(`shuffle/${epoch}/${first}`, length).forEach((index) => (shuffled[end++] = own[index] ?? 0));
  }
  return shuffled;
}

/** The rows of each piece of the set. A piece has `length` images, and the rows may contain only some of them. */
function cut(rows: Int32Array, length: number): readonly Int32Array[] {
  const pieces: Int32Array[] = [];
  for (let start = 0; start < rows.length;) {
    const piece = Math.floor((rows[start] ?? 0) / length);
    let end = start + 1;
    while (end < rows.length && Math.floor((rows[end] ?? 0) / length) === piece) end += 1;
    pieces.push(rows.subarray(start, end));
    start = end;
  }
  return pieces;
}
