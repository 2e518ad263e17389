/** A folder -> what of it is data: its images, or its files of arrays. */
import { basename, join } from 'node:path';
import { visibleNames } from '../../../files/nearby.ts';
import type { ContainerName } from '../../../formats/container.ts';
import { failure } from '../../../core/diagnostic.ts';
import { compareNames, shownName } from '../names.ts';
import { listImages } from '../pictures/layout.ts';
import { kindsIn } from './files.ts';
import type { Guess } from './guess.ts';
import { guessPictures, type PictureOptions } from './pictures.ts';

/** What is data in a folder without images. Of several kinds the first is meant. */
const KINDS: readonly ContainerName[] = ['npz', 'idx', 'npy', 'table', 'tar', 'zip'];

/** A name that says that a file is for training comes first. */
const TRAIN = /train/i;

type Guesser = (path: string) => Promise<Guess>;

/** @param named the folder that was asked for, where `path` lies in it */
export async function guessFolder(
  path: string,
  options: PictureOptions,
  guessFile: Guesser,
  named = path,
): Promise<Guess> {
  const tree = await listImages(path, { recursive: true, ...options });
  tree.close();
  if (tree.images.length > 0) return guessPictures(path, options);
  const kinds = await kindsIn(path);
  for (const kind of KINDS) {
    const names = kinds.get(kind) ?? [];
    const [first] = names.toSorted(
      (one, other) => Number(TRAIN.test(other)) - Number(TRAIN.test(one)) || compareNames(one, other),
    );
    if (first !== undefined) return guessOneOf(path, first, kinds, guessFile);
  }
  // A file that another tool wrote says what to do with it.
  const [other] = [...kinds.values()].flat();
  if (other !== undefined) return guessFile(join(path, other));
  // As torchvision has it: `MNIST/raw`.
  const [inner, ...more] = await visibleNames(path, ['folder']);
  if (inner !== undefined && more.length === 0)
    return guessFolder(join(path, inner), options, guessFile, named);
  throw failure(
    'data-missing',
    `\`${shownName(basename(named))}\` holds no data`,
    'data are NumPy arrays, IDX files, tables as text, or folders and archives of images',
  );
}

/** A file, and which of several it is: arrays in files of their own go together. */
async function guessOneOf(
  folder: string,
  name: string,
  kinds: ReadonlyMap<ContainerName, readonly string[]>,
  guessFile: Guesser,
): Promise<Guess> {
  const { what, settings } = await guessFile(join(folder, name));
  const isWhole = settings['path'] === undefined || settings['path'] === folder;
  const count = KINDS.reduce((sum, kind) => sum + (kinds.get(kind)?.length ?? 0), 0);
  const others = count === 1 ? '' : `, one of ${count} files of data`;
  return isWhole ? { what, settings } : { what: `\`${shownName(name)}\`, ${what}${others}`, settings };
}
