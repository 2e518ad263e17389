/** Which arrays of an archive are probably meant, for advice. */
import type { ArrayEntry } from '../../../formats/npz.ts';
import type { ArrayKey } from './own-arrays.ts';

type Shaped = Required<ArrayEntry>;

const TEST = /test|t10k/i;
const VALIDATION = /val|dev/i;

/** Names of labels; those of other arrays tell nothing. */
const LABELS = /label|class|target|hot|^y/i;

/** The settings that probably name the arrays; null where there is none. */
export type ArrayGuess = Readonly<Record<ArrayKey, string | null>>;

/**
 * Images are the largest array of three axes or more, or of rows of numbers; labels have one number for each. Names decide which
 * are for tests.
 *
 * @returns undefined where no array can be images
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
    // One-hot labels are rows of numbers, as flat images are.
    const fitting = labels
      .filter(
        ({ name, shape: [count, width = 1, ...more] }) =>
          count === own.shape[0] && more.length === 0 && (width === 1 || LABELS.test(name)),
      )
      .sort(({ shape: [, one = 1] }, { shape: [, other = 1] }) => one - other);
    const isOfSplit = (array: Shaped): boolean => splitOf(array) === splitOf(own);
    const found =
      fitting.find(isOfSplit) ??
      // Labels of another number are meant all the same: whoever reads them says what is wrong.
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
