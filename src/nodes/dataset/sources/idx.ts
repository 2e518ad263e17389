/** The source `idx`: files of the user's own in MNIST's IDX format. */
import { resolve } from 'node:path';
import { idxSaveLine, readIdx } from '../../../formats/idx.ts';
import type { SaveLine } from '../../../formats/numpy.ts';
import type { IdxDatasetSettings } from '../../../schema/generated/settings.ts';
import { atSetting } from '../../../core/diagnostic.ts';
import type { Split } from '../../../core/stage-type.ts';
import { fromIdx, type NamedIdx } from '../arrays/idx.ts';
import { separateArrays, type ArrayKey } from '../arrays/own-arrays.ts';
import { arraySource, type RawSplit } from '../raw.ts';

export const idx = separateArrays<IdxDatasetSettings>({
  // Files of bytes hold bytes, but masks go from 0 to 1: where nothing is divided, only the files tell the range.
  range: ({ normalize }) => (normalize === 'minmax' ? [0, 1] : undefined),
  readSplit,
});

/** @throws Failure `data-missing` or `data-corrupt` */
async function readSplit(
  settings: IdxDatasetSettings,
  folder: string,
  split: Split,
): Promise<RawSplit | undefined> {
  const read = async (key: ArrayKey): Promise<NamedIdx | undefined> => {
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
