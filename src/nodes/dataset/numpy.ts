/** NumPy arrays of the user: of one `.npz` archive, or of `.npy` files. */
import { resolve } from 'node:path';
import { namesOf } from '../../formats/image-names.ts';
import { readNpz, readNumpyFile, toLabels, toPixels, type NumpyArray } from '../../formats/numpy.ts';
import type { NpyDatasetSettings, NpzDatasetSettings } from '../../schema/generated/settings.ts';
import { atSetting } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import { arraySource, type PixelKind, type RawSplit } from './raw.ts';

type ArrayKey = `${Split}_${'images' | 'labels'}`;

/** The arrays of an `.npz` archive that are read where the settings name none: their place is that of the archive. */
const KERAS_NAMES: Readonly<Record<ArrayKey, string>> = {
  train_images: 'x_train',
  train_labels: 'y_train',
  test_images: 'x_test',
  test_labels: 'y_test',
};

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readNumpySplit(
  settings: NpzDatasetSettings | NpyDatasetSettings,
  folder: string,
  split: Split,
): Promise<RawSplit | undefined> {
  const keys = { images: `${split}_images`, labels: `${split}_labels` } as const;
  const [images, labels] = [settings[keys.images], settings[keys.labels]];
  // Labels alone are of no use.
  if (images === undefined || images === null) return undefined;
  const placeOf = (key: ArrayKey): string =>
    settings.source === 'npz' && settings[key] === KERAS_NAMES[key] ? 'path' : key;
  const read = (name: string, key: ArrayKey, variable: string): Promise<NumpyArray> =>
    atSetting([placeOf(key)], async () => {
      if (settings.source === 'npy') return readNumpyFile(resolve(folder, name), variable);
      const [array] = await readNpz(resolve(folder, settings.path), [name], arrayHint(key));
      if (array === undefined) throw new Error('an archive without an array');
      return array;
    });
  const pixels = await read(images, keys.images, 'x');
  const data = await atSetting([placeOf(keys.images)], async () => toPixels(pixels));
  const raw: RawSplit = {
    images: {
      ...{ shape: pixels.shape, data, kind: kindOf(pixels.type.name), dtype: pixels.type.name },
      ...{ name: `\`${images}\``, at: placeOf(keys.images), save: pixels.save },
    },
    names: namesOf(arraySource(data), pixels.shape[0] ?? 0),
  };
  if (labels === undefined || labels === null) return raw;
  const array = await read(labels, keys.labels, 'y');
  const numbers = await atSetting([placeOf(keys.labels)], async () => toLabels(array));
  const { save } = array;
  return {
    ...raw,
    labels: { shape: [numbers.length], data: numbers, name: `\`${labels}\``, at: placeOf(keys.labels), save },
  };
}

/** What to do about an array that the archive does not have. */
function arrayHint(key: ArrayKey): string {
  const name = `name one of its arrays with \`${key}\``;
  if (key === 'train_images') return name;
  return `${name}, or set \`${key}: null\` if there are no ${key.replace('_', ' ').replace('train', 'training')}`;
}

function kindOf(type: string): PixelKind {
  if (type === 'bool' || type === 'uint8' || type === 'uint16') return type;
  return type.startsWith('float') ? 'float' : 'integer';
}
