import type { SampleSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** Values of a latent to which a mixture is fitted, at most: its time grows with their square. */
export const LARGEST_MIXED = 256;

/** The split of `data` that is encoded. */
export function splitOf({ from, split }: Pick<SampleSettings, 'from' | 'split'>): Split {
  return split ?? (from === 'posterior' ? 'test' : 'train');
}
