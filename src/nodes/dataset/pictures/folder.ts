/** Image files below a folder: loose, or in one folder for each class. */
import type { Dirent } from 'node:fs';
import { readdir, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../../files/atomic.ts';
import { formatOf, HEAD_BYTES, isArchive } from '../../../formats/image-format.ts';
import { failure, type Failure } from '../../../core/diagnostic.ts';
import { problemOf } from './content.ts';
import type { ImageFile } from './image-file.ts';
import { compareNames, isSystemName, readName, shownName } from '../names.ts';
import { readHead, readRegular, unreadable } from './regular.ts';
import { bySkippedName, sumUp, Unusable, type Skipped } from './skipped.ts';

export interface FolderListing {
  /** Images in the folder itself, in the order of their names. */
  readonly loose: readonly ImageFile[];
  /** Images in its folders, in the order of their names. */
  readonly sorted: readonly Required<ImageFile>[];
  /** Its folders. */
  readonly folders: readonly string[];
  /** All other files and folders, except hidden and system ones. */
  readonly skipped: readonly Skipped[];
}

/**
 * Lists the images of a folder and of the folders in it. A file is an image if its content says so, or if its name ends as that
 * of one. Links are passed over: they could lead anywhere.
 *
 * @param without a folder to leave out, such as the one with the test images
 * @throws Failure `data-missing` if it cannot be read
 */
export async function listFolder(folder: string, without?: string): Promise<FolderListing> {
  const entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' }).catch(
    async (error: unknown) => {
      throw await folderFailure(folder, errorCode(error));
    },
  );
  const excluded = without === undefined ? undefined : await realpath(without).catch(() => undefined);
  const loose: ImageFile[] = [];
  const sorted: Required<ImageFile>[] = [];
  const folders: string[] = [];
  const skipped: Skipped[] = [];
  for (const { name, isFolder, problem } of entries.flatMap(readEntry)) {
    const path = join(folder, name);
    if (isFolder && problem === undefined && excluded !== undefined && (await realpath(path)) === excluded)
      continue;
    const reason = problem ?? (isFolder ? undefined : await problemOf(path, name));
    if (reason !== undefined) skipped.push(skip(name, isFolder, reason));
    else if (!isFolder) loose.push({ name, read: () => readRegular(path) });
    else {
      folders.push(name);
      const inner = await listClass(path, name);
      sorted.push(...inner.images);
      skipped.push(...inner.skipped);
    }
  }
  const byName = (a: ImageFile, b: ImageFile): number => compareNames(a.name, b.name);
  return {
    loose: loose.sort(byName),
    sorted: sorted.sort(byName),
    folders: folders.sort(compareNames),
    skipped: skipped.sort(bySkippedName),
  };
}

/** The images of one class. */
async function listClass(
  folder: string,
  className: string,
): Promise<{ readonly images: readonly Required<ImageFile>[]; readonly skipped: readonly Skipped[] }> {
  const images: Required<ImageFile>[] = [];
  const skipped: Skipped[] = [];
  let entries: readonly Dirent<Buffer>[];
  try {
    entries = await readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  } catch (error) {
    const reason = unreadable(error);
    if (!(reason instanceof Unusable)) throw reason;
    return { images, skipped: [skip(className, true, reason)] };
  }
  for (const { name, isFolder, problem } of entries.flatMap(readEntry)) {
    const path = join(folder, name);
    const deep = new Unusable('deep', 'is a folder in a folder of images, and only one level is read');
    const reason = problem ?? (isFolder ? deep : await problemOf(path, name));
    const full = `${className}/${name}`;
    if (reason === undefined) images.push({ name: full, className, read: () => readRegular(path) });
    else skipped.push(skip(full, isFolder, reason));
  }
  return { images, skipped };
}

function skip(name: string, isFolder: boolean, { kind, message }: Unusable): Skipped {
  return { name: isFolder ? `${name}/` : name, kind, reason: message };
}

interface FolderEntry {
  readonly name: string;
  readonly isFolder: boolean;
  /** Why it is passed over without a look at it. */
  readonly problem?: Unusable;
}

/** @returns undefined for hidden and system files */
function readEntry(entry: Dirent<Buffer>): readonly FolderEntry[] {
  const { name, valid } = readName(entry.name);
  if (isSystemName(name)) return [];
  const isFolder = entry.isDirectory();
  const problem = valid ? problemOfType(entry) : new Unusable('name', 'has a name that is not UTF-8');
  return [{ name, isFolder, ...(problem === undefined ? {} : { problem }) }];
}

function problemOfType(entry: Dirent<Buffer>): Unusable | undefined {
  if (entry.isFile() || entry.isDirectory()) return undefined;
  if (entry.isSymbolicLink()) return new Unusable('link', 'is a link, and links are not followed');
  const what = entry.isFIFO() ? 'named pipe' : entry.isSocket() ? 'socket' : 'device';
  return new Unusable('special', `is a ${what}`);
}

/** What is wrong with a folder that cannot be listed. */
async function folderFailure(folder: string, code: string): Promise<Failure> {
  const path = `\`${shownName(folder)}\``;
  if (code === 'ENOENT') {
    return failure(
      'data-missing',
      `the folder ${path} does not exist`,
      'paths are relative to the pipeline file',
    );
  }
  if (code !== 'ENOTDIR')
    return failure('data-missing', `the folder ${path} cannot be read (${code})`, 'check its permissions');
  const head = await readHead(folder, HEAD_BYTES).catch(() => Buffer.of());
  if (formatOf(head) !== undefined) {
    return failure('data-missing', `${path} is an image, not a folder`, 'name the folder that holds it');
  }
  return isArchive(head)
    ? failure(
        'data-missing',
        `${path} is an archive, not a folder`,
        'unpack it, and name the folder that it holds',
      )
    : failure('data-missing', `${path} is not a folder`, 'name a folder of images');
}

/**
 * Whether folders are classes: where most images lie in folders. Images that lie otherwise are passed over.
 *
 * @throws Failure `data-missing` if there is no image
 */
export function findImages(
  { loose, sorted, skipped }: FolderListing,
  path: string,
): { readonly files: readonly ImageFile[]; readonly skipped: readonly Skipped[] } {
  if (loose.length + sorted.length === 0) throw nothingFailure(skipped, path);
  if (sorted.length >= loose.length) {
    const reason = 'is an image outside the class folders';
    return {
      files: sorted,
      skipped: [...skipped, ...loose.map(({ name }) => ({ name, kind: 'loose', reason }) as const)],
    };
  }
  const reason = 'is in a folder beside loose images, which are more';
  return {
    files: loose,
    skipped: [...skipped, ...sorted.map(({ name }) => ({ name, kind: 'nested', reason }) as const)],
  };
}

function nothingFailure(skipped: readonly Skipped[], path: string): Error {
  const deep = skipped.find(({ kind }) => kind === 'deep')?.name.split('/')[0];
  const others = skipped.some(({ kind }) => kind === 'format');
  return failure(
    'data-missing',
    `\`${shownName(path)}\` holds no images${skipped.length === 0 ? '' : `, but ${sumUp(skipped)}`}`,
    deep !== undefined
      ? `images lie in \`path\`, or in folders of it: name a folder such as \`${shownName(`${path.replace(/(?<!\/)\/+$/, '')}/${deep}`)}\``
      : others
        ? 'convert the images to PNG, for example with `mogrify -format png`'
        : 'hidden files and those of the system do not count',
  );
}
