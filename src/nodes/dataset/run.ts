import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SPLITS, writeImageSet, type ImageSet } from '../../formats/images.ts';
import type {
  DatasetSettings,
  ImagesDatasetSettings,
  LfwDatasetSettings,
} from '../../schema/generated/settings.ts';
import { atSetting, unreachable } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import type { Split } from '../../core/stage-type.ts';
import { lostClasses } from '../class-loss.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { readFashionMnist } from './fashion-mnist.ts';
import { readFolders } from './folders.ts';
import { isInspected, readArraySplit } from './inspect.ts';
import { readLfw } from './lfw.ts';
import { readMnist } from './mnist.ts';
import { fromIdx } from './own-idx.ts';
import { toImageSet, type RawSplits } from './pixels.ts';
import { limitOf, type RawSplit } from './raw.ts';
import { summarize } from './summary.ts';

export async function runDataset(context: StageContext<DatasetSettings>): Promise<StageResult> {
  const { settings } = context;
  const raws: Partial<Record<Split, RawSplit>> = {};
  const read = await splitReader(context);
  for (const split of SPLITS) {
    context.progress({ text: `reading ${split} images` });
    const raw = await read(split);
    if (raw === undefined) continue;
    raws[split] = raw;
    const lost = lostClasses(raw.labels?.data, limitOf(settings, split), raw.images.name);
    if (lost !== undefined)
      context.log('warn', `${lost}: use a \`subset\` stage with \`choose: random\` in place of \`limit\``);
  }
  const { notices, ...set } = toImageSet(raws, settings);
  // `check` has given these warnings already.
  const level = (await isInspected(settings, context.pipelineFolder)) ? 'info' : 'warn';
  for (const { message, hint } of notices) context.log(level, `${message}: ${hint}`);
  await writeImageSet(context.folder, set);
  await writeFile(
    join(context.folder, 'summary.json'),
    `${JSON.stringify(summaries(raws, set.splits), null, 2)}\n`,
  );
  return {
    metrics: Object.fromEntries(
      Object.entries(set.splits).map(([split, images]) => [`${split}_images`, images.count]),
    ),
    highlights: ['summary.json'],
  };
}

function summaries(raws: RawSplits, splits: ImageSet['splits']): JsonObject {
  return Object.fromEntries(
    SPLITS.flatMap((split) => {
      const [raw, images] = [raws[split], splits[split]];
      if (raw === undefined || images === undefined) return [];
      const { classes, skipped = [] } = raw;
      const summary: JsonObject = {
        ...summarize(images, raw.images.dtype),
        ...(classes === undefined ? {} : { classes }),
        ...(skipped.length === 0 ? {} : { skipped: skipped.map(({ name, reason }) => ({ name, reason })) }),
      };
      return [[split, summary]];
    }),
  );
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
    case 'mnist':
      return fromIdx(
        `mnist/${split}`,
        { array: await readMnist(split, 'images'), name: `MNIST's ${split} images` },
        { array: await readMnist(split, 'labels'), name: `MNIST's ${split} labels` },
      );
    case 'fashion-mnist':
      return fromIdx(
        `fashion-mnist/${split}`,
        {
          array: await readFashionMnist({ ...context, settings }, split, 'images'),
          name: `Fashion-MNIST's ${split} images`,
        },
        {
          array: await readFashionMnist({ ...context, settings }, split, 'labels'),
          name: `Fashion-MNIST's ${split} labels`,
        },
      );
    case 'idx':
    case 'npz':
    case 'npy':
      return readArraySplit(settings, context.pipelineFolder, split);
    case 'lfw':
      return split === 'test' ? undefined : readFaces({ ...context, settings });
    default:
      return unreachable(settings);
  }
}

function readFaces(context: StageContext<LfwDatasetSettings>): Promise<RawSplit> {
  return context.settings.path === undefined ? readLfw(context) : atSetting(['path'], () => readLfw(context));
}
