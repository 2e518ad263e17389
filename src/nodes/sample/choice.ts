import type { SampleSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** Maximum latent size for a mixture: its time grows with the square of the size. */
export const LARGEST_MIXED = 256;

/** The split of `data` that is encoded. */
export function splitOf({ from, split }: Pick<SampleSettings, 'from' | 'split'>): Split {
  return split ?? (from === 'posterior' ? 'test' : 'train');
}
