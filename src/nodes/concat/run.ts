import { areAlike, joinImages, toFloats } from '../../formats/image-rows.ts';
import { readImages, readImageSet, SPLITS, writeImageSet, type ImageArray } from '../../formats/images.ts';
import type { ConcatSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import type { InputArtifact, StageContext, StageResult } from '../contract.ts';
import { warnOfOverlap } from '../overlap.ts';

export async function runConcat(context: StageContext<ConcatSettings>): Promise<StageResult> {
  const { data: first, with: second } = context.inputs;
  if (first === undefined || second === undefined) throw new Error('concat without two sets');
  const [one, two] = [await readImageSet(first.folder), await readImageSet(second.folder)];
  if (one.shape.join() !== two.shape.join()) {
    throw failure(
      'shape-mismatch',
      `images of \`${first.stage}\` are ${one.shape.join('x')}, those of \`${second.stage}\` ${two.shape.join('x')}`,
      'give them one size with a `resize` stage',
    );
  }
  const parts: { readonly split: Split; readonly source: InputArtifact; readonly images: ImageArray }[] = [];
  for (const split of SPLITS) {
    for (const [source, record] of [[first, one] as const, [second, two] as const]) {
      if (record.splits[split] === undefined) continue;
      parts.push({ split, source, images: await readImages(source.folder, split) });
    }
  }
  if (context.signal.aborted) throw failure('interrupted', 'stopped while putting images together');
  // One scale holds for the whole set, also for a split that only one of the two has.
  const alike = parts.every(({ images }) => parts[0] !== undefined && areAlike(images, parts[0].images));
  const splits: Partial<Record<Split, ImageArray>> = {};
  for (const { split, images } of parts) {
    const before = splits[split];
    const own = alike ? images : toFloats(images);
    splits[split] = before === undefined ? own : joinImages(before, own);
  }
  for (const { split, source, images } of parts) {
    if (images.labels === undefined || splits[split]?.labels !== undefined) continue;
    context.log('warn', `the labels of \`${source.stage}\` are left out: not all ${split} images have one`);
  }
  warnOfOverlap(splits, context);
  const range = [Math.min(one.range[0], two.range[0]), Math.max(one.range[1], two.range[1])] as const;
  await writeImageSet(context.folder, { shape: one.shape, range, splits });
  return {
    metrics: Object.fromEntries(
      Object.entries(splits).map(([split, images]) => [`${split}_images`, images.count]),
    ),
  };
}
