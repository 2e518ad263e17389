/** A folder -> its data: images, or files with arrays. */
import { basename, join } from 'node:path';
import { visibleNames } from '../../../files/nearby.ts';
import type { ContainerName } from '../../../formats/container.ts';
import { failure } from '../../../core/diagnostic.ts';
import { compareNames, shownName } from '../names.ts';
import { listImages } from '../pictures/layout.ts';
import { kindsIn } from './files.ts';
import type { Guess } from './guess.ts';
import { guessPictures, type PictureOptions } from './pictures.ts';

/** Kinds of data in a folder without images. The first kind found counts. */
const KINDS: readonly ContainerName[] = ['npz', 'idx', 'npy', 'table', 'tar', 'zip'];

/** Files whose name says that they are for training come first. */
const TRAIN = /train/i;

type Guesser = (path: string) => Promise<Guess>;

/** @param named the requested folder, if `path` is inside it */
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
  // For a file of another tool, the message says what to do.
  const [other] = [...kinds.values()].flat();
  if (other !== undefined) return guessFile(join(path, other));
  // torchvision's layout: `MNIST/raw`.
  const [inner, ...more] = await visibleNames(path, ['folder']);
  if (inner !== undefined && more.length === 0)
    return guessFolder(join(path, inner), options, guessFile, named);
  throw failure(
    'data-missing',
    `\`${shownName(basename(named))}\` holds no data`,
    'Hourglass reads NumPy arrays, IDX files, text tables, and folders and archives of images',
  );
}

/** A file, and its part in a set: arrays in separate files belong together. */
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
