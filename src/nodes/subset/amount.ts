import type { SubsetSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** The requested number of images of a split; it may have fewer. */
export function amountOf({ count, share }: SubsetSettings, split: Split, available: number): number {
  const of = (amount: SubsetSettings['count']): number | undefined =>
    typeof amount === 'number' ? amount : amount?.[split];
  return of(count) ?? Math.round(available * (of(share) ?? 1));
}
