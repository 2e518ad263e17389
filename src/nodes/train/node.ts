/** The `train` stage: trains an autoencoder to turn `data` into `target`. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { haveOneClean, isCleanOf, targetHint } from '../step.ts';
import {
  checkEntropyTarget,
  checkInput,
  checkOutput,
  checkShown,
  checkSplit,
  type ImagesDescription,
} from './checks.ts';
import { learningRateOf } from '../../engine/train/optimizers/optimizer.ts';
import { measuresOf, type LossKind } from '../../engine/train/measures.ts';
import { checkDivision, checkKl, checkRegularizer } from './latent-checks.ts';
import { lossKind } from './latent-terms.ts';
import { checkLoss } from './loss-checks.ts';
import { lossName } from './loss.ts';
import { optimizerChoice } from './optimizer.ts';
import { latentKindOf } from '../model/latent.ts';
import { checkLearningRate } from './rate-checks.ts';
import { checkClipping } from './clipping-checks.ts';
import { checkStart } from './start-checks.ts';

export const trainNode: NodeDefinition<TrainSettings> = {
  type: 'train',
  version: 13,
  schema: readSchema('stages/train'),
  inputs: {
    model: { accepts: ['model'] },
    data: { accepts: ['images'] },
    target: { accepts: ['images'], optional: true, default: 'data' },
    start_from: { accepts: ['trained-model'], optional: true },
  },
  outputs: 'trained-model',
  draws: true,
  engine: true,
  cosmetic: ['checkpoint'],
  resumesBy: 'epochs',
  pairings: ({ validation }) => [
    { settings: ['data', 'target'], splits: validation === 'test' ? ['train', 'test'] : ['train'] },
  ],
  analyze,
  async run(context) {
    const { runTrain } = await import('./run.ts');
    return runTrain(context);
  },
  async trace(context, part) {
    const { traceTrain } = await import('./trace.ts');
    return traceTrain(context, part);
  },
};

function analyze(context: AnalysisContext<TrainSettings>): OutputDescription | undefined {
  const { settings, inputs, references } = context;
  const model = inputs['model']?.kind === 'model' ? inputs['model'] : undefined;
  const data = inputs['data']?.kind === 'images' ? inputs['data'] : undefined;
  const named = references['target'] === undefined ? inputs['data'] : inputs['target'];
  const target = named?.kind === 'images' ? named : undefined;

  checkStopping(context);
  checkLearningRate(context);
  checkClipping(context);
  if (data !== undefined) {
    checkSplits(context, data, target);
    checkDenoising(context, data, target);
    checkShare(context, data);
    checkBatch(context, data);
  }
  if (model !== undefined && data !== undefined) checkInput(context, model, data);
  if (model !== undefined && target !== undefined) checkOutput(context, model, target);
  if (model !== undefined) {
    checkLoss(context, model, target);
    checkKl(context, model);
    checkDivision(context, model);
    checkRegularizer(context, model, data);
    checkStart(context, model, data);
  }
  if (target !== undefined) {
    if (settings.loss === 'binary_crossentropy') checkEntropyTarget(context, target, ['loss']);
    const index = settings.metrics.indexOf('binary_crossentropy');
    if (index >= 0 && settings.loss !== 'binary_crossentropy') {
      checkEntropyTarget(context, target, ['metrics', index]);
    }
  }

  const stage = { data: references['data'], target: references['target'] ?? references['data'] };
  if (model === undefined || stage.data === undefined || stage.target === undefined) return undefined;
  return {
    kind: 'trained-model',
    inputShape: model.inputShape,
    latentShape: model.latentShape,
    outputShape: model.outputShape,
    data: stage.data,
    target: stage.target,
    ...(data?.range === undefined ? {} : { range: data.range }),
    measured: measuredBy(settings, lossKind(settings, latentKindOf(model))),
    ...(model.variational === undefined ? {} : { variational: model.variational }),
    ...(model.classes === undefined ? {} : { classes: model.classes }),
    ...(model.quantized === undefined ? {} : { quantized: model.quantized }),
    regularized: settings.latent_regularizer !== undefined,
    ...(model.layers === undefined ? {} : { layers: model.layers }),
    loss: lossName(settings.loss),
    previews: settings.preview !== null,
    denoiser: isCleanOf(data, references['target'], target),
  };
}

/** The columns of `history.csv`, without the epoch. */
function measuredBy(
  { metrics, validation, optimizer, reduce_lr_on_plateau: plateau }: TrainSettings,
  kind: LossKind,
): readonly string[] {
  const measured = measuresOf(kind, metrics);
  const changes = plateau !== null || typeof learningRateOf(optimizerChoice(optimizer)) !== 'number';
  return [
    ...measured,
    ...(validation === 'none' ? [] : measured.map((name) => `val_${name}`)),
    ...(changes ? ['learning_rate'] : []),
  ];
}

