import { joinImages, takeRows } from '../../formats/image-rows.ts';
import { openImages, readImageSet, SPLITS, writeImageSet } from '../../formats/images.ts';
import type { SplitSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { warnOfOverlap } from '../overlap.ts';
import { divide } from './divide.ts';

export async function runSplit(context: StageContext<SplitSettings>): Promise<StageResult> {
  const { settings, inputs, signal } = context;
  const source = inputs['data'];
  if (source === undefined) throw new Error('split without data');
  const record = await readImageSet(source.folder);
  const parts = [];
  for (const split of SPLITS)
    if (record.splits[split] !== undefined) parts.push(await openImages(source.folder, split));
  const [first, ...others] = parts;
  if (first === undefined) throw failure('missing-split', `\`${source.stage}\` has no images`);
  const images = others.reduce(joinImages, first);
  if (settings.stratify && images.labels === undefined) {
    throw failure(
      'bad-setting',
      `\`stratify\` needs classes, but the images of \`${source.stage}\` have no labels`,
      'give them labels (`train_labels`, or one folder of images for each class), or leave `stratify` out',
    );
  }
  const { train, test } = divide(
    images.count,
    settings.test,
    settings.seed,
    settings.stratify ? images.labels : undefined,
  );
  if (train.length === 0 || test.length === 0) {
    throw failure(
      'bad-setting',
      `of ${images.count} images, ${train.length} would be for training and ${test.length} for tests`,
      'use another share, or more images',
    );
  }
  if (signal.aborted) throw failure('interrupted', 'stopped while dividing images');
  const splits = { train: takeRows(images, train), test: takeRows(images, test) };
  warnOfOverlap(splits, context);
  await writeImageSet(
    context.folder,
    {
      shape: record.shape,
      range: record.range,
      splits,
    },
    signal,
  );
  return { metrics: { train_images: train.length, test_images: test.length } };
}
