/** The files that `apply` writes: their names, and that they replace nothing unasked. */
import { realpath } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { failure, type Failure } from '../core/diagnostic.ts';
import { windowsProblem } from '../core/file-name.ts';
import { exists, fileFailure, makeFolder, writeFileAtomic } from '../files/atomic.ts';
import { move } from '../files/in-use.ts';
import { displayBytes, type ImageTile } from '../figures/image-grid.ts';
import { encodePng } from '../figures/png.ts';
import { writeNpy, type NpyArray } from '../formats/npy.ts';
import { shownName } from '../nodes/dataset/names.ts';

const PICTURE = 'comparison.png';

/** The files of arrays. */
export const FILES = {
  outputs: 'outputs.npy',
  latents: 'latents.npy',
  codes: 'codes.npy',
  names: 'names.json',
} as const;

/** A file to write, relative to the folder. */
export type Written =
  | { readonly file: string; readonly tile: ImageTile }
  | { readonly file: string; readonly array: NpyArray }
  | { readonly file: string; readonly bytes: string | Uint8Array };

/**
 * The names of the pictures of images.
 *
 * @param names without an ending
 * @throws Failure `name-clash` if two images would have one file on some system
 */
export function pictureFiles(names: readonly string[]): readonly string[] {
  const files = names.map((name) => `${name}.png`);
  const taken = new Map<string, string>();
  files.forEach((file, index) => {
    const name = `\`${shownName(names[index] ?? '')}\``;
    const other = taken.get(keyOf(file));
    if (other !== undefined) throw clash(file, [other, name]);
    taken.set(keyOf(file), name);
  });
  return files;
}

/**
 * The name of the picture of inputs and outputs: `comparison.png`, or `comparison-2.png` and so on. So pictures of other images
 * go into the same folder.
 *
 * @param others the other files to write
 */
export async function comparisonFile(
  folder: string,
  others: readonly string[],
  overwrite: boolean,
): Promise<string> {
  const taken = new Set(others.map(keyOf));
  const ending = extname(PICTURE);
  const stem = PICTURE.slice(0, -ending.length);
  for (let number = 1; ; number += 1) {
    const file = number === 1 ? PICTURE : `${stem}-${number}${ending}`;
    if (!taken.has(keyOf(file)) && (overwrite || !(await exists(join(folder, file))))) return file;
  }
}

/** Many disks do not distinguish upper and lower case, or how accents are written. */
function keyOf(file: string): string {
  return file.normalize('NFC').toLowerCase();
}

function clash(file: string, [one, other]: readonly [string, string]): Failure {
  return failure(
    'name-clash',
    one === other
      ? `two images are called ${one}: both would be written as \`${shownName(file)}\``
      : `the images ${one} and ${other} would both be written as \`${shownName(file)}\``,
    'rename one of them, apply the model to one of them at a time, or write arrays with `--to npy`',
  );
}

/** Files that Windows could not have, with the reason; undefined if there are none. */
export function windowsNote(files: readonly string[]): string | undefined {
  for (const file of files)
    for (const part of file.split('/')) {
      const problem = windowsProblem(part);
      if (problem !== undefined) return `\`${shownName(file)}\` cannot be copied to Windows: ${problem}`;
    }
  return undefined;
}

/**
 * Checks that files can be written, before the work.
 *
 * @param folder as the user named it
 * @param sources the user's own files, which are never replaced
 * @throws Failure `output-not-writable`
 */
export async function checkFree(
  folder: string,
  files: readonly string[],
  { sources, overwrite }: { readonly sources: readonly string[]; readonly overwrite: boolean },
): Promise<void> {
  const real = (path: string): Promise<string | undefined> => realpath(path).catch(() => undefined);
  const own = new Set(await Promise.all(sources.map(real)));
  const present: string[] = [];
  for (const file of files) {
    const path = join(folder, file);
    if (!(await exists(path))) continue;
    if (own.has(await real(path)))
      throw failure(
        'output-not-writable',
        `\`${shownName(path)}\` is one of the images: \`apply\` does not replace them`,
        'name another folder with `-o`',
      );
    present.push(path);
  }
  const [first] = present;
  if (overwrite || first === undefined) return;
  const more = present.length === 1 ? '' : `, and so do ${present.length - 1} more`;
  throw failure(
    'output-not-writable',
    `\`${shownName(first)}\` exists already${more}`,
    'add `--overwrite` to replace what is there, or name another folder with `-o`',
  );
}

/** Writes files. @throws Failure `disk-full` or `output-not-writable` */
export async function writeAll(folder: string, files: readonly Written[]): Promise<void> {
  const made = new Set<string>();
  for (const written of files) {
    const path = join(folder, written.file);
    try {
      if (!made.has(dirname(path))) await makeFolder(dirname(path));
      made.add(dirname(path));
      if ('array' in written) await writeArray(path, written.array);
      else await writeFileAtomic(path, 'tile' in written ? pngOf(written.tile) : written.bytes);
    } catch (error) {
      throw fileFailure(error, path, 'name another folder with `-o`');
    }
  }
}

async function writeArray(path: string, array: NpyArray): Promise<void> {
  const temporary = `${path}.tmp`;
  await writeNpy(temporary, array);
  await move(temporary, path);
}

function pngOf(tile: ImageTile): Uint8Array {
  const { width, height, channels } = tile;
  return encodePng({ width, height, channels, pixels: displayBytes(tile) });
}
