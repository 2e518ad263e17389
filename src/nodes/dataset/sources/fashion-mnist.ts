/**
 * The source `fashion-mnist`: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine
 * learning algorithms", 2017. From a folder of the user, from Debian's package, or from the network.
 */
import { join, resolve } from 'node:path';
import { exists } from '../../../files/atomic.ts';
import { kindOf } from '../../../files/nearby.ts';
import { readIdxBytes, type IdxArray } from '../../../formats/idx.ts';
import type { FashionMnistDatasetSettings } from '../../../schema/generated/settings.ts';
import { failure } from '../../../core/diagnostic.ts';
import type { Finding, Split } from '../../../core/stage-type.ts';
import { missingFile, pathFinding, type NamedPath } from '../../own-files.ts';
import {
  describeKnownSet,
  pinFor,
  pinnedHashes,
  readKnownSet,
  type IdxPin,
  type Part,
} from '../arrays/known-set.ts';
import { dataFolder } from '../cache.ts';
import type { ReadContext, Source } from './source.ts';

export const FASHION_MNIST_FILES: readonly IdxPin[] = [
  {
    split: 'train',
    part: 'images',
    name: 'train-images-idx3-ubyte.gz',
    sha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
  },
  {
    split: 'train',
    part: 'labels',
    name: 'train-labels-idx1-ubyte.gz',
    sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  },
  {
    split: 'test',
    part: 'images',
    name: 't10k-images-idx3-ubyte.gz',
    sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  },
  {
    split: 'test',
    part: 'labels',
    name: 't10k-labels-idx1-ubyte.gz',
    sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  },
];

/** Where Debian's package `dataset-fashion-mnist` puts the files. */
const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';

/** The address that the authors name. */
const ADDRESS = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';

/** What the labels mean, from the paper's table of classes. */
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

/** The largest file has 47,040,016 bytes. */
const SIZE_LIMIT = 2 ** 26;

export const fashionMnist: Source<FashionMnistDatasetSettings> = {
  cosmetic: ['url'],
  describe: describeKnownSet,
  files: ({ path }) => ({ path }),
  fingerprint: () => Promise.resolve(pinnedHashes(FASHION_MNIST_FILES)),
  async inspect(settings, folder) {
    const { path } = settings;
    if (path === undefined) return { findings: [], downloads: await missingFiles(settings) };
    return { findings: await checkFolder({ path, folder, key: 'path' }) };
  },
  read: (context) =>
    readKnownSet(
      'fashion-mnist',
      'Fashion-MNIST',
      (split, part) => readFashionMnist(context, split, part),
      (split) => context.progress({ text: `reading ${split} images` }),
      CLASSES,
    ),
};

async function checkFolder(named: NamedPath): Promise<readonly Finding[]> {
  const problem = await missingFile(named, ['folder']);
  if (problem !== undefined) return [problem];
  const folder = resolve(named.folder, named.path);
  const missing: string[] = [];
  for (const { name } of FASHION_MNIST_FILES)
    if ((await kindOf(join(folder, name))) !== 'file') missing.push(name);
  if (missing.length === 0) return [];
  const names = missing.map((name) => `\`${name}\``).join(', ');
  return [
    pathFinding(
      named,
      'data-missing',
      `\`${named.path}\` lacks ${names}`,
      'name the folder that holds the four files, or leave `path` out: they are then downloaded',
    ),
  ];
}

/** Names of the files that have to be downloaded. Their content is not looked at. */
async function missingFiles({ url }: FashionMnistDatasetSettings): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { name } of FASHION_MNIST_FILES) {
    const installed = url === undefined && (await exists(join(DEBIAN_FOLDER, name)));
    if (!installed && !(await exists(join(dataFolder(), 'fashion-mnist', name)))) missing.push(name);
  }
  return missing;
}

/** @throws Failure `data-missing`, `data-corrupt` or `interrupted` */
async function readFashionMnist(
  { settings, pipelineFolder, signal, progress }: ReadContext<FashionMnistDatasetSettings>,
  split: Split,
  part: Part,
): Promise<IdxArray> {
  const { ensureFile, isIntact } = await import('../../../files/download.ts');
  const pin = pinFor(FASHION_MNIST_FILES, split, part);
  const check = { sha256: pin.sha256, gunzip: true, limit: SIZE_LIMIT };
  if (settings.path !== undefined) {
    const path = join(resolve(pipelineFolder, settings.path), pin.name);
    if (!(await exists(path))) throw failure('data-missing', `\`${path}\` does not exist`);
    if (!(await isIntact(path, check))) {
      throw failure('data-corrupt', `\`${path}\` is not Fashion-MNIST's file: its SHA-256 differs`);
    }
    return readIdxBytes(path);
  }
  const installed = join(DEBIAN_FOLDER, pin.name);
  if (settings.url === undefined && (await isIntact(installed, check))) return readIdxBytes(installed);
  const path = join(dataFolder(), 'fashion-mnist', pin.name);
  const url = `${(settings.url ?? ADDRESS).replace(/(?<!\/)\/+$/, '')}/${pin.name}`;
  const hint =
    'run it again to resume the download, install Debian’s package `dataset-fashion-mnist`, ' +
    'or fetch the four files by hand and name their folder with `path`';
  await ensureFile(
    path,
    { url, hint, ...check },
    {
      signal,
      onProgress: (text, fraction) => progress({ text, ...(fraction === undefined ? {} : { fraction }) }),
    },
  );
  return readIdxBytes(path);
}
