import { extremesOf, momentsOf } from '../../formats/image-rows.ts';
import { openImages, readImageSet, SPLITS, writeImageSet, type ImageArray } from '../../formats/images.ts';
import type { NormalizeSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import type { InputArtifact, StageContext, StageResult } from '../contract.ts';
import { isMeasured, mapRange, mapTo, type Mapping } from './mapping.ts';

export async function runNormalize(context: StageContext<NormalizeSettings>): Promise<StageResult> {
  const { settings, inputs, signal } = context;
  const source = inputs['data'];
  if (source === undefined) throw new Error('normalize without data');
  const record = await readImageSet(source.folder);
  const images: Partial<Record<Split, ImageArray>> = {};
  for (const split of SPLITS) {
    if (record.splits[split] === undefined) continue;
    context.progress({ text: `reading ${split} images` });
    images[split] = await openImages(source.folder, split);
    if (signal.aborted) throw failure('interrupted', 'stopped while normalising images');
  }
  const { mapping, metrics } = mappingOf(settings, images.train, source);
  const splits: Partial<Record<Split, ImageArray>> = {};
  let range: readonly [number, number] = [Infinity, -Infinity];
  for (const [split, before] of Object.entries(images) as [Split, ImageArray][]) {
    const { factor, shift } = mapping;
    splits[split] = { ...before, scale: before.scale * factor, offset: before.offset * factor + shift };
    const [low, high] = mapRange(mapping, extremesOf(before));
    range = [Math.min(range[0], Math.fround(low)), Math.max(range[1], Math.fround(high))];
  }
  await writeImageSet(
    context.folder,
    {
      shape: record.shape,
      range: isMeasured(settings) ? range : mapRange(mapping, record.range),
      splits,
    },
    signal,
  );
  return { metrics };
}

interface Measured {
  readonly mapping: Mapping;
  /** Statistics of the training images. */
  readonly metrics: Readonly<Record<string, number>>;
}

function mappingOf(
  settings: NormalizeSettings,
  train: ImageArray | undefined,
  { stage }: InputArtifact,
): Measured {
  if (settings.method === 'minmax' && settings.from !== null)
    return { mapping: mapTo(settings.from, settings.to), metrics: {} };
  if (train === undefined) throw failure('missing-split', `\`${stage}\` has no \`train\` images to measure`);
  const [lowest, highest] = extremesOf(train);
  if (lowest === highest) {
    throw failure(
      'bad-setting',
      `all values of the training images of \`${stage}\` are ${lowest}: there is nothing to scale`,
      'leave this step out, or use `method: minmax` with `from`',
    );
  }
  if (settings.method === 'minmax')
    return { mapping: mapTo([lowest, highest], settings.to), metrics: { lowest, highest } };
  const { mean, deviation } = momentsOf(train);
  return {
    mapping: { factor: 1 / deviation, shift: -mean / deviation },
    metrics: { mean, standard_deviation: deviation },
  };
}
