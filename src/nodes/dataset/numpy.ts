/** NumPy arrays of the user: of one `.npz` archive, or of `.npy` files. */
import { resolve } from 'node:path';
import { namesOf } from '../../artifacts/image-names.ts';
import { readNpz, readNumpyFile, toLabels, toPixels, type NumpyArray } from '../../artifacts/numpy.ts';
import type { NpyDatasetSettings, NpzDatasetSettings } from '../../config/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';
import { arraySource, type RawSplit } from './raw.ts';

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readNumpySplit(
  settings: NpzDatasetSettings | NpyDatasetSettings,
  folder: string,
  split: Split,
): Promise<RawSplit | undefined> {
  const [images, labels] =
    split === 'train'
      ? [settings.train_images, settings.train_labels]
      : [settings.test_images, settings.test_labels];
  // Labels alone are of no use.
  if (images === undefined || images === null) return undefined;
  const names = labels === undefined || labels === null ? [images] : [images, labels];
  const arrays =
    settings.source === 'npz'
      ? await readNpz(resolve(folder, settings.path), names)
      : await Promise.all(names.map((name) => readNumpyFile(resolve(folder, name))));
  return toRaw(arrays, `\`${images}\``);
}

function toRaw([images, labels]: readonly NumpyArray[], imagesName: string): RawSplit {
  if (images === undefined) throw new Error('arrays without images');
  const pixels = toPixels(images);
  const numbers = labels === undefined ? undefined : toLabels(labels);
  return {
    images: { shape: images.shape, data: pixels },
    ...(numbers === undefined ? {} : { labels: { shape: [numbers.length], data: numbers } }),
    names: namesOf(arraySource(pixels), images.shape[0] ?? 0),
    imagesName,
  };
}
