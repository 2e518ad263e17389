/** Chooses the test images. */
import { permutation } from '../../core/philox.ts';
import { deriveSeed } from '../../core/seed.ts';

export interface Division {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/**
 * Divides the numbers from 0 to `count - 1`, both parts in random order.
 *
 * @param share share of test images, rounded to the nearest number of images
 * @param seed an integer from 0 to 2^53 - 1
 * @param labels given if each class is divided by `share`. Each class gives its share rounded down. The missing images come from
 *   the classes with the largest remainders, one each; the seed decides between equal remainders
 */
export function divide(
  count: number,
  share: number,
  seed: number,
  labels?: Uint8Array | Int32Array,
): Division {
  const order = permutation(deriveSeed(seed, 'split', 'rows'), count);
  const classes = labels ?? new Uint8Array(count);
  const left = quotas(classes, share, seed);
  let tests = 0;
  for (const quota of left.values()) tests += quota;
  const [train, test] = [new Int32Array(count - tests), new Int32Array(tests)];
  let [trainEnd, testEnd] = [0, 0];
  for (const row of order) {
    const label = classes[row] ?? 0;
    const quota = left.get(label) ?? 0;
    if (quota > 0) {
      left.set(label, quota - 1);
      test[testEnd++] = row;
    } else train[trainEnd++] = row;
  }
  return { train, test };
}

/** The number of test images of each class. The seeded order decides between classes with equal remainders. */
function quotas(classes: Uint8Array | Int32Array, share: number, seed: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of classes) counts.set(label, (counts.get(label) ?? 0) + 1);
  const labels = [...counts.keys()].sort((a, b) => a - b);
  const order = permutation(deriveSeed(seed, 'split', 'classes'), labels.length);
  // Rounded, so that remainders of 0.5 are equal even if floating point gives 0.49999999999999994 for one of them.
  const exact = labels.map((label, index) => ({
    label,
    due: Number(((counts.get(label) ?? 0) * share).toFixed(9)),
    rank: order[index] ?? 0,
  }));
  const result = new Map(exact.map(({ label, due }) => [label, Math.floor(due)]));
  let missing = Math.round(Number((classes.length * share).toFixed(9)));
  for (const quota of result.values()) missing -= quota;
  const rest = (due: number): number => Number((due % 1).toFixed(9));
  const lost = exact.toSorted((a, b) => rest(b.due) - rest(a.due) || a.rank - b.rank);
  for (const { label } of lost.slice(0, missing)) result.set(label, (result.get(label) ?? 0) + 1);
  return result;
}
