/** The images of a step's input, split by split. */
import { openImages, SPLITS, type ImageSetRecord, type StoredImages } from '../formats/images.ts';
import type { Split } from '../core/stage-type.ts';

/**
 * What a step makes of each split that an image set has.
 *
 * @param folder of the set with this record
 * @throws Failure if a file is damaged
 */
export async function changeSplits<Changed>(
  folder: string,
  { splits }: Pick<ImageSetRecord, 'splits'>,
  change: (images: StoredImages, split: Split) => Changed,
): Promise<Partial<Record<Split, Changed>>> {
  const changed: Partial<Record<Split, Changed>> = {};
  for (const split of SPLITS)
    if (splits[split] !== undefined) changed[split] = change(await openImages(folder, split), split);
  return changed;
}
