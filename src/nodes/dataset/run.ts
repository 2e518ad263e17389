import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readIdx } from '../../artifacts/idx.ts';
import { namesOf, takeNames } from '../../artifacts/image-names.ts';
import { SPLITS, writeImageSet, type ImageArray } from '../../artifacts/images.ts';
import type {
  DatasetSettings,
  IdxDatasetSettings,
  ImagesDatasetSettings,
} from '../../config/generated/settings.ts';
import { failure, unreachable } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Split } from '../../core/stage-type.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { readFashionMnist } from './fashion-mnist.ts';
import { readFolders } from './folders.ts';
import { readLfw } from './lfw.ts';
import { readMnist } from './mnist.ts';
import { readNumpySplit } from './numpy.ts';
import { arraySource, type RawSplit } from './raw.ts';
import { summarize } from './summary.ts';

/** Highest value of a byte. */
const BYTE = 255;

export async function runDataset(context: StageContext<DatasetSettings>): Promise<StageResult> {
  const { settings } = context;
  const scale = settings.normalize === 'minmax' ? 1 / BYTE : 1;
  const splits: Partial<Record<Split, ImageArray>> = {};
  const summaries: Record<string, JsonObject> = {};
  let first: ImageArray | undefined;
  const read = await splitReader(context);
  for (const split of SPLITS) {
    context.progress({ text: `reading ${split} images` });
    const raw = await read(split);
    if (raw === undefined) continue;
    const images = toImages(raw, scale, limitOf(settings, split));
    first ??= images;
    if (first.shape.join() !== images.shape.join()) {
      throw failure(
        'data-corrupt',
        `the ${split} images are ${images.shape.join('x')}, the training images ${first.shape.join('x')}`,
        'all images of a data set have one size',
      );
    }
    if (first.data instanceof Uint8Array !== images.data instanceof Uint8Array) {
      throw failure(
        'data-corrupt',
        'of training and test images, one are bytes and the others floats',
        'store both as the same type',
      );
    }
    splits[split] = images;
    const { classes, skipped = [] } = raw;
    summaries[split] = {
      ...summarize(images),
      ...(classes === undefined ? {} : { classes }),
      ...(skipped.length === 0 ? {} : { skipped: skipped.map(({ name, reason }) => ({ name, reason })) }),
    };
  }
  if (first === undefined) throw new Error('a data set without splits');
  await writeImageSet(context.folder, { shape: first.shape, range: rangeOf(splits), splits });
  await writeFile(join(context.folder, 'summary.json'), `${JSON.stringify(summaries, null, 2)}\n`);
  return {
    metrics: Object.fromEntries(
      Object.entries(splits).map(([split, images]) => [`${split}_images`, images.count]),
    ),
    highlights: ['summary.json'],
  };
}

type SplitReader = (split: Split) => Promise<RawSplit | undefined>;

async function splitReader(context: StageContext<DatasetSettings>): Promise<SplitReader> {
  const { settings } = context;
  if (settings.source !== 'images') return (split) => readSplit({ ...context, settings }, split);
  // Labels depend on all folders.
  const found = await readFolders({ ...context, settings });
  return (split) => Promise.resolve(found[split]);
}

async function readSplit(
  context: StageContext<Exclude<DatasetSettings, ImagesDatasetSettings>>,
  split: Split,
): Promise<RawSplit | undefined> {
  const { settings } = context;
  switch (settings.source) {
    case 'mnist': {
      const images = await readMnist(split, 'images');
      return {
        images,
        labels: await readMnist(split, 'labels'),
        names: namesOf(`mnist/${split}`, images.shape[0] ?? 0),
        imagesName: `MNIST's ${split} images`,
      };
    }
    case 'fashion-mnist': {
      const images = await readFashionMnist({ ...context, settings }, split, 'images');
      return {
        images,
        labels: await readFashionMnist({ ...context, settings }, split, 'labels'),
        names: namesOf(`fashion-mnist/${split}`, images.shape[0] ?? 0),
        imagesName: `Fashion-MNIST's ${split} images`,
      };
    }
    case 'idx':
      return readOwnIdx(settings, context.pipelineFolder, split);
    case 'npz':
    case 'npy':
      return readNumpySplit(settings, context.pipelineFolder, split);
    case 'lfw':
      return split === 'test' ? undefined : readLfw({ ...context, settings });
    default:
      return unreachable(settings);
  }
}

async function readOwnIdx(
  settings: IdxDatasetSettings,
  folder: string,
  split: Split,
): Promise<RawSplit | undefined> {
  const [images, labels] =
    split === 'train'
      ? [settings.train_images, settings.train_labels]
      : [settings.test_images, settings.test_labels];
  if (images === undefined) return undefined;
  const pixels = await readIdx(resolve(folder, images));
  return {
    images: pixels,
    ...(labels === undefined ? {} : { labels: await readIdx(resolve(folder, labels)) }),
    names: namesOf(arraySource(pixels.data), pixels.shape[0] ?? 0),
    imagesName: `\`${images}\``,
  };
}

function limitOf({ limit }: DatasetSettings, split: Split): number {
  const own = typeof limit === 'number' ? limit : limit?.[split];
  return own ?? Infinity;
}

/** What bytes can be, as intensities; the lowest and highest of floats. */
function rangeOf(splits: Partial<Record<Split, ImageArray>>): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const { data, scale } of Object.values(splits)) {
    if (data instanceof Uint8Array) return [0, BYTE * scale];
    for (const value of data) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return [low, high];
}

function toImages({ images, labels, names, imagesName }: RawSplit, scale: number, limit: number): ImageArray {
  const [total = 0, height, width, channels = 1] = images.shape;
  if (height === undefined || width === undefined || total * height * width * channels === 0) {
    throw failure(
      'data-corrupt',
      `${imagesName} have the shape ${images.shape.join('x')}, not count x height x width`,
    );
  }
  if (labels !== undefined && (labels.shape.length !== 1 || labels.shape[0] !== total)) {
    throw failure('data-corrupt', `${imagesName} are ${total}, their labels ${labels.shape.join('x')}`);
  }
  const count = Math.min(total, limit);
  return {
    data: images.data.subarray(0, count * height * width * channels),
    count,
    shape: [height, width, channels],
    scale: images.data instanceof Uint8Array ? scale : 1,
    offset: 0,
    ...(labels === undefined ? {} : { labels: labels.data.subarray(0, count) }),
    names: count === total ? names : takeNames(names, rowNumbers(count)),
  };
}
