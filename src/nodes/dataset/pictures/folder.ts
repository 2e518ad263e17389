/** The image files below a folder. */
import type { Dirent, Stats } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../../files/atomic.ts';
import { failure, type Failure } from '../../../core/diagnostic.ts';
import { problemOf } from './content.ts';
import { compareNames, isSystemName, readName, shownName } from '../names.ts';
import { readHead, readRegular, unreadable } from './regular.ts';
import { bySkippedName, Unusable, type Skipped } from './skipped.ts';
import type { ImageTree, TreeOptions } from './tree.ts';

/** Maximum number of folders to list: links can multiply them. */
const FOLDER_LIMIT = 2 ** 20;

export interface FolderOptions extends TreeOptions {
  /** A folder to leave out, such as the one with the test images. */
  readonly without?: string;
}

/**
 * Lists the images of a folder and of the folders in it. A file is an image if its content says so, or if its name ends like
 * that of one. Links are skipped unless `follow_links` is set: they could lead anywhere.
 *
 * @throws Failure `data-missing` if it cannot be read
 */
export async function listFolder(folder: string, options: FolderOptions = {}): Promise<ImageTree> {
  const { without } = options;
  const lister = new Lister(options, without === undefined ? undefined : await trueFolder(without));
  const own = options.followLinks === true ? await trueFolder(folder) : undefined;
  const entries = await readEntries(folder).catch((error: unknown) => {
    throw folderFailure(folder, errorCode(error));
  });
  await lister.add({ path: folder, prefix: '', above: own === undefined ? [] : [own] }, entries);
  return lister.tree();
}

interface Folder {
  readonly path: string;
  /** Its path below the listed folder, with `/` at the end. */
  readonly prefix: string;
  /** Its real path and those of the folders that led to it, if links are followed. */
  readonly above: readonly string[];
}

class Lister {
  readonly #options: TreeOptions;
  /** The real path of a folder to leave out. */
  readonly #excluded: string | undefined;
  readonly #images = new Map<string, string>();
  readonly #folders: string[] = [];
  readonly #skipped: Skipped[] = [];
  #listed = 0;

  constructor(options: TreeOptions, excluded: string | undefined) {
    this.#options = options;
    this.#excluded = excluded;
  }

  async add(folder: Folder, entries: readonly Dirent<Buffer>[]): Promise<void> {
    for (const entry of entries) {
      const { name, valid } = readName(entry.name);
      if (isSystemName(name)) continue;
      const full = `${folder.prefix}${name}`;
      try {
        const isFolder = await this.#isFolder(entry, valid ? join(folder.path, name) : undefined);
        if (isFolder) await this.#addFolder(folder, name);
        else await this.#addFile(folder, name);
      } catch (error) {
        if (!(error instanceof Unusable)) throw error;
        const shown = entry.isDirectory() ? `${full}/` : full;
        this.#skipped.push({ name: shown, kind: error.kind, reason: error.message });
      }
    }
  }

  /**
   * @param path undefined if the name is not valid text
   * @returns false for regular files
   * @throws Unusable if it is neither a folder nor a regular file
   */
  async #isFolder(entry: Dirent<Buffer>, path: string | undefined): Promise<boolean> {
    if (path === undefined) throw new Unusable('name', 'has a name that is not UTF-8');
    if (!entry.isSymbolicLink()) return isFolder(entry);
    if (this.#options.followLinks !== true)
      throw new Unusable('link', 'is a link, and links are not followed');
    const target = await stat(path).catch((error: unknown) => {
      if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errorCode(error)))
        throw new Unusable('link', 'is a link that leads nowhere');
      throw unreadable(error);
    });
    return isFolder(target);
  }

  async #addFile({ path, prefix }: Folder, name: string): Promise<void> {
    const [file, follow] = [join(path, name), this.#options.followLinks === true];
    const problem = await problemOf(name, (length) => readHead(file, length, { follow }));
    if (problem !== undefined) throw problem;
    this.#images.set(`${prefix}${name}`, file);
  }

  async #addFolder({ path, prefix, above }: Folder, name: string): Promise<void> {
    const inner = join(path, name);
    const follows = this.#options.followLinks === true;
    const own = follows || this.#excluded !== undefined ? await trueFolder(inner) : undefined;
    if (own !== undefined && own === this.#excluded) return;
    if (own !== undefined && above.includes(own))
      throw new Unusable('link', 'is a link to a folder that contains it');
    if (prefix !== '' && this.#options.recursive !== true)
      throw new Unusable('deep', 'is a folder in a folder of images, and only one level is read');
    this.#listed += 1;
    if (this.#listed > FOLDER_LIMIT)
      throw failure('data-corrupt', `there are more than ${FOLDER_LIMIT} folders`, 'name fewer with `path`');
    if (prefix === '') this.#folders.push(name);
    const entries = await readEntries(inner).catch((error: unknown) => {
      throw unreadable(error);
    });
    await this.add(
      { path: inner, prefix: `${prefix}${name}/`, above: own === undefined ? above : [...above, own] },
      entries,
    );
  }

  tree(): ImageTree {
    const paths = this.#images;
    const follow = this.#options.followLinks === true;
    return {
      images: [...paths.keys()].sort(compareNames),
      folders: this.#folders.sort(compareNames),
      skipped: this.#skipped.sort(bySkippedName),
      root: '',
      read: (names) =>
        names.flatMap((name) => {
          const path = paths.get(name);
          if (path === undefined) return [];
          const onDisk = { path, follow };
          return [{ name, onDisk, read: () => readRegular(path, { follow }) }];
        }),
      close: () => undefined,
    };
  }
}

function readEntries(folder: string): Promise<Dirent<Buffer>[]> {
  return readdir(folder, { withFileTypes: true, encoding: 'buffer' });
}

/** The real path of a folder; undefined if it cannot be found. */
function trueFolder(path: string): Promise<string | undefined> {
  return realpath(path).catch(() => undefined);
}

/** @throws Unusable unless it is a folder or a regular file */
function isFolder(entry: Dirent<Buffer> | Stats): boolean {
  if (entry.isFile()) return false;
  if (entry.isDirectory()) return true;
  const what = entry.isFIFO() ? 'named pipe' : entry.isSocket() ? 'socket' : 'device';
  throw new Unusable('special', `is a ${what}`);
}

/** What is wrong with a folder that cannot be listed. */
function folderFailure(folder: string, code: string): Failure {
  const path = `\`${shownName(folder)}\``;
  if (code === 'ENOENT') {
    return failure(
      'data-missing',
      `the folder ${path} does not exist`,
      'paths are relative to the pipeline file',
    );
  }
  if (code === 'ENOTDIR')
    return failure('data-missing', `${path} is not a folder`, 'name a folder of images');
  return failure('data-missing', `the folder ${path} cannot be read (${code})`, 'check its permissions');
}
