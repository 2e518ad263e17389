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

/** The images that are used, in the order of their names, and skipped files. */
export interface Arranged {
  readonly files: readonly NamedImage[];
  readonly skipped: readonly Skipped[];
}

/**
 * Lists the images of a folder or an archive.
 *
 * @param path absolute
 * @param options with the path of an archive for messages
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
 * Folders are classes if most images are in folders. Images elsewhere are skipped.
 *
 * @param path as written in the setting
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
  const reason = 'is in a folder, but most images are not';
  return {
    files: loose.map((name) => ({ name })),
    skipped: [...skipped, ...sorted.map((name) => ({ name, kind: 'nested', reason }) as const)],
  };
}

/**
 * All images at any depth, without classes.
 *
 * @throws Failure `data-missing` if there is no image
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
      'hidden and system files are ignored',
  );
}

/** What to do if no image is found, by what was found instead. The first match counts. */
const ADVICE: readonly (readonly [SkipKind, (path: string, name: string) => string])[] = [
  [
    'deep',
    (path, name) =>
      `images must be in \`path\` or in folders directly below it: name a folder such as \`${shownName(`${path.replace(/(?<!\/)\/+$/, '')}/${name.split('/')[0] ?? ''}`)}\`, or add \`recursive: true\``,
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
      'unpack archives inside it; `hourglass data FILE` says which source reads a file that is not an image',
  ],
];
