import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readIdx, type IdxArray } from '../../artifacts/idx.ts';
import { SPLITS, writeImageSet, type ImageArray } from '../../artifacts/images.ts';
import type { DatasetSettings } from '../../config/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import type { ImageShape, Split } from '../../core/stage-type.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { readMnist } from './mnist.ts';
import { summarize } from './summary.ts';

interface RawSplit {
  readonly images: IdxArray;
  readonly labels?: IdxArray;
  /** Names for messages. */
  readonly imagesName: string;
}

/** Highest value of a byte. */
const BYTE = 255;

export async function runDataset(context: StageContext<DatasetSettings>): Promise<StageResult> {
  const { settings } = context;
  const scale = settings.normalize === 'minmax' ? 1 / BYTE : 1;
  const splits: Partial<Record<Split, ImageArray>> = {};
  const summaries: Record<string, JsonObject> = {};
  let shape: ImageShape | undefined;
  for (const split of SPLITS) {
    context.progress({ text: `reading ${split} images` });
    const raw = await readSplit(context, split);
    if (raw === undefined) continue;
    const images = toImages(raw, scale, limitOf(settings, split));
    if (shape !== undefined && shape.join() !== images.shape.join()) {
      throw failure(
        'data-corrupt',
        `the ${split} images are ${images.shape.join('x')}, the training images ${shape.join('x')}`,
        'all images of a data set have one size',
      );
    }
    shape = images.shape;
    splits[split] = images;
    summaries[split] = summarize(images);
  }
  if (shape === undefined) throw new Error('a data set without splits');
  await writeImageSet(context.folder, { shape, range: [0, BYTE * scale], splits });
  await writeFile(join(context.folder, 'summary.json'), `${JSON.stringify(summaries, null, 2)}\n`);
  return {
    metrics: Object.fromEntries(
      Object.entries(splits).map(([split, images]) => [`${split}_images`, images.count]),
    ),
    highlights: ['summary.json'],
  };
}

async function readSplit(
  context: StageContext<DatasetSettings>,
  split: Split,
): Promise<RawSplit | undefined> {
  const { settings, pipelineFolder } = context;
  if (settings.source === 'mnist') {
    return {
      images: await readMnist(split, 'images'),
      labels: await readMnist(split, 'labels'),
      imagesName: `MNIST's ${split} images`,
    };
  }
  const [images, labels] =
    split === 'train'
      ? [settings.train_images, settings.train_labels]
      : [settings.test_images, settings.test_labels];
  if (images === undefined) return undefined;
  return {
    images: await readIdx(resolve(pipelineFolder, images)),
    ...(labels === undefined ? {} : { labels: await readIdx(resolve(pipelineFolder, labels)) }),
    imagesName: `\`${images}\``,
  };
}

function limitOf({ limit }: DatasetSettings, split: Split): number {
  const own = typeof limit === 'number' ? limit : limit?.[split];
  return own ?? Infinity;
}

function toImages({ images, labels, imagesName }: RawSplit, scale: number, limit: number): ImageArray {
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
    scale,
    offset: 0,
    ...(labels === undefined ? {} : { labels: labels.data.subarray(0, count) }),
  };
}
