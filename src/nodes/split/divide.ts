/** Which images become test images. */
import { permutation } from '../../core/philox.ts';
import { deriveSeed } from '../../core/seed.ts';

export interface Division {
  readonly train: Int32Array;
  readonly test: Int32Array;
}

/**
 * Divides the numbers from 0 to `count - 1`, both parts in random order.
 *
 * @param share of test images; their number is the nearest integer
 * @param seed an integer from 0 to 2^53 - 1
 * @param labels where each class is to give its share: each gives the integer below it, and one more goes to those that lost
 *   most by that (the method of largest remainders)
 */
export function divide(
  count: number,
  share: number,
  seed: number,
  labels?: Uint8Array | Int32Array,
): Division {
  const order = permutation(deriveSeed(seed, 'split', 'rows'), count);
  const classes = labels ?? new Uint8Array(count);
  const left = quotas(classes, share);
  const [train, test]: [number[], number[]] = [[], []];
  for (const row of order) {
    const label = classes[row] ?? 0;
    const quota = left.get(label) ?? 0;
    if (quota > 0) left.set(label, quota - 1);
    (quota > 0 ? test : train).push(row);
  }
  return { train: Int32Array.from(train), test: Int32Array.from(test) };
}

/** Test images of each class. */
function quotas(classes: Uint8Array | Int32Array, share: number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const label of classes) counts.set(label, (counts.get(label) ?? 0) + 1);
  const exact = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, count]) => ({ label, due: count * share }));
  const result = new Map(exact.map(({ label, due }) => [label, Math.floor(due)]));
  let missing = Math.round(classes.length * share);
  for (const quota of result.values()) missing -= quota;
  const lost = exact.toSorted((a, b) => (b.due % 1) - (a.due % 1));
  for (const { label } of lost.slice(0, missing)) result.set(label, (result.get(label) ?? 0) + 1);
  return result;
}
