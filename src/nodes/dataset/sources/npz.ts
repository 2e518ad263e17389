/** The source `npz`: an archive of NumPy arrays of the user's own. */
import { resolve } from 'node:path';
import type { NpzDatasetSettings } from '../../../schema/generated/settings.ts';
import type { Split } from '../../../core/stage-type.ts';
import type { NumpyPlace } from '../arrays/numpy.ts';
import { ownArrays, type ArrayKey } from '../arrays/own-arrays.ts';
import { identityAt } from '../identity.ts';
import type { NamedSplit } from '../arrays/class-labels.ts';

/** The arrays that are read where the settings name none: a problem with them is told at the archive. */
const KERAS_NAMES: Readonly<Record<ArrayKey, string>> = {
  train_images: 'x_train',
  train_labels: 'y_train',
  test_images: 'x_test',
  test_labels: 'y_test',
};

export const npz = ownArrays<NpzDatasetSettings>({
  containers: ['npz', 'zip'],
  describe: ({ test_images: test, train_labels: labels }) => ({
    splits: test === null ? ['train'] : ['train', 'test'],
    labeled: labels !== null,
  }),
  files: ({ path }) => ({ path }),
  fingerprint: ({ path }, folder) => identityAt('path', resolve(folder, path)),
  readSplit,
});

/** @throws Failure `data-missing` or `data-corrupt` */
async function readSplit(
  settings: NpzDatasetSettings,
  folder: string,
  split: Split,
): Promise<NamedSplit | undefined> {
  const { readNpz, readNumpySplit } = await import('../arrays/numpy.ts');
  const placeOf = (key: ArrayKey): NumpyPlace | undefined => {
    const name = settings[key];
    if (name === null) return undefined;
    return {
      name,
      at: name === KERAS_NAMES[key] ? 'path' : key,
      async read() {
        const [array] = await readNpz(resolve(folder, settings.path), [name], arrayHint(key));
        if (array === undefined) throw new Error('an archive without an array');
        return array;
      },
    };
  };
  const images = placeOf(`${split}_images`);
  // Labels alone are of no use.
  return images === undefined ? undefined : readNumpySplit(images, placeOf(`${split}_labels`));
}

/** What to do about an array that the archive does not have. */
function arrayHint(key: ArrayKey): string {
  const name = `name one of its arrays with \`${key}\``;
  if (key === 'train_images') return name;
  return `${name}, or set \`${key}: null\` if there are no ${key.replace('_', ' ').replace('train', 'training')}`;
}
