/** Settings that ask for more images than exist. */
import type { ChosenImages, Finding, Split } from '../core/stage-type.ts';

/**
 * A warning for a `limit` or `count` that exceeds the number of images: it was probably meant for another set.
 *
 * @param amount one number for both splits, or one for each
 * @param counts images in each split, as far as known
 * @param of name of the images, and the setting
 */
export function beyond(
  amount: number | Readonly<Partial<Record<Split, number>>> | null | undefined,
  counts: NonNullable<ChosenImages['counts']>,
  { name, key }: { readonly name: string; readonly key: string },
): Finding | undefined {
  if (amount === null || amount === undefined) return undefined;
  const { train, test } = typeof amount === 'number' ? { train: amount, test: amount } : amount;
  const isOne = train === test;
  const known = Math.max(...Object.values(counts));
  const split = (['train', 'test'] as const).find((each) => {
    const [wanted, count] = [each === 'train' ? train : test, counts[each]];
    // A number for both splits is too large only if neither has so many.
    return wanted !== undefined && count !== undefined && wanted > (isOne ? known : count);
  });
  if (split === undefined) return undefined;
  return {
    code: 'out-of-range',
    severity: 'warning',
    message: `\`${name}\` has ${counts[split]} ${split === 'train' ? 'training' : 'test'} images, fewer than \`${key}\`: all are kept`,
    hint: `leave \`${key}\` out to keep all`,
    at: typeof amount === 'number' || isOne ? [key] : [key, split],
  };
}
