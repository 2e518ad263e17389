/** Scores images, chooses the threshold, and measures how well it tells anomalous images from normal ones. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openImages, readImageSet, SPLITS, type StoredImages } from '../../formats/images.ts';
import type { AnomalySettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { quantileOf } from '../../core/statistics.ts';
import { modelShapes, type ModelShapes } from '../../engine/train/predict.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import { loadModel } from '../../layers/save.ts';
import type { InputArtifact, StageContext, StageResult } from '../contract.ts';
import { classesIn, knownLabels, requireClasses } from '../class-labels.ts';
import { imagesFor, requireInput } from '../train/pairs.ts';
import { checkTargetValues } from '../train/targets.ts';
import { writeExamples } from './examples.ts';
import { judge } from './judge.ts';
import { FILES, nameOf, noneNormal } from './names.ts';
import { loadScorer, type Scorer } from './scores.ts';
import { scoreTable } from './table.ts';

type Context = StageContext<AnomalySettings>;

/** Writes `scores.csv`, `anomaly.json`, and the images that figures show. */
export async function runAnomaly(context: Context): Promise<StageResult> {
  const { settings, inputs, folder, progress } = context;
  const engine = await context.engine();
  const data = requireInput(inputs, 'data');
  const from = inputs['reference'] ?? data;
  const shapes = await shapesOf(context);
  const scorer = await loadScorer(context, engine);
  try {
    const reference = await (await imagesFor(from, shapes)).read('train');
    const source = await imagesFor(data, shapes);
    const images = await source.read(settings.split);
    await requireNormal(context, [from, data]);
    checkLikelihood(context, scorer, from.stage, reference);
    checkLikelihood(context, scorer, data.stage, images);
    const step = (text: string, start: number) => (fraction: number) =>
      progress({ text, fraction: start + fraction / 2 });
    const normalRows = referenceRows(context, from, reference);
    const ofReference = await scorer.learn(reference, normalRows, step('reference images', 0));
    requireFinite(ofReference, 'training', from.stage);
    checkQuantile(context, ofReference.length);
    const threshold = quantileOf(ofReference.toSorted(), settings.quantile);
    const rows = rowNumbers(images.count);
    const scores = await scorer.score(images, rows, step(`${settings.split} images`, 1 / 2));
    requireFinite(scores, nameOf(settings.split), data.stage);

    const anomalous = anomalousOf(context, data, images);
    const scored = { scores, threshold, ...(anomalous === undefined ? {} : { anomalous }) };
    const metrics = judge(scored, { ...context, split: settings.split });
    await writeFile(join(folder, FILES.scores), scoreTable(images, scored));
    const record = {
      score: settings.score,
      split: settings.split,
      quantile: settings.quantile,
      threshold,
      reference_images: normalRows.length,
      images: images.count,
      ...(anomalous === undefined
        ? {}
        : { normal: settings.normal, anomalous_images: anomalous.filter(Boolean).length }),
    };
    await writeFile(join(folder, FILES.record), `${JSON.stringify(record, undefined, 2)}\n`);
    await writeExamples(context, engine, { images, range: source.record.range }, scored);
    return { metrics, highlights: [FILES.record, FILES.scores] };
  } finally {
    scorer.dispose();
  }
}

async function shapesOf(context: Context): Promise<ModelShapes> {
  const { tf } = await context.engine();
  const encoder = await loadModel(tf, join(requireInput(context.inputs, 'model').folder, 'model', 'encoder'));
  try {
    return modelShapes(encoder);
  } finally {
    encoder.dispose();
  }
}

/** A likelihood by `binary_crossentropy` needs values from 0 to 1. */
function checkLikelihood({ log }: Context, { loss }: Scorer, stage: string, images: StoredImages): void {
  if (loss !== 'binary_crossentropy') return;
  checkTargetValues([images], { stage, activation: 'sigmoid', log, entropyAt: ['score'] });
}

/** Warns of a share that few images cannot tell: one whose standard error is larger than itself. */
function checkQuantile({ settings: { quantile }, log }: Context, count: number): void {
  const share = 1 - quantile;
  if (share === 0 || Math.sqrt((quantile * share) / count) <= share) return;
  log(
    'warn',
    `the threshold comes from only ${count} reference ${count === 1 ? 'image' : 'images'}: that ${Number(share.toPrecision(3))} of normal images are above it is very uncertain. ` +
      'Use more images, or a lower `quantile`',
  );
}

/** @throws Failure `bad-setting` if neither the reference nor the scored images have a class in `normal` */
async function requireNormal({ settings }: Context, inputs: readonly InputArtifact[]): Promise<void> {
  const { normal } = settings;
  if (normal === undefined) return;
  const classes = await Promise.all(
    inputs.map(async ({ folder }) => {
      const { splits } = await readImageSet(folder);
      const chosen = SPLITS.filter((split) => splits[split] !== undefined);
      return classesIn(await Promise.all(chosen.map((split) => openImages(folder, split))));
    }),
  );
  const stage = inputs.at(-1)?.stage ?? '';
  requireClasses(
    normal,
    classes.flatMap((each) => each ?? []),
    { stage, at: ['normal'] },
  );
}

/** The training images that are normal: all of them, if they have no labels. */
function referenceRows({ settings }: Context, { stage }: InputArtifact, images: StoredImages): Int32Array {
  const { labels } = images;
  const rows = rowNumbers(images.count);
  if (settings.normal === undefined || labels === undefined) return rows;
  const classes = classesIn([images]) ?? [];
  const wanted = knownLabels(settings.normal, classes);
  const normal = rows.filter((row) => wanted.has(labels[row] ?? -1));
  if (normal.length > 0) return normal;
  const { message, hint } = noneNormal(stage, classes);
  throw failure('bad-setting', message, hint, ['normal']);
}

/** Whether each image is anomalous; undefined if that is not known. */
function anomalousOf(
  { settings }: Context,
  { stage }: InputArtifact,
  { count, labels, classes }: StoredImages,
): readonly boolean[] | undefined {
  if (settings.normal === undefined) return undefined;
  if (labels === undefined) {
    throw failure(
      'bad-setting',
      `\`normal\` selects by label, but the images of \`${stage}\` have none`,
      'remove `normal`: the stage then returns the scores and the threshold only',
      ['normal'],
    );
  }
  const normal = knownLabels(settings.normal, classesIn([{ labels, ...(classes && { classes }) }]));
  return Array.from({ length: count }, (_, row) => !normal.has(labels[row] ?? -1));
}

function requireFinite(scores: Float64Array, what: string, stage: string): void {
  const bad = scores.filter((score) => !Number.isFinite(score)).length;
  if (bad === 0) return;
  throw failure(
    'not-finite',
    `the scores of ${bad} of the ${scores.length} ${what} images of \`${stage}\` are NaN or infinite`,
    'the training of the model may have diverged: look at its losses, and at the values of these images',
  );
}
