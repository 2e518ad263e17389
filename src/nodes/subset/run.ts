import { takeRows } from '../../formats/image-rows.ts';
import {
  openImages,
  readImageSet,
  SPLITS,
  writeImageSet,
  type ImageArray,
  type StoredImages,
} from '../../formats/images.ts';
import type { SubsetSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { permutation } from '../../core/philox.ts';
import { deriveSeed } from '../../core/seed.ts';
import type { Split } from '../../core/stage-type.ts';
import { classesIn, labelsOf } from '../class-labels.ts';
import { lostClasses } from '../class-loss.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { amountOf } from './amount.ts';

export async function runSubset(context: StageContext<SubsetSettings>): Promise<StageResult> {
  const { settings, inputs, signal } = context;
  const source = inputs['data'];
  if (source === undefined) throw new Error('subset without data');
  const record = await readImageSet(source.folder);
  const stored: Partial<Record<Split, StoredImages>> = {};
  for (const split of SPLITS)
    if (record.splits[split] !== undefined) stored[split] = await openImages(source.folder, split);
  const wanted =
    settings.classes === null
      ? undefined
      : labelsOf(settings.classes, classesIn(Object.values(stored)), {
          stage: source.stage,
          at: ['classes'],
        });
  const splits: Partial<Record<Split, ImageArray>> = {};
  for (const split of SPLITS) {
    const images = stored[split];
    if (images === undefined) continue;
    if (signal.aborted) throw failure('interrupted', 'stopped while choosing images');
    if (settings.classes !== null && images.labels === undefined) {
      throw failure(
        'bad-setting',
        `\`classes\` selects by label, but the images of \`${source.stage}\` have none`,
        'leave `classes` out',
      );
    }
    const rows = choose(images, context, { split, wanted });
    if (rows.length === 0) {
      throw failure(
        'bad-setting',
        `none of the ${images.count} ${split} images of \`${source.stage}\` is kept`,
        'choose other `classes`, or a greater `share`',
      );
    }
    splits[split] = takeRows(images, rows);
  }
  await writeImageSet(context.folder, { shape: record.shape, range: record.range, splits }, signal);
  return {
    metrics: Object.fromEntries(
      Object.entries(splits).map(([split, images]) => [`${split}_images`, images.count]),
    ),
  };
}

/** Numbers of the kept images, in order. */
function choose(
  { count, labels }: ImageArray,
  { settings, inputs, log }: StageContext<SubsetSettings>,
  { split, wanted }: { readonly split: Split; readonly wanted: ReadonlySet<number> | undefined },
): Int32Array {
  const rows = new Int32Array(count);
  let end = 0;
  for (let row = 0; row < count; row++)
    if (wanted === undefined || wanted.has(labels?.[row] ?? -1)) rows[end++] = row;
  const fitting = rows.subarray(0, end);
  const kept = amountOf(settings, split, fitting.length);
  if (settings.choose === 'first' || kept >= fitting.length) {
    const fittingLabels = labels && fitting.map((row) => labels[row] ?? 0);
    const lost = lostClasses(fittingLabels, kept, `the ${split} images of \`${inputs['data']?.stage}\``);
    if (lost !== undefined) log('warn', `${lost}: use \`choose: random\``);
    return fitting.subarray(0, kept);
  }
  const order = permutation(deriveSeed(settings.seed, 'subset', split), fitting.length);
  return order
    .subarray(0, kept)
    .sort()
    .map((index) => fitting[index] ?? 0);
}
