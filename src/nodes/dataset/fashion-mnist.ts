/**
 * Fashion-MNIST: H. Xiao, K. Rasul, R. Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning
 * algorithms", 2017. From a folder of the user, from Debian's package, or from the network.
 */
import { join, resolve } from 'node:path';
import { ensureFile, isIntact } from '../../files/download.ts';
import { exists } from '../../files/atomic.ts';
import { readIdx, type IdxArray } from '../../formats/idx.ts';
import type { FashionMnistDatasetSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import type { StageContext } from '../contract.ts';
import { dataFolder } from './cache.ts';
import { FASHION_MNIST_FILES } from './pins.ts';

/** Where Debian's package `dataset-fashion-mnist` puts the files. */
const DEBIAN_FOLDER = '/usr/share/datasets/fashion-mnist';

/** The address that the authors name. */
const ADDRESS = 'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com';

/** The largest file has 47,040,016 bytes. */
const SIZE_LIMIT = 2 ** 26;

/** Names of the files that have to be downloaded. Their content is not looked at. */
export async function missingFashionMnist({
  path,
  url,
}: FashionMnistDatasetSettings): Promise<readonly string[]> {
  const missing: string[] = [];
  for (const { name } of path === undefined ? FASHION_MNIST_FILES : []) {
    const installed = url === undefined && (await exists(join(DEBIAN_FOLDER, name)));
    if (!installed && !(await exists(join(dataFolder(), 'fashion-mnist', name)))) missing.push(name);
  }
  return missing;
}

/** @throws Failure `data-missing`, `data-corrupt` or `interrupted` */
export async function readFashionMnist(
  context: StageContext<FashionMnistDatasetSettings>,
  split: Split,
  part: 'images' | 'labels',
): Promise<IdxArray> {
  const { settings, pipelineFolder } = context;
  const pin = FASHION_MNIST_FILES.find((file) => file.split === split && file.part === part);
  if (pin === undefined) throw new Error(`Fashion-MNIST has no ${split} ${part}`);
  const check = { sha256: pin.sha256, gunzip: true, limit: SIZE_LIMIT };
  if (settings.path !== undefined) {
    const path = join(resolve(pipelineFolder, settings.path), pin.name);
    if (!(await exists(path))) throw failure('data-missing', `\`${path}\` does not exist`);
    if (!(await isIntact(path, check))) {
      throw failure('data-corrupt', `\`${path}\` is not Fashion-MNIST's file: its SHA-256 differs`);
    }
    return readIdx(path);
  }
  const installed = join(DEBIAN_FOLDER, pin.name);
  if (settings.url === undefined && (await isIntact(installed, check))) return readIdx(installed);
  const path = join(dataFolder(), 'fashion-mnist', pin.name);
  const url = `${(settings.url ?? ADDRESS).replace(/(?<!\/)\/+$/, '')}/${pin.name}`;
  const hint =
    'run it again to resume the download, install Debian’s package `dataset-fashion-mnist`, ' +
    'or fetch the four files by hand and name their folder with `path`';
  await ensureFile(
    path,
    { url, hint, ...check },
    {
      signal: context.signal,
      onProgress: (text, fraction) =>
        context.progress({ text, ...(fraction === undefined ? {} : { fraction }) }),
    },
  );
  return readIdx(path);
}
