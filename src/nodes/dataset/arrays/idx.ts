/** Arrays of IDX files as a split. */
import type { IdxArray } from '../../../formats/idx.ts';
import { namesOf } from '../../../formats/image-names.ts';
import type { RawArray, RawSplit } from '../raw.ts';

/** An array with what messages say about it. */
export type NamedIdx = Omit<RawArray<Uint8Array>, 'shape' | 'data'> & { readonly array: IdxArray };

/** @param source identifies the images: a part of their names */
export function fromIdx(source: string, { array: images, ...image }: NamedIdx, labels?: NamedIdx): RawSplit {
  const raw: RawSplit = {
    images: { ...image, ...images, kind: 'uint8', dtype: 'uint8' },
    names: namesOf(source, images.shape[0] ?? 0),
  };
  if (labels === undefined) return raw;
  const { array, ...label } = labels;
  return { ...raw, labels: { ...label, ...array } };
}
