/** What `hourglass data PATH` finds for a file or a folder: the stage that reads it. */
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import { identifyFile } from '../../../formats/containers.ts';
import type { ContainerName } from '../../../formats/container.ts';
import { failure } from '../../../core/diagnostic.ts';
import { missingFile, namedAsWritten } from '../../own-files.ts';
import { shownName } from '../names.ts';
import { guessIdx, guessNpy, guessNpz, guessTable } from './arrays.ts';
import { guessFolder } from './folder.ts';
import type { Guess } from './guess.ts';
import { guessPictures } from './pictures.ts';

/**
 * Finds the source of a file or a folder by its content.
 *
 * @param path absolute
 * @param without a folder to leave out, such as that of the outputs
 * @throws Failure `data-missing` or `data-corrupt` if no source reads it, with what to do
 */
export async function guessSource(path: string, without?: string): Promise<Guess> {
  const options = without === undefined ? {} : { without };
  return (await kindOf(path)) === 'folder' ? guessFolder(path, options, guessFile) : guessFile(path);
}

type Guesser = (path: string) => Promise<Guess>;

const BY_CONTENT: Readonly<Partial<Record<ContainerName, Guesser>>> = {
  npy: guessNpy,
  npz: guessNpz,
  idx: guessIdx,
  table: guessTable,
  zip: guessPictures,
  tar: guessPictures,
  async picture(path) {
    const { what, settings } = await guessPictures(dirname(path));
    return { what: `a picture in ${what}`, settings };
  },
};

async function guessFile(path: string): Promise<Guess> {
  const found = await identifyFile(path);
  const guesser = found === undefined ? undefined : BY_CONTENT[found.name];
  const written = basename(path);
  if (guesser !== undefined) return namedAsWritten([{ absolute: path, written }], () => guesser(path));
  const unreadable = await missingFile({ path: written, folder: dirname(path), key: '' }, ['file']);
  if (unreadable !== undefined) throw failure(unreadable.code, unreadable.message, unreadable.hint);
  const name = shownName(written);
  const { size } = await stat(path);
  throw failure(
    'data-corrupt',
    `\`${name}\` is ${found?.what ?? (size === 0 ? 'empty' : 'of an unknown kind')}`,
    found?.hint ?? 'Hourglass reads NumPy arrays, IDX files, text tables, and folders and archives of images',
  );
}