/** Splitting off a share of the images for validation must leave images in both parts. */
function checkShare(
  { settings, references, report }: AnalysisContext<TrainSettings>,
  data: ImagesDescription,
): void {
  const { validation: share } = settings;
  const count = data.chosen?.counts?.train;
  if (typeof share !== 'number' || count === undefined) return;
  const kept = Math.floor(count * (1 - share));
  if (kept > 0 && kept < count) return;
  report({
    code: 'bad-setting',
    message: `\`${references['data']}\` has ${count} training images: too few for both training and validation`,
    hint: 'use more images, another share, or `validation: none`',
    at: ['validation'],
  });
}

/** If a batch holds all images, an epoch is a single step. */
function checkBatch(
  { settings, references, report }: AnalysisContext<TrainSettings>,
  data: ImagesDescription,
): void {
  const { batch_size: size, validation } = settings;
  const all = data.chosen?.counts?.train;
  const count =
    all === undefined || typeof validation !== 'number' ? all : Math.floor(all * (1 - validation));
  if (count === undefined || size <= count || count === 0) return;
  const rest = count === all ? '' : ' (without those for validation)';
  report({
    code: 'out-of-range',
    severity: 'warning',
    message: `a batch of ${size} is more than the ${count} training images of \`${references['data']}\`${rest}: an epoch has one step`,
    hint: `write a smaller \`batch_size\`, such as ${Math.min(32, Math.ceil(count / 4))}, or ${count} to train on all images at once`,
    at: ['batch_size'],
    ifWritten: [],
  });
}

function checkStopping({ settings, report }: AnalysisContext<TrainSettings>): void {
  const { early_stopping: stopping, validation } = settings;
  if (stopping === null || stopping.monitor !== 'val_loss' || validation !== 'none') return;
  report({
    code: 'bad-setting',
    message: '`early_stopping` watches `val_loss`, but there is no validation',
    hint: 'add `validation: test`, or `monitor: loss`',
    at: ['early_stopping', 'monitor'],
  });
}

function checkSplits(
  context: AnalysisContext<TrainSettings>,
  data: ImagesDescription,
  target: ImagesDescription | undefined,
): void {
  const { preview, validation } = context.settings;
  checkSplit(context, 'train', data, target, ['data']);
  if (validation === 'test') checkSplit(context, 'test', data, target, ['validation']);
  if (preview === null) return;
  checkSplit(context, preview.split, data, undefined, ['preview', 'split']);
  checkShown(context, data, {
    wanted: preview.rows * preview.columns,
    split: preview.split,
    at: [
      ['preview', 'rows'],
      ['preview', 'columns'],
    ],
  });
  const channels = target?.shape?.[2];
  if (channels === undefined || channels === 1 || channels === 3) return;
  context.report({
    code: 'bad-setting',
    message: `previews show images of 1 or 3 channels, but these have ${channels}`,
    hint: 'leave `preview` out',
    at: ['preview'],
  });
}

/**
 * Learning to reproduce noise is allowed but rarely intended. Two corruptions of the same clean images (Noise2Noise) are fine.
 */
function checkDenoising(
  { references, report }: AnalysisContext<TrainSettings>,
  data: ImagesDescription,
  target: ImagesDescription | undefined,
): void {
  const { data: stage, target: named } = references;
  const warn = (message: string, hint: string, at: string): void =>
    report({ code: 'bad-setting', severity: 'warning', message, hint, at: [at] });
  if (named === undefined || named === stage) {
    if (data.corruptionOf === undefined) return;
    const begin = named === undefined ? 'without `target`' : `with \`target: ${named}\``;
    const message = `${begin}, the model learns to reproduce the noise of \`${stage}\``;
    warn(
      message,
      `for a denoiser, ${targetHint(data.corruptionOf, named)}`,
      named === undefined ? 'data' : 'target',
    );
  } else if (target?.corruptionOf !== undefined && data.corruptionOf === undefined) {
    const swapped = isCleanOf(target, stage, data);
    warn(
      `the model learns to add the noise of \`${named}\` to the images of \`${stage}\``,
      swapped
        ? `for a denoiser, use \`data: ${named}\` and \`target: ${stage}\``
        : 'let `target` name clean images',
      'target',
    );
  } else if (data.corruptionOf === undefined) {
    return;
  } else if (target?.noiseOn?.includes(stage ?? '') === true) {
    const message = `\`${named}\` is \`${stage}\` with more noise: the model learns to reproduce the noise of \`${stage}\``;
    warn(message, `for a denoiser, ${targetHint(data.corruptionOf, named)}`, 'target');
  } else if (
    target?.corruptionOf === undefined ? !isCleanOf(data, named, target) : !haveOneClean(data, target)
  ) {
    const what = target?.corruptionOf === undefined ? 'the clean images' : 'another corruption';
    warn(
      `as far as the settings show, \`${named}\` does not contain ${what} of \`${stage}\``,
      targetHint(data.corruptionOf, named),
      'target',
    );
  }
}
