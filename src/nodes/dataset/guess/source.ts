/** What `hourglass data PATH` makes of a file or a folder: the stage that reads it. */
import { basename, resolve } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import { identifyFile, type ContainerName } from '../../../formats/containers.ts';
import { failure } from '../../../core/diagnostic.ts';
import { shownName } from '../names.ts';
import { guessIdx, guessNpy, guessNpz, guessTable } from './arrays.ts';
import { guessFolder } from './folder.ts';
import type { Guess } from './guess.ts';
import { guessPictures } from './pictures.ts';

/**
 * Finds the source of a file or a folder by its content.
 *
 * @param path absolute
 * @throws Failure `data-missing` or `data-corrupt` for what no source reads, with what to do
 */
export async function guessSource(path: string): Promise<Guess> {
  return (await kindOf(path)) === 'folder' ? guessFolder(path, guessFile) : guessFile(path);
}

type Guesser = (path: string) => Promise<Guess>;

const BY_CONTENT: Readonly<Partial<Record<ContainerName, Guesser>>> = {
  npy: guessNpy,
  npz: guessNpz,
  idx: guessIdx,
  table: guessTable,
  zip: guessPictures,
  tar: guessPictures,
  picture: (path) => guessPictures(resolve(path, '..')),
};

async function guessFile(path: string): Promise<Guess> {
  const found = await identifyFile(path);
  const name = shownName(basename(path));
  if (found === undefined) {
    throw failure(
      'data-corrupt',
      `\`${name}\` is of no kind that is known`,
      'data are NumPy arrays, IDX files, tables as text, or folders and archives of images',
    );
  }
  const guesser = BY_CONTENT[found.name];
  if (guesser !== undefined) return guesser(path);
  throw failure('data-corrupt', `\`${name}\` is ${found.what}`, found.hint);
}
