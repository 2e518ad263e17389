/** Chooses the files to read if only some are kept. */
import type { ImageFile, NamedImage } from './image-file.ts';
import type { ImageTree } from './tree.ts';

/** The order in which files are tried: one of each class in turn, the files of a class in the given order. */
export function inTurn<File extends Pick<NamedImage, 'className'>>(files: readonly File[]): readonly File[] {
  const classes = new Map<string | undefined, File[]>();
  for (const file of files) {
    const others = classes.get(file.className);
    if (others === undefined) classes.set(file.className, [file]);
    else others.push(file);
  }
  const longest = Math.max(0, ...[...classes.values()].map(({ length }) => length));
  return Array.from({ length: longest }, (_, turn) =>
    [...classes.values()].flatMap((all) => all[turn] ?? []),
  ).flat();
}

/**
 * Files in groups of `limit`: the second group is read only if images of the first could not be used.
 *
 * @param read reads the files with these names, in any order
 */
export async function* inStretches(
  names: readonly string[],
  limit: number,
  read: ImageTree['read'],
): AsyncGenerator<ImageFile> {
  const size = Math.min(limit, names.length);
  for (let start = 0; start < names.length; start += size) yield* read(names.slice(start, start + size));
}
