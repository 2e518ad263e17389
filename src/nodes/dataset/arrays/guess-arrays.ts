/** Guesses which arrays of an archive are meant, for advice. */
import type { ArrayEntry } from '../../../formats/npz.ts';
import type { ArrayKey } from './own-arrays.ts';

type Shaped = Required<ArrayEntry>;

const TEST = /test|t10k/i;
const VALIDATION = /val|dev/i;

/** Names of label arrays. Other names say nothing. */
const LABELS = /label|class|target|hot|^y/i;

/** The settings that probably name the arrays; null if there is none. */
export type ArrayGuess = Readonly<Record<ArrayKey, string | null>>;

/**
 * Images are the largest array with three or more axes, or with rows of numbers; labels have one number per image. Names decide
 * which are for tests.
 *
 * @returns undefined if no array can be images
 */
export function guessArrays(entries: readonly ArrayEntry[]): ArrayGuess | undefined {
  const arrays = entries.filter((entry): entry is Shaped => entry.shape !== undefined);
  const rank = ({ shape }: Shaped): number => Math.min(shape.length, 3);
  const images = arrays
    .filter(({ shape: [, width = 0] }) => width > 1)
    .sort((a, b) => rank(b) - rank(a) || Number(splitOf(a) !== 'train') - Number(splitOf(b) !== 'train'));
  const [train] = images;
  if (train === undefined) return undefined;
  const others = images.filter(
    (array) =>
      (splitOf(array) === 'train') !== (splitOf(train) === 'train') && isLike(array.shape, train.shape),
  );
  const test = others.find((array) => splitOf(array) === 'test') ?? others[0];
  const labels = arrays.filter((array) => array !== train && array !== test);
  const labelsOf = (own: Shaped | undefined): string | null => {
    if (own === undefined) return null;
    // One-hot labels are rows of numbers, like flat images.
    const fitting = labels
      .filter(
        ({ name, shape: [count, width = 1, ...more] }) =>
          count === own.shape[0] && more.length === 0 && (width === 1 || LABELS.test(name)),
      )
      .sort(({ shape: [, one = 1] }, { shape: [, other = 1] }) => one - other);
    const isOfSplit = (array: Shaped): boolean => splitOf(array) === splitOf(own);
    const found =
      fitting.find(isOfSplit) ??
      // A wrong number of labels is no reason to skip them: reading them reports the error.
      labels.find((array) => array.shape.length === 1 && LABELS.test(array.name) && isOfSplit(array)) ??
      (test === undefined ? fitting[0] : undefined);
    return found?.name ?? null;
  };
  return {
    train_images: train.name,
    train_labels: labelsOf(train),
    test_images: test?.name ?? null,
    test_labels: labelsOf(test),
  };
}

/** Which images an array belongs to, by its name. */
function splitOf({ name }: Shaped): 'train' | 'test' | 'validation' {
  if (TEST.test(name)) return 'test';
  return VALIDATION.test(name) ? 'validation' : 'train';
}

function isLike(one: readonly number[], other: readonly number[]): boolean {
  return one.slice(1).join() === other.slice(1).join();
}
