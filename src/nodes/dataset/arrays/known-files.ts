/** The files of sets that are known by name, in MNIST's layout: finding, identifying and reading them. */
import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { errorCode } from '../../../files/atomic.ts';
import { kindOf } from '../../../files/nearby.ts';
import { parseIdx, type IdxArray } from '../../../formats/idx.ts';
import { failure } from '../../../core/diagnostic.ts';
import { sha256 } from '../../../core/json.ts';
import type { Finding, Split } from '../../../core/stage-type.ts';
import { missingFile, pathFinding, withContent, type NamedPath } from '../../own-files.ts';
import { shownName } from '../names.ts';

export type Part = 'images' | 'labels';

/** One of the files. `sha256` is the hash of its content, which mirrors gzip in different ways. */
export interface IdxPin {
  readonly split: Split;
  readonly part: Part;
  readonly name: string;
  readonly sha256: string;
}

export const MNIST_FILES: readonly IdxPin[] = [
  {
    split: 'train',
    part: 'images',
    name: 'train-images-idx3-ubyte',
    sha256: 'ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db',
  },
  {
    split: 'train',
    part: 'labels',
    name: 'train-labels-idx1-ubyte',
    sha256: '65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5',
  },
  {
    split: 'test',
    part: 'images',
    name: 't10k-images-idx3-ubyte',
    sha256: '0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7',
  },
  {
    split: 'test',
    part: 'labels',
    name: 't10k-labels-idx1-ubyte',
    sha256: 'ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2',
  },
];

export const FASHION_MNIST_FILES: readonly IdxPin[] = [
  {
    split: 'train',
    part: 'images',
    name: 'train-images-idx3-ubyte',
    sha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
  },
  {
    split: 'train',
    part: 'labels',
    name: 'train-labels-idx1-ubyte',
    sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  },
  {
    split: 'test',
    part: 'images',
    name: 't10k-images-idx3-ubyte',
    sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  },
  {
    split: 'test',
    part: 'labels',
    name: 't10k-labels-idx1-ubyte',
    sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  },
];

/** The sets, by the names of their sources. Their files have the same names. */
const SETS = { mnist: MNIST_FILES, 'fashion-mnist': FASHION_MNIST_FILES } as const;

/** Maximum bytes of a file, packed and unpacked: the largest has 47,040,016. */
export const SIZE_LIMIT = 2 ** 26;

/** Folders in which torchvision puts the files, relative to its root folder. */
const BELOW = ['raw', 'MNIST/raw', 'FashionMNIST/raw'];

const unpack = promisify(gunzip);

export function pinFor(pins: readonly IdxPin[], split: Split, part: Part): IdxPin {
  const pin = pins.find((each) => each.split === split && each.part === part);
  if (pin === undefined) throw new Error(`no pin of ${split} ${part}`);
  return pin;
}

/** A file in a folder under one of its usual names: plain or gzipped, with a hyphen or, as some mirrors have it, a dot. */
export async function findKnownFile(folder: string, { name }: IdxPin): Promise<string | undefined> {
  for (const each of [name, name.replace('-idx', '.idx')])
    for (const ending of ['', '.gz']) {
      const path = join(folder, `${each}${ending}`);
      if ((await kindOf(path)) === 'file') return path;
    }
  return undefined;
}

/** Problems with a folder of the user that should contain the four files. Does not read their content. */
export async function checkKnownFolder(
  named: NamedPath,
  pins: readonly IdxPin[],
): Promise<readonly Finding[]> {
  const problem = await missingFile(named, ['folder']);
  if (problem !== undefined) return [problem];
  const folder = resolve(named.folder, named.path);
  const missing = await missingNames(folder, pins);
  if (missing.length === 0) return [];
  const names = missing.map((name) => `\`${name}\``).join(', ');
  const finding = pathFinding(
    named,
    'data-missing',
    `\`${shownName(named.path)}\` does not contain ${names}, plain or gzipped`,
    'name the folder that holds the four files, or leave `path` out',
  );
  for (const below of BELOW) {
    if ((await missingNames(join(folder, below), pins)).length > 0) continue;
    const replacement = `${named.path.replace(/\/+$/, '')}/${below}`;
    return [{ ...finding, hint: `did you mean \`${shownName(replacement)}\`?`, replacement }];
  }
  return [await withContent(finding, folder)];
}

async function missingNames(folder: string, pins: readonly IdxPin[]): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const pin of pins) if ((await findKnownFile(folder, pin)) === undefined) missing.push(pin.name);
  return missing;
}

/**
 * Reads one of the files in a folder after checking its content.
 *
 * @param title of the set in messages
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readKnownFile(
  folder: string,
  pin: IdxPin,
  { title, hint }: { readonly title: string; readonly hint?: string },
): Promise<IdxArray> {
  const path = await findKnownFile(folder, pin);
  if (path === undefined)
    throw failure('data-missing', `\`${shownName(join(folder, pin.name))}\` does not exist`, hint);
  const bytes = await readContent(path);
  const hash = bytes === undefined ? undefined : sha256(bytes);
  if (bytes !== undefined && hash === pin.sha256) return parseIdx(bytes, path);
  throw failure(
    'data-corrupt',
    `\`${shownName(path)}\` is not ${title}'s \`${pin.name}\`: ${bytes === undefined ? 'it is damaged' : 'its SHA-256 differs'}`,
    adviceFor(hash, pin) ?? hint,
  );
}

/** The hint for a file with the content of another one. */
function adviceFor(hash: string | undefined, { name }: IdxPin): string | undefined {
  for (const [source, pins] of Object.entries(SETS)) {
    const found = pins.find(({ sha256: own }) => own === hash);
    if (found === undefined) continue;
    return found.name === name
      ? `this is the file of \`source: ${source}\``
      : `this is the file called \`${found.name}\` (\`source: ${source}\`)`;
  }
  return undefined;
}

/** The unpacked content of a file; undefined if it cannot be unpacked or has too many bytes. */
async function readContent(path: string): Promise<Buffer | undefined> {
  try {
    if ((await stat(path)).size > SIZE_LIMIT) return undefined;
    const bytes = await readFile(path);
    const isGzipped = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return isGzipped ? await unpack(bytes, { maxOutputLength: SIZE_LIMIT }) : bytes;
  } catch (error) {
    const code = errorCode(error);
    if (code.startsWith('Z_') || code === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw failure('data-missing', `\`${shownName(path)}\` cannot be read (${code})`);
  }
}
