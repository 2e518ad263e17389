/** The `evaluate` stage: measures how well a trained model turns `data` into `target`. */
import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { AnalysisContext, OutputDescription, Split } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { checkCleanTarget, targetHint } from '../step.ts';
import { isOfLatent, isOfOneImage, metricNames } from './names.ts';
import {
  checkEntropyTarget,
  checkInput,
  checkOutput,
  checkScale,
  checkSplit,
  checkSsimSize,
  type ImagesDescription,
  type ModelDescription,
} from '../train/checks.ts';

export const evaluateNode: NodeDefinition<EvaluateSettings> = {
  type: 'evaluate',
  version: 5,
  schema: readSchema('stages/evaluate'),
  inputs: {
    model: { accepts: ['trained-model'] },
    data: { accepts: ['images'] },
    target: { accepts: ['images'], optional: true, default: 'data' },
  },
  outputs: 'metrics',
  draws: ({ metrics }) => metrics.some(isOfLatent),
  engine: true,
  pairings: ({ split }) => [
    { settings: ['data', 'target'], splits: split === 'all' ? ['train', 'test'] : [split] },
  ],
  analyze,
  async run(context) {
    const { runEvaluate } = await import('./run.ts');
    return runEvaluate(context);
  },
  async trace(context, part) {
    const { traceMeasures } = await import('../train/trace.ts');
    return traceMeasures(context, part);
  },
};

function analyze(context: AnalysisContext<EvaluateSettings>): OutputDescription {
  const { settings, inputs, references } = context;
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  const data = inputs['data']?.kind === 'images' ? inputs['data'] : undefined;
  const named = references['target'] === undefined ? inputs['data'] : inputs['target'];
  const target = named?.kind === 'images' ? named : undefined;

  const splits: readonly Split[] = settings.split === 'all' ? (data?.splits ?? []) : [settings.split];
  if (data !== undefined) {
    for (const split of splits) checkSplit(context, split, data, target, ['split']);
    const what = (stage: string): string => `outputs are compared with the corrupted images of \`${stage}\``;
    checkCleanTarget(context, data, target, what);
    if (model !== undefined) {
      checkInput(context, model, data);
      checkScale(context, model, data);
      checkCorruption(context, model, data);
    }
  }
  if (model !== undefined && target !== undefined) checkOutput(context, model, target);
  checkLatentMetrics(context, model);
  if (target !== undefined) {
    const likelihood =
      model?.variational === true && model.loss === 'binary_crossentropy'
        ? settings.metrics.findIndex(isOfLatent)
        : -1;
    const entropy = likelihood < 0 ? settings.metrics.indexOf('binary_crossentropy') : likelihood;
    if (entropy >= 0) checkEntropyTarget(context, target, ['metrics', entropy]);
    const similarity = settings.metrics.indexOf('ssim');
    if (similarity >= 0) checkSsimSize(context, target, ['metrics', similarity]);
  }
  if (data !== undefined) checkTables(context, data);
  return { kind: 'metrics', names: metricNames(settings, splits) };
}

/** Tables by class need classes, and a metric that single images have. */
function checkTables(
  { settings, references, report }: AnalysisContext<EvaluateSettings>,
  data: ImagesDescription,
): void {
  const { by, metrics } = settings;
  if (by === undefined) return;
  const classes = by.indexOf('class');
  if (classes >= 0 && data.labeled === false) {
    report({
      code: 'bad-setting',
      message: `the images of \`${references['data']}\` have no class labels, which \`by: [class]\` needs`,
      hint: 'use `by: [image]`, or data with labels',
      at: ['by', classes],
    });
  }
  if (metrics.some(isOfOneImage)) return;
  report({
    code: 'bad-setting',
    message: '`by` makes tables of the metrics of single images, and `metrics` has none',
    hint: 'add a metric such as `kl`, or remove `by`',
    at: ['by'],
  });
}

/** Metrics of distributions need a variational model, and that of codes a quantised one. */
function checkLatentMetrics(
  { settings, references, report }: AnalysisContext<EvaluateSettings>,
  model: ModelDescription | undefined,
): void {
  const { metrics, importance_samples: samples } = settings;
  const index = metrics.findIndex(isOfLatent);
  if (index >= 0 && model?.variational === false) {
    report({
      code: 'bad-setting',
      message: `\`${metrics[index]}\` needs a variational latent, but the encoder of \`${references['model']}\` does not end in \`Variational\``,
      hint: 'leave it out, or let the encoder end in `Variational: { units: … }`',
      at: ['metrics', index],
    });
  }
  const ofCodes = metrics.indexOf('perplexity');
  if (ofCodes >= 0 && model?.quantized === false) {
    report({
      code: 'bad-setting',
      message: `\`perplexity\` needs a quantised latent, but the encoder of \`${references['model']}\` does not end in \`VectorQuantizer\``,
      hint: 'leave it out, or let the encoder end in `VectorQuantizer: { codes: … }`',
      at: ['metrics', ofCodes],
    });
  }
  if (samples === undefined || metrics.includes('nll')) return;
  report({
    code: 'bad-setting',
    message: '`importance_samples` is only used by the metric `nll`, which is not in `metrics`',
    hint: 'add `nll` to `metrics`, or remove `importance_samples`',
    at: ['importance_samples'],
  });
}

/** A denoiser should be measured on corrupted images, compared with clean ones. */
function checkCorruption(
  { references, report }: AnalysisContext<EvaluateSettings>,
  model: ModelDescription,
  data: ImagesDescription,
): void {
  if (model.kind !== 'trained-model' || !model.denoiser) return;
  const stage = references['model'];
  const related =
    stage === undefined
      ? {}
      : { related: { message: `\`${stage}\` learned to denoise \`${model.data}\``, at: ['data'], stage } };
  if (data.corruptionOf === undefined) {
    report({
      code: 'clean-evaluation',
      severity: 'warning',
      message: `\`${stage}\` is a denoiser, but \`${references['data']}\` has no noise for it to remove`,
      hint: `use \`data: ${model.data}\` and \`target: ${model.target}\``,
      at: ['data'],
      ...related,
    });
  } else if (references['target'] === undefined) {
    report({
      code: 'bad-setting',
      severity: 'warning',
      message: `\`${stage}\` is a denoiser, but without \`target\` its outputs are compared with the corrupted images`,
      hint: targetHint(data.corruptionOf),
      at: ['data'],
      ...related,
    });
  }
}
