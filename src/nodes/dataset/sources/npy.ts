/** The source `npy`: the user's own NumPy arrays, each in a file. */
import { resolve } from 'node:path';
import type { NpyDatasetSettings } from '../../../schema/generated/settings.ts';
import type { Split } from '../../../core/stage-type.ts';
import type { NumpyPlace } from '../arrays/numpy.ts';
import { separateArrays, type ArrayKey } from '../arrays/own-arrays.ts';
import { firstRows } from '../raw.ts';
import type { NamedSplit } from '../arrays/class-labels.ts';

export const npy = separateArrays<NpyDatasetSettings>({ containers: ['npy'], readSplit });

/** @throws Failure `data-missing` or `data-corrupt` */
async function readSplit(
  settings: NpyDatasetSettings,
  folder: string,
  split: Split,
): Promise<NamedSplit | undefined> {
  const { openNumpyFile, readNumpyFile, readNumpySplit } = await import('../arrays/numpy.ts');
  const placeOf = (key: ArrayKey, variable: string): NumpyPlace | undefined => {
    const name = settings[key];
    if (name === undefined) return undefined;
    const [path, first] = [resolve(folder, name), firstRows(settings, split)];
    return {
      name,
      at: key,
      read: () => readNumpyFile(path, variable, first),
      open: () => openNumpyFile(path, variable, first),
    };
  };
  const images = placeOf(`${split}_images`, 'x');
  // Labels without images are useless.
  return images === undefined ? undefined : readNumpySplit(images, placeOf(`${split}_labels`, 'y'));
}
