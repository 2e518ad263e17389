/** The source `idx`: the user's own files in MNIST's IDX format. */
import { resolve } from 'node:path';
import { idxSaveLine, readIdx } from '../../../formats/idx.ts';
import type { IdxDatasetSettings } from '../../../schema/generated/settings.ts';
import type { Split } from '../../../core/stage-type.ts';
import type { NamedSplit } from '../arrays/class-labels.ts';
import type { NumpyPlace } from '../arrays/numpy.ts';
import { firstRows } from '../raw.ts';
import { separateArrays, type ArrayKey } from '../arrays/own-arrays.ts';

export const idx = separateArrays<IdxDatasetSettings>({ containers: ['idx'], readSplit });

/** @throws Failure `data-missing` or `data-corrupt` */
async function readSplit(
  settings: IdxDatasetSettings,
  folder: string,
  split: Split,
): Promise<NamedSplit | undefined> {
  const { readNumpySplit } = await import('../arrays/numpy.ts');
  const placeOf = (key: ArrayKey, variable: string): NumpyPlace | undefined => {
    const path = settings[key];
    if (path === undefined) return undefined;
    const read = async () => ({
      ...(await readIdx(resolve(folder, path), firstRows(settings, split))),
      name: path,
      save: (change = (x: string) => x) => idxSaveLine(path, change(variable)),
    });
    return { name: path, at: key, read };
  };
  const images = placeOf(`${split}_images`, 'x');
  // Labels without images are useless.
  return images === undefined ? undefined : readNumpySplit(images, placeOf(`${split}_labels`, 'y'));
}
