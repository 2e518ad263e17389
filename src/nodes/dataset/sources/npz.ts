/** The source `npz`: the user's own NumPy arrays, in one archive or in one for each split. */
import { resolve } from 'node:path';
import type { NpzDatasetSettings } from '../../../schema/generated/settings.ts';
import { atSetting, failure, type Failure } from '../../../core/diagnostic.ts';
import type { Split } from '../../../core/stage-type.ts';
import { suggest } from '../../../core/suggest.ts';
import { printable } from '../../../core/text.ts';
import type { ArrayEntry } from '../../../formats/npz.ts';
import { tuple } from '../../../formats/numpy.ts';
import { guessArrays } from '../arrays/guess-arrays.ts';
import type { NumpyPlace } from '../arrays/numpy.ts';
import { identitiesOf, ownArrays, type ArrayKey } from '../arrays/own-arrays.ts';
import { identityAt } from '../identity.ts';
import { firstRows } from '../raw.ts';
import type { NamedSplit } from '../arrays/class-labels.ts';

/** The arrays to read if the settings name none. Problems with them are reported at the archive. */
const KERAS_NAMES: Readonly<Record<ArrayKey, string>> = {
  train_images: 'x_train',
  train_labels: 'y_train',
  test_images: 'x_test',
  test_labels: 'y_test',
};

/** How many arrays a message lists. */
const LISTED = 20;

const files = ({ path, test_path }: NpzDatasetSettings) => ({ path, test_path });

export const npz = ownArrays<NpzDatasetSettings>({
  containers: ['npz', 'zip'],
  describe: ({ test_images: test, train_labels: labels }) => ({
    splits: test === null ? ['train'] : ['train', 'test'],
    labeled: labels !== null,
  }),
  files,
  fingerprint: (settings, folder) =>
    settings.test_path === undefined
      ? identityAt('path', resolve(folder, settings.path))
      : identitiesOf({ files }, settings, folder),
  readSplit,
});

/** @throws Failure `data-missing` or `data-corrupt` */
async function readSplit(
  settings: NpzDatasetSettings,
  folder: string,
  split: Split,
): Promise<NamedSplit | undefined> {
  const { listNpz, openNpz, readNpz, readNumpySplit } = await import('../arrays/numpy.ts');
  const file = split === 'test' && settings.test_path !== undefined ? 'test_path' : 'path';
  const path = resolve(folder, settings[file] ?? settings.path);
  const names = await namesOf(settings, file, () => atSetting([file], () => listNpz(path)));
  const placeOf = (key: ArrayKey): NumpyPlace | undefined => {
    const name = names[key];
    if (name === null) return undefined;
    return {
      name,
      at: settings[key] === KERAS_NAMES[key] ? file : key,
      async read() {
        const array = await readNpz(path, name, firstRows(settings, split));
        if (array !== undefined) return array;
        throw lacking(await listNpz(path), { path, name, key, names, file });
      },
      open: () => openNpz(path, name, firstRows(settings, split)),
    };
  };
  const images = placeOf(`${split}_images`);
  // Labels without images are useless.
  return images === undefined ? undefined : readNumpySplit(images, placeOf(`${split}_labels`));
}

type Names = Readonly<Record<ArrayKey, string | null>>;

type File = 'path' | 'test_path';

/** The names of the arrays in a file. Test arrays in a separate file may have the names of the training arrays. */
async function namesOf(
  settings: NpzDatasetSettings,
  file: File,
  list: () => Promise<readonly ArrayEntry[]>,
): Promise<Names> {
  if (file === 'path' || settings.test_images === null) return settings;
  const known = new Set((await list()).map(({ name }) => name));
  const nameOf = (own: 'test_images' | 'test_labels', usual: ArrayKey): string | null => {
    const name = settings[own];
    return name === KERAS_NAMES[own] && !known.has(name) ? settings[usual] : name;
  };
  return {
    ...settings,
    test_images: nameOf('test_images', 'train_images'),
    test_labels: nameOf('test_labels', 'train_labels'),
  };
}

/** The failure for an array that an archive does not contain. */
interface Lacking {
  readonly path: string;
  readonly name: string;
  readonly key: ArrayKey;
  readonly names: Names;
  readonly file: File;
}

function lacking(entries: readonly ArrayEntry[], own: Lacking): Failure {
  const listed = entries
    .slice(0, LISTED)
    .map(({ name, shape }) => `\`${printable(name)}\`${shape === undefined ? '' : ` ${tuple(shape)}`}`);
  const more = entries.length > LISTED ? ` and ${entries.length - LISTED} more` : '';
  return failure(
    'data-missing',
    `\`${own.path}\` has no array \`${own.name}\`, but ${listed.join(', ') || 'nothing'}${more}`,
    arrayHint(entries, own),
  );
}

/** What to write instead of names that an archive does not contain. */
function arrayHint(entries: readonly ArrayEntry[], { name, key, names, file }: Lacking): string {
  const known = entries.map((entry) => entry.name);
  if (known.length === 0) return "save arrays in it: `np.savez_compressed('data.npz', x_train=x, y_train=y)`";
  const near = name === KERAS_NAMES[key] ? undefined : suggest(name, known);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  const guess = guessArrays(entries);
  if (guess === undefined) return `name one of its arrays with \`${key}\``;
  // A separate file of test arrays is like one of training arrays.
  const meant: Names =
    file === 'path' ? guess : { ...names, test_images: guess.train_images, test_labels: guess.train_labels };
  const keys = (['train_images', 'train_labels', 'test_images', 'test_labels'] as const)
    .filter((each) => file === 'path' || each.startsWith('test'))
    .filter((each) => names[each] !== null && !known.includes(names[each]))
    .filter((each) => each !== 'test_labels' || meant.test_images !== null);
  return `write ${keys.map((each) => `\`${each}: ${meant[each] ?? 'null'}\``).join(', ')}`;
}
