/**
 * The source `fashion-mnist`: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
 * learning algorithms", 2017. Read from a folder of the user, from Debian's package, or from the network.
 */
import { join, resolve } from 'node:path';
import { exists } from '../../../files/atomic.ts';
import type { IdxArray } from '../../../formats/idx.ts';
import type { FashionMnistDatasetSettings } from '../../../schema/generated/settings.ts';
import { atSetting } from '../../../core/diagnostic.ts';
import type { Split } from '../../../core/stage-type.ts';
import {
  checkKnownFolder,
  FASHION_MNIST_FILES,
  findKnownFile,
  pinFor,
  readKnownFile,
  SIZE_LIMIT,
  type Part,
} from '../arrays/known-files.ts';
import { describeKnownSet, pinnedHashes, readKnownSet } from '../arrays/known-set.ts';
import { dataFolder } from '../cache.ts';
import type { ReadContext, Source } from './source.ts';

/** Where Debian's package `dataset-fashion-mnist` puts the files. */
const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';

/** The authors' address. */
const ADDRESS = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';

/** The classes, from the paper's table. */
const CLASSES: readonly string[] = [
  'T-shirt/top',
  'Trouser',
  'Pullover',
  'Dress',
  'Coat',
  'Sandal',
  'Shirt',
  'Sneaker',
  'Bag',
  'Ankle boot',
];

const TITLE = 'Fashion-MNIST';

export const fashionMnist: Source<FashionMnistDatasetSettings> = {
  cosmetic: ['url'],
  describe: (settings) => describeKnownSet(settings, CLASSES),
  files: ({ path }) => ({ path }),
  fingerprint: () => Promise.resolve(pinnedHashes(FASHION_MNIST_FILES, '.gz')),
  async inspect(settings, folder) {
    const { path } = settings;
    if (path === undefined) return { findings: [], downloads: await missingFiles(settings) };
    return { findings: await checkKnownFolder({ path, folder, key: 'path' }, FASHION_MNIST_FILES) };
  },
  read: (context) =>
    readKnownSet(
      'fashion-mnist',
      TITLE,
      (split, part) => readFashionMnist(context, split, part),
      (split) => context.progress({ text: `reading ${split} images` }),
      CLASSES,
    ),
};

/** Names of the files that have to be downloaded. Does not read their content. */
async function missingFiles({ url }: FashionMnistDatasetSettings): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const pin of FASHION_MNIST_FILES) {
    const installed = url === undefined && (await findKnownFile(DEBIAN_FOLDER, pin)) !== undefined;
    const file = `${pin.name}.gz`;
    if (!installed && !(await exists(join(dataFolder(), 'fashion-mnist', file)))) missing.push(file);
  }
  return missing;
}

/** @throws Failure `data-missing`, `data-corrupt` or `interrupted` */
async function readFashionMnist(
  { settings, pipelineFolder, signal, progress }: ReadContext<FashionMnistDatasetSettings>,
  split: Split,
  part: Part,
): Promise<IdxArray> {
  const pin = pinFor(FASHION_MNIST_FILES, split, part);
  const { path, url } = settings;
  const own = path === undefined ? undefined : resolve(pipelineFolder, path);
  if (own !== undefined) return atSetting(['path'], () => readKnownFile(own, pin, { title: TITLE }));
  if (url === undefined && (await findKnownFile(DEBIAN_FOLDER, pin)) !== undefined) {
    const installed = await readKnownFile(DEBIAN_FOLDER, pin, { title: TITLE }).catch(() => undefined);
    if (installed !== undefined) return installed;
  }
  const { ensureFile } = await import('../../../files/download.ts');
  const folder = join(dataFolder(), 'fashion-mnist');
  const file = `${pin.name}.gz`;
  const hint =
    'run it again to resume the download, install Debian’s package `dataset-fashion-mnist`, ' +
    'or fetch the four files by hand and name their folder with `path`';
  await ensureFile(
    join(folder, file),
    {
      url: `${(url ?? ADDRESS).replace(/(?<!\/)\/+$/, '')}/${file}`,
      ...{ hint, sha256: pin.sha256, gunzip: true, limit: SIZE_LIMIT },
    },
    {
      signal,
      onProgress: (text, fraction) => progress({ text, ...(fraction === undefined ? {} : { fraction }) }),
    },
  );
  return readKnownFile(folder, pin, { title: TITLE });
}
