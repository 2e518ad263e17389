/** Which images of a folder or an archive are used, and which class each has. */
import { basename } from 'node:path';
import { failure } from '../../../core/diagnostic.ts';
import { kindOf } from '../../../files/nearby.ts';
import { shownName } from '../names.ts';
import { listArchive, type ArchiveOptions } from './archive.ts';
import { listFolder, type FolderOptions } from './folder.ts';
import type { NamedImage } from './image-file.ts';
import { sumUp, type Skipped, type SkipKind } from './skipped.ts';
import type { ImageTree } from './tree.ts';

/** The images that are used, in the order of their names, and what is passed over. */
export interface Arranged {
  readonly files: readonly NamedImage[];
  readonly skipped: readonly Skipped[];
}

/**
 * Lists the images of a folder or an archive.
 *
 * @param path absolute
 * @param options with the path of an archive as messages name it
 * @throws Failure `data-missing`, `data-corrupt` or `interrupted`
 */
export async function listImages(
  path: string,
  options: FolderOptions & Pick<ArchiveOptions, 'shown'>,
  signal?: AbortSignal,
): Promise<ImageTree> {
  if ((await kindOf(path)) !== 'file') return listFolder(path, options);
  const { recursive = false, shown = basename(path) } = options;
  return listArchive(path, { recursive, shown, single: 'root', ...(signal === undefined ? {} : { signal }) });
}

/**
 * Folders are classes where most images lie in folders. Images that lie otherwise are passed over.
 *
 * @param path as the setting names it
 * @throws Failure `data-missing` if there is no image
 */
export function byFolder({ images, skipped }: ImageTree, path: string): Arranged {
  if (images.length === 0) throw nothingFailure(skipped, path);
  const loose = images.filter((name) => !name.includes('/'));
  const sorted = images.filter((name) => name.includes('/'));
  if (sorted.length >= loose.length) {
    const reason = 'is an image outside the class folders';
    return {
      files: sorted.map((name) => ({ name, className: name.split('/')[0] ?? '' })),
      skipped: [...skipped, ...loose.map((name) => ({ name, kind: 'loose', reason }) as const)],
    };
  }
  const reason = 'is in a folder beside loose images, which are more';
  return {
    files: loose.map((name) => ({ name })),
    skipped: [...skipped, ...sorted.map((name) => ({ name, kind: 'nested', reason }) as const)],
  };
}

/**
 * All images, wherever they lie, without classes.
 *
 * @throws Failure `data-missing` if there is none
 */
export function withoutLabels({ images, skipped }: ImageTree, path: string): Arranged {
  if (images.length === 0) throw nothingFailure(skipped, path);
  return { files: images.map((name) => ({ name })), skipped };
}

export function nothingFailure(skipped: readonly Skipped[], path: string): Error {
  const [kind, advise] = ADVICE.find(([one]) => skipped.some((item) => item.kind === one)) ?? [];
  return failure(
    'data-missing',
    `\`${shownName(path)}\` holds no images${skipped.length === 0 ? '' : `, but ${sumUp(skipped)}`}`,
    advise?.(path, skipped.find((item) => item.kind === kind)?.name ?? '') ??
      'hidden files and those of the system do not count',
  );
}

/** What to do where no image is found, by what is there instead: the first that fits. */
const ADVICE: readonly (readonly [SkipKind, (path: string, name: string) => string])[] = [
  [
    'deep',
    (path, name) =>
      `images lie in \`path\`, or in folders of it: name a folder such as \`${shownName(`${path.replace(/(?<!\/)\/+$/, '')}/${name.split('/')[0] ?? ''}`)}\`, or add \`recursive: true\``,
  ],
  ['link', () => 'to follow links, add `follow_links: true`'],
  [
    'archive-link',
    () => 'pack the files themselves: `tar --dereference --hard-dereference`, or `zip -r` without `-y`',
  ],
  ['format', () => 'convert the images to PNG, for example with `mogrify -format png`'],
  ['packing', () => 'pack the folder again, with `zip -r` or `tar -cf` and no other option'],
  ['name', () => 'rename the files; in an archive, paths begin with the name of a file or a folder'],
  ['unreadable', () => 'check the permissions'],
  [
    'foreign',
    () =>
      'unpack what is packed in it; `hourglass data FILE` says which source reads a file that is no image',
  ],
];
