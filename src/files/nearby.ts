/** Suggests an existing path for one that does not exist. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, parse, resolve, sep } from 'node:path';
import { pathFrom } from '../core/path.ts';
import { suggest } from '../core/suggest.ts';

export type PathKind = 'file' | 'folder';

/** Maximum entries examined in a folder. */
const MOST_ENTRIES = 1000;
/** Maximum folders searched for a file of the same name. */
const MOST_FOLDERS = 200;
/** Maximum levels searched below the pipeline's folder. */
const DEEPEST = 3;

/**
 * An existing path that resembles a missing one: a name with a typo or another ending, or the same name in a nearby folder, such
 * as one below the working folder.
 *
 * @param folder absolute path of the folder to which relative paths are relative
 * @param path as it was written
 * @returns relative to `folder` if `path` is
 */
export async function nearbyPath(
  folder: string,
  path: string,
  kinds: readonly PathKind[],
): Promise<string | undefined> {
  const absolute = resolve(folder, path);
  const found =
    (await onlyInside(absolute, kinds)) ??
    (await respelled(absolute, kinds)) ??
    (await fromWorkingFolder(path, kinds)) ??
    (await search(folder, basename(absolute), kinds));
  if (found === undefined || found === absolute) return undefined;
  if (resolve(path) === path) return found;
  return pathFrom(folder, found);
}

/** Whether a path is a file or a folder, following links; undefined if it is neither. */
export async function kindOf(path: string): Promise<PathKind | undefined> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile() === true) return 'file';
  return found?.isDirectory() === true ? 'folder' : undefined;
}

/** The first names in a folder, in order, without hidden ones; none if it cannot be read. */
export async function visibleNames(folder: string, kinds: readonly PathKind[]): Promise<readonly string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .slice(0, MOST_ENTRIES)
    .filter((entry) => !entry.name.startsWith('.'))
    .filter((entry) =>
      entry.isDirectory() ? kinds.includes('folder') : kinds.includes('file') && !entry.isFIFO(),
    )
    .map(({ name }) => name)
    .sort();
}

/** The only file in a folder, if the path is a folder but a file is needed. */
async function onlyInside(absolute: string, kinds: readonly PathKind[]): Promise<string | undefined> {
  if (kinds.includes('folder') || (await kindOf(absolute)) !== 'folder') return undefined;
  const [only, ...others] = await visibleNames(absolute, kinds);
  return only === undefined || others.length > 0 ? undefined : join(absolute, only);
}

/** Walks down the path, and replaces each missing part with the most similar name in that folder. */
async function respelled(absolute: string, kinds: readonly PathKind[]): Promise<string | undefined> {
  let current = parse(absolute).root;
  const parts = absolute.slice(current.length).split(sep);
  for (const [index, part] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const next = join(current, part);
    const kind = await kindOf(next);
    if (kind !== undefined && (isLast ? kinds.includes(kind) : kind === 'folder')) {
      current = next;
      continue;
    }
    const names = await visibleNames(current, isLast ? kinds : ['folder']);
    const stem = basename(part, extname(part));
    const near =
      (isLast ? names.find((name) => name !== part && basename(name, extname(name)) === stem) : undefined) ??
      suggest(part, names);
    if (near === undefined) return undefined;
    current = join(current, near);
  }
  const kind = await kindOf(current);
  return kind !== undefined && kinds.includes(kind) ? current : undefined;
}

/** Relative paths are often written relative to the working folder. */
async function fromWorkingFolder(path: string, kinds: readonly PathKind[]): Promise<string | undefined> {
  const kind = await kindOf(resolve(path));
  return kind !== undefined && kinds.includes(kind) ? resolve(path) : undefined;
}

/** The same name in the folder, or in those below and beside it, nearest first. */
async function search(folder: string, name: string, kinds: readonly PathKind[]): Promise<string | undefined> {
  let level: readonly string[] = [folder, dirname(folder)];
  let seen = 0;
  for (let depth = 0; depth <= DEEPEST; depth += 1) {
    const below: string[] = [];
    for (const current of level) {
      seen += 1;
      if (seen > MOST_FOLDERS) return undefined;
      const kind = await kindOf(join(current, name));
      if (kind !== undefined && kinds.includes(kind)) return join(current, name);
      // The outputs contain copies, which the user does not mean.
      const folders = (await visibleNames(current, ['folder'])).filter(
        (each) => !['node_modules', 'outputs'].includes(each),
      );
      if (current !== dirname(folder)) below.push(...folders.map((each) => join(current, each)));
    }
    level = below;
  }
  return undefined;
}
