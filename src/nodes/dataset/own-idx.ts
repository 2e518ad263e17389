/** Arrays in MNIST's IDX format: the user's own, and those of known sets. */
import { resolve } from 'node:path';
import { idxSaveLine, readIdx, type IdxArray } from '../../formats/idx.ts';
import { namesOf } from '../../formats/image-names.ts';
import type { SaveLine } from '../../formats/numpy.ts';
import type { IdxDatasetSettings } from '../../schema/generated/settings.ts';
import { atSetting } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import { arraySource, type RawArray, type RawSplit } from './raw.ts';

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readIdxSplit(
  settings: IdxDatasetSettings,
  folder: string,
  split: Split,
): Promise<RawSplit | undefined> {
  const read = async (
    key: keyof IdxDatasetSettings & `${Split}_${string}`,
  ): Promise<NamedIdx | undefined> => {
    const path = settings[key];
    if (path === undefined) return undefined;
    const array = await atSetting([key], () => readIdx(resolve(folder, path)));
    const variable = key.endsWith('images') ? 'x' : 'y';
    const save: SaveLine = (change = (x) => x) => idxSaveLine(path, change(variable));
    return { array, name: `\`${path}\``, at: key, save };
  };
  const images = await read(`${split}_images`);
  return images === undefined
    ? undefined
    : fromIdx(arraySource(images.array.data), images, await read(`${split}_labels`));
}

type NamedIdx = Omit<RawArray<Uint8Array>, 'shape' | 'data'> & { readonly array: IdxArray };

/** One split of IDX arrays. */
export function fromIdx(source: string, { array: images, ...image }: NamedIdx, labels?: NamedIdx): RawSplit {
  const raw: RawSplit = {
    images: { ...image, ...images, kind: 'uint8', dtype: 'uint8' },
    names: namesOf(source, images.shape[0] ?? 0),
  };
  if (labels === undefined) return raw;
  const { array, ...label } = labels;
  return { ...raw, labels: { ...label, ...array } };
}
