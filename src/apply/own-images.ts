/** The user's own images: what they share, whatever file they are from. */
import { failure, type Failure } from '../core/diagnostic.ts';
import type { HeldNumbers } from '../formats/numbers.ts';

/** Images as they are before the steps of the training images. */
export interface OwnImages {
  /** Row-major, in the shape of the data set. A stored `v` means `v * scale + offset`. */
  readonly data: HeldNumbers;
  readonly scale: number;
  readonly offset: number;
  /** For each image: what its output is called, without an ending, with `/`. */
  readonly names: readonly string[];
  /** What was done to the images, and what is doubtful about them: sentences for the user. */
  readonly notes: readonly string[];
}

/** The most images, and values of all of them, that one command takes. */
const [MOST_IMAGES, MOST_VALUES] = [10_000, 2 ** 28];

/** @throws Failure `out-of-range` */
export function checkCount(count: number, size: number): void {
  if (count > MOST_IMAGES || count * size > MOST_VALUES) throw tooMany(count, size);
}

function tooMany(count: number, size: number): Failure {
  const most = Math.min(MOST_IMAGES, Math.floor(MOST_VALUES / size));
  return failure(
    'out-of-range',
    `${count} images are too many: \`apply\` takes up to ${most}`,
    'name fewer, or read them with a `dataset` stage and use `predict` or `encode`',
  );
}

/** White becomes black, and the reverse. */
export function invert(images: OwnImages, [low, high]: readonly [number, number]): OwnImages {
  const { data, scale, offset } = images;
  const sum = (low + high - 2 * offset) / scale;
  const inverted = data.map((value) => sum - value);
  return { ...images, data: data instanceof Uint8Array ? Uint8Array.from(inverted) : inverted };
}
