/** The order in which an epoch goes through its images. */
import { permutation } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';

export interface OrderSizes {
  /** Images that take more bytes are shuffled in pieces. */
  readonly whole: number;
  /** Bytes of a piece. */
  readonly piece: number;
  /** How many pieces are mixed. */
  readonly mixed: number;
}

/** Whether images are shuffled in pieces depends on them alone, not on the memory of a machine: results must not, either. */
const SIZES: OrderSizes = { whole: 2 ** 31, piece: 2 ** 22, mixed: 32 };

/** Whether images of so many bytes are shuffled in pieces. */
export function areShuffledInPieces(count: number, rowBytes: number, { whole }: OrderSizes = SIZES): boolean {
  return count * rowBytes > whole;
}

/**
 * Puts images in a random order. A large set is read from the disk, where going from place to place is slow: it is cut into
 * pieces of neighbours, the pieces are put in a random order, and the images of a few pieces at a time are mixed.
 *
 * @param rows numbers of images, ascending
 * @param rowBytes bytes that are read for one image
 * @param seed gives the seed of a purpose
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

/** Rows of one piece of the set after the other: a piece has `length` images, of which not all need be among the rows. */
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
