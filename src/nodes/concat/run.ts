import { joinClasses, relabel } from '../../formats/classes.ts';
import { areAlike, joinImages, toFloats } from '../../formats/image-rows.ts';
import { openImages, readImageSet, SPLITS, writeImageSet, type ImageArray } from '../../formats/images.ts';
import type { ConcatSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import type { InputArtifact, StageContext, StageResult } from '../contract.ts';
import { warnOfOverlap } from '../overlap.ts';

interface Part {
  readonly split: Split;
  readonly source: InputArtifact;
  readonly images: ImageArray;
}

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
  const parts: Part[] = [];
  for (const split of SPLITS) {
    for (const [source, record] of [[first, one] as const, [second, two] as const]) {
      if (record.splits[split] === undefined) continue;
      parts.push({ split, source, images: await openImages(source.folder, split) });
    }
  }
  if (context.signal.aborted) throw failure('interrupted', 'stopped while joining images');
  // The whole set has one scale, even for a split that only one of the two sets has.
  const alike = parts.every(({ images }) => parts[0] !== undefined && areAlike(images, parts[0].images));
  const splits: Partial<Record<Split, ImageArray>> = {};
  const classes = joinedClasses(parts, context);
  for (const { split, images } of parts) {
    const before = splits[split];
    const numbered = withClasses(images, classes);
    const own = alike ? numbered : toFloats(numbered);
    splits[split] = before === undefined ? own : joinImages(before, own);
  }
  for (const { split, source, images } of parts) {
    if (images.labels === undefined || splits[split]?.labels !== undefined) continue;
    context.log('warn', `the labels of \`${source.stage}\` are left out: not all ${split} images have one`);
  }
  warnOfOverlap(splits, context);
  const range = [Math.min(one.range[0], two.range[0]), Math.max(one.range[1], two.range[1])] as const;
  await writeImageSet(context.folder, { shape: one.shape, range, splits }, context.signal);
  return {
    metrics: Object.fromEntries(
      Object.entries(splits).map(([split, images]) => [`${split}_images`, images.count]),
    ),
  };
}

/**
 * The names of all classes, starting with those of the first set; undefined if some labels have no names. Classes with the same
 * name in both sets are merged.
 */
function joinedClasses(
  parts: readonly Part[],
  { log }: Pick<StageContext, 'log'>,
): readonly string[] | undefined {
  const labelled = parts.filter(({ images }) => images.labels !== undefined);
  const lists = labelled.flatMap(({ images }) => (images.classes === undefined ? [] : [images.classes]));
  if (lists.length === labelled.length) return lists.length === 0 ? undefined : joinClasses(lists);
  const unnamed = labelled.find(({ images }) => images.classes === undefined);
  if (lists.length > 0 && unnamed !== undefined) {
    log(
      'warn',
      `the names of classes are left out: the labels of \`${unnamed.source.stage}\` are numbers without names`,
    );
  }
  return undefined;
}

function withClasses(images: ImageArray, classes: readonly string[] | undefined): ImageArray {
  if (classes !== undefined) return relabel(images, classes);
  const { classes: _, ...rest } = images;
  return rest;
}
