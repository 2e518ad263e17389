/** The `anomaly` stage: scores how unusual images are for a trained model, and flags those above a threshold. */
import type { AnomalySettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import { sizeOf } from '../../core/shape.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import { checkClasses, hasClass } from '../class-labels.ts';
import type { NodeDefinition } from '../contract.ts';
import {
  checkEntropyTarget,
  checkInput,
  checkScale,
  checkSplit,
  type ImagesDescription,
  type ModelDescription,
} from '../train/checks.ts';
import {
  FEWEST_REFERENCES,
  fewReferences,
  LARGEST_LATENT,
  metricNames,
  noneNormal,
  tooFew,
} from './names.ts';

export const anomalyNode: NodeDefinition<AnomalySettings> = {
  type: 'anomaly',
  version: 2,
  schema: readSchema('stages/anomaly'),
  inputs: {
    model: { accepts: ['trained-model'] },
    data: { accepts: ['images'] },
    reference: { accepts: ['images'], optional: true, default: 'data' },
  },
  classSettings: ['normal'],
  outputs: 'scores',
  draws: ({ score }) => score === 'nll',
  engine: true,
  analyze,
  async run(context) {
    const { runAnomaly } = await import('./run.ts');
    return runAnomaly(context);
  },
  async trace(context, part) {
    const { traceScores } = await import('../train/trace.ts');
    return traceScores(context, part);
  },
};

function analyze(context: AnalysisContext<AnomalySettings>): OutputDescription {
  const { settings, inputs, references } = context;
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  const data = inputs['data']?.kind === 'images' ? inputs['data'] : undefined;
  const named = references['reference'] === undefined ? undefined : inputs['reference'];
  const reference = named?.kind === 'images' ? named : undefined;
  const isSeparate = references['reference'] !== undefined;
  if (data !== undefined) {
    checkSplit(context, settings.split, data, undefined, ['split']);
    checkImages(context, model, data, 'data');
    if (!isSeparate) checkReference(context, data, 'data');
    checkLabels(context, data, isSeparate ? reference : data);
  }
  if (reference !== undefined) {
    checkImages(context, model, reference, 'reference');
    checkReference(context, reference, 'reference');
  }
  if (model !== undefined) {
    checkScore(context, model);
    checkAmount(context, model, isSeparate ? reference : data);
    if (settings.score === 'nll' && model.kind === 'trained-model' && model.loss === 'binary_crossentropy')
      checkProbabilities(context, { data, reference });
    checkTrainedOn(context, model);
  }
  checkSamples(context);
  return { kind: 'scores', names: metricNames(settings), judged: settings.normal !== undefined };
}

/** Checks that images have values that the likelihood is defined for. */
function checkProbabilities(
  { references, report }: AnalysisContext<AnomalySettings>,
  images: {
    readonly data?: ImagesDescription | undefined;
    readonly reference?: ImagesDescription | undefined;
  },
): void {
  for (const key of ['data', 'reference'] as const) {
    const { [key]: own } = images;
    const { [key]: stage } = references;
    // The check names these images as the setting `data`.
    if (own !== undefined && stage !== undefined)
      checkEntropyTarget({ references: { data: stage }, report }, own, ['score']);
  }
}

/** Checks that the model takes the images. */
function checkImages(
  context: AnalysisContext<AnomalySettings>,
  model: ModelDescription | undefined,
  images: ImagesDescription,
  key: 'data' | 'reference',
): void {
  if (model === undefined) return;
  const { model: trained, [key]: stage } = context.references;
  // The checks name these images as the setting `data`.
  const own = {
    references: {
      ...(trained === undefined ? {} : { model: trained }),
      ...(stage === undefined ? {} : { data: stage }),
    },
    report: (finding: Parameters<typeof context.report>[0]) =>
      context.report(finding.at[0] === 'data' ? { ...finding, at: [key] } : finding),
  };
  checkInput(own, model, images);
  checkScale(own, model, images);
}

/** The threshold comes from training images. */
function checkReference(
  { references, report }: AnalysisContext<AnomalySettings>,
  images: ImagesDescription,
  key: 'data' | 'reference',
): void {
  if (images.splits.includes('train')) return;
  const stage = references[key];
  report({
    code: 'missing-split',
    message: `the threshold comes from the scores of training images, but \`${stage}\` has no \`train\` split`,
    hint:
      key === 'data'
        ? 'add `reference` with the stage whose images the model was trained on'
        : 'name images that have one',
    at: [key],
    ...(stage === undefined ? {} : { related: { message: `\`${stage}\` is defined here`, at: [], stage } }),
  });
}

function checkLabels(
  { settings, references, report }: AnalysisContext<AnomalySettings>,
  data: ImagesDescription,
  reference: ImagesDescription | undefined,
): void {
  const { normal } = settings;
  if (normal === undefined) return;
  if (data.labeled === false) {
    report({
      code: 'bad-setting',
      message: `\`normal\` selects by label, but the images of \`${references['data']}\` have none`,
      hint: 'remove `normal`: the stage then returns the scores and the threshold only',
      at: ['normal'],
    });
    return;
  }
  // The images that are scored may all be anomalous, and the reference images all normal.
  const learned = reference?.labeled === false ? [] : reference?.classes;
  if (data.classes === undefined || learned === undefined) return;
  const known = [...data.classes, ...learned];
  checkClasses({ references, report }, known, normal, 'normal');
  if (learned.length === 0 || !normal.every((one) => hasClass(known, one))) return;
  if (data.classes.every(({ label, name }) => normal.some((one) => one === label || one === name)))
    report({
      code: 'bad-setting',
      severity: 'warning',
      message: `all classes of \`${references['data']}\` are in \`normal\`, so no image is anomalous`,
      hint: 'name only the classes that are normal',
      at: ['normal'],
    });
  if (normal.some((one) => hasClass(learned, one))) return;
  const stage = references['reference'] ?? references['data'];
  report({ code: 'bad-setting', ...noneNormal(stage, learned), at: ['normal'] });
}

function checkScore(
  { settings, references, report }: AnalysisContext<AnomalySettings>,
  model: ModelDescription,
): void {
  const stage = references['model'];
  if (settings.score === 'nll' && model.variational === false) {
    report({
      code: 'bad-setting',
      message: `\`nll\` needs a variational latent, but the encoder of \`${stage}\` does not end in \`Variational\``,
      hint: 'use `score: squared_error`, or let the encoder end in `Variational: { units: … }`',
      at: ['score'],
    });
  }
  const size = sizeOf(model.latentShape);
  if (settings.score !== 'latent_distance' || size <= LARGEST_LATENT) return;
  report({
    code: 'out-of-range',
    message: `\`latent_distance\` takes latents of at most ${LARGEST_LATENT} values, but those of \`${stage}\` have ${size}`,
    hint: 'use `score: squared_error`, or a smaller latent',
    at: ['score'],
  });
}

/** With `normal`, the number of reference images is only known in a run. */
function checkAmount(
  { settings, references, report }: AnalysisContext<AnomalySettings>,
  model: ModelDescription,
  reference: ImagesDescription | undefined,
): void {
  const count = reference?.chosen?.counts?.train;
  if (settings.score !== 'latent_distance' || count === undefined) return;
  const at = [references['reference'] === undefined ? 'data' : 'reference'];
  if (count < FEWEST_REFERENCES) {
    report({ code: 'bad-setting', ...tooFew(count), at });
    return;
  }
  const few = fewReferences(count, sizeOf(model.latentShape));
  if (few !== undefined) report({ code: 'bad-setting', severity: 'warning', ...few, at });
}

/** A threshold from other images than the model has learned means little, unless only the normal ones of them are used. */
function checkTrainedOn(
  { settings, references, report }: AnalysisContext<AnomalySettings>,
  model: ModelDescription,
): void {
  if (model.kind !== 'trained-model' || settings.normal !== undefined) return;
  const stage = references['reference'] ?? references['data'];
  if (stage === undefined || stage === model.data) return;
  report({
    code: 'bad-setting',
    severity: 'warning',
    message: `\`${references['model']}\` was trained on \`${model.data}\`, but the threshold comes from the training images of \`${stage}\``,
    hint: `add \`reference: ${model.data}\`, or \`normal\` with the classes that are normal`,
    at: [references['reference'] === undefined ? 'data' : 'reference'],
  });
}

function checkSamples({ settings, report }: AnalysisContext<AnomalySettings>): void {
  if (settings.importance_samples === undefined || settings.score === 'nll') return;
  report({
    code: 'bad-setting',
    message: `\`importance_samples\` is only used by \`score: nll\``,
    hint: 'remove it, or use `score: nll`',
    at: ['importance_samples'],
  });
}
