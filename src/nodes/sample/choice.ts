import type { SampleSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** Maximum latent size for a mixture: its time grows with the square of the size. */
export const LARGEST_MIXED = 256;

/** Default number of components of a mixture. */
export const COMPONENTS = 10;

interface Advice {
  readonly message: string;
  readonly hint: string;
}

/**
 * What to say if there are fewer images than components.
 *
 * @param label of the images, for a conditional model
 */
export function fewForMixture(components: number, count: number, label?: number): Advice {
  return {
    message: `a mixture of ${components} components needs at least ${components} images, but there are ${count}${label === undefined ? '' : ` with the label ${label}`}`,
    hint: 'use fewer `components`, or more images',
  };
}

/** What to say if no image has the label of the samples. */
export function noImagesOf(label: number, stage: string | undefined): Advice {
  return {
    message: `the mixture is fitted to images with the label ${label}, but \`${stage}\` has none`,
    hint: 'use `from: prior`, another `label`, or images of this class',
  };
}

/** The split of `data` that is encoded. */
export function splitOf({ from, split }: Pick<SampleSettings, 'from' | 'split'>): Split {
  return split ?? (from === 'posterior' ? 'test' : 'train');
}
