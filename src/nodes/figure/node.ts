/** The `figure` stage: draws images, comparisons, curves and latent spaces. */
import type { FigureSettings, TraversalFigureSettings } from '../../schema/generated/settings.ts';
import { unreachable } from '../../core/diagnostic.ts';
import { readSchema } from '../../schema/schemas.ts';
import { sizeOf } from '../../core/shape.ts';
import type { AnalysisContext, OutputDescription, Split } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { checkLabel, missingLabel } from '../label.ts';
import { checkCleanTarget, targetHint } from '../step.ts';
import { checkInput, checkOutput, checkShown, checkSplit, type ImagesDescription } from '../train/checks.ts';

/** Kinds that run images through a model. */
const COMPUTED: ReadonlySet<FigureSettings['kind']> = new Set([
  'comparison',
  'traversal',
  'manifold',
  'classes',
]);

export const figureNode: NodeDefinition<FigureSettings> = {
  type: 'figure',
  version: 14,
  schema: readSchema('stages/figure'),
  inputs: {
    data: { accepts: ['images', 'vectors', 'scores'], optional: true },
    target: { accepts: ['images'], optional: true },
    before: { accepts: ['images'], optional: true },
    thumbnails: { accepts: ['images'], optional: true },
    model: { accepts: ['trained-model'], optional: true },
  },
  classSettings: ['label'],
  outputs: 'figure',
  draws: true,
  engine: ({ kind }) => COMPUTED.has(kind),
  pairings: (settings) => {
    if (!('split' in settings)) return [];
    const splits = [settings.split];
    return (['target', 'before', 'thumbnails'] as const).map((other) => ({
      settings: ['data', other],
      splits,
    }));
  },
  analyze,
  async run(context) {
    const { drawFigure } = await import('./run.ts');
    return drawFigure(context);
  },
};

function analyze(context: AnalysisContext<FigureSettings>): OutputDescription {
  const { settings } = context;
  switch (settings.kind) {
    case 'images':
    case 'comparison':
      checkImages(context, settings.kind, settings.split);
      break;
    case 'latent':
      checkPlane(context, settings.split);
      break;
    case 'traversal':
    case 'manifold':
      if (settings.kind === 'traversal') checkOrder(context, settings);
      checkLatentSpace(context, settings.kind, settings.split);
      break;
    case 'classes':
      checkClasses(context, settings.split);
      break;
    case 'animation':
      checkPreviews(context);
      break;
    case 'roc':
    case 'scores':
    case 'anomalies':
      checkScores(context, settings.kind);
      break;
    case 'history':
      checkQuantities(context, settings.quantities);
      break;
    default:
      unreachable(settings);
  }
  return { kind: 'figure' };
}

/** Checks that `data` is a stage that scores images and, for curves, that it knows which are anomalous. */
function checkScores(
  { inputs, references, report }: AnalysisContext<FigureSettings>,
  kind: 'roc' | 'scores' | 'anomalies',
): void {
  const { data } = inputs;
  const stage = references['data'];
  if (data === undefined || stage === undefined) return;
  if (data.kind !== 'scores') {
    report({
      code: 'wrong-stage-kind',
      message: `\`kind: ${kind}\` needs an \`anomaly\` stage, but \`${stage}\` returns ${data.kind}`,
      hint: 'name an `anomaly` stage',
      at: ['data'],
    });
  } else if (kind === 'roc' && !data.judged) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` does not know which images are anomalous, so there is no ROC curve`,
      hint: `give \`${stage}\` the setting \`normal\`, or use \`kind: scores\``,
      at: ['kind'],
      related: { message: `\`${stage}\` is defined here`, at: [], stage },
    });
  }
}

/** The images of `data`; reports vectors and scores as errors. */
function imagesOf({
  inputs,
  references,
  report,
}: AnalysisContext<FigureSettings>): ImagesDescription | undefined {
  const { data } = inputs;
  if (data?.kind === 'vectors' || data?.kind === 'scores') {
    report({
      code: 'wrong-stage-kind',
      message: `\`data\` needs images, but \`${references['data']}\` returns ${data.kind}`,
      hint:
        data.kind === 'vectors'
          ? 'name the stage whose images were encoded, or use `kind: latent`'
          : 'name the stage whose images were scored, or use `kind: anomalies`',
      at: ['data'],
    });
  }
  return data?.kind === 'images' ? data : undefined;
}

function checkImages(
  context: AnalysisContext<FigureSettings>,
  kind: 'images' | 'comparison',
  split: Split,
): void {
  const { inputs, references } = context;
  const data = imagesOf(context);
  const named = references['target'] === undefined ? data : inputs['target'];
  const target = named?.kind === 'images' ? named : undefined;
  if (data !== undefined) {
    checkSplit(context, split, data, target, ['split']);
    checkChannels(context, data);
    checkLabels(context, data);
    checkAmount(context, data, split);
  }
  if (kind === 'images') {
    if (inputs['before']?.kind === 'images') checkBefore(context, inputs['before'], data, split);
    return;
  }
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  if (model === undefined) return;
  if (data !== undefined) {
    checkInput(context, model, data);
    checkCorruption(context, model, data);
    const what = (stage: string): string =>
      `the corrupted images of \`${stage}\` are shown in the row of originals`;
    checkCleanTarget(context, data, target, what);
  }
  if (target !== undefined) checkOutput(context, model, target);
}

/** Asking for more images than exist leaves places in the grid empty. */
function checkAmount(context: AnalysisContext<FigureSettings>, data: ImagesDescription, split: Split): void {
  const { settings } = context;
  if (settings.kind === 'comparison')
    checkShown(context, data, { wanted: settings.samples, split, at: [['samples']] });
  if (settings.kind === 'images')
    checkShown(context, data, {
      wanted: settings.rows * settings.columns,
      split,
      at: [['rows'], ['columns']],
    });
  if (settings.kind === 'traversal' && settings.path !== 'axes')
    checkShown(context, data, { wanted: 2 * settings.rows, split, at: [['rows']] });
}

/** Checks that the training measures the quantities to draw. */
function checkQuantities(
  { inputs, references, report }: AnalysisContext<FigureSettings>,
  quantities: readonly string[] | undefined,
): void {
  const { model } = inputs;
  if (model?.kind !== 'trained-model' || model.measured === undefined) return;
  const { measured } = model;
  for (const [index, name] of (quantities ?? []).entries()) {
    if (measured.includes(name)) continue;
    const stage = references['model'];
    const plain = name.replace(/^val_/, '');
    const hint =
      name === 'learning_rate'
        ? 'it is measured only where it changes: remove it here'
        : name !== plain && measured.includes(plain)
          ? `give \`${stage}\` the setting \`validation: test\`, or draw \`${plain}\``
          : `give \`${stage}\` the setting \`metrics: [${plain}]\`, or draw ${measured.map((each) => `\`${each}\``).join(', ')}`;
    report({
      code: 'bad-setting',
      message: `\`${stage}\` does not measure \`${name}\``,
      hint,
      at: ['quantities', index],
      ...(stage === undefined ? {} : { related: { message: `\`${stage}\` is defined here`, at: [], stage } }),
    });
  }
}

/** Class labels below images need classes. */
function checkLabels(
  { settings, references, report }: AnalysisContext<FigureSettings>,
  data: ImagesDescription,
): void {
  if (!('labels' in settings) || settings.labels !== true || data.labeled !== false) return;
  report({
    code: 'bad-setting',
    message: `the images of \`${references['data']}\` have no class labels`,
    hint: 'remove `labels`',
    at: ['labels'],
  });
}

/** Checks that the images of `before` can be shown above those of `data`. */
function checkBefore(
  context: AnalysisContext<FigureSettings>,
  before: ImagesDescription,
  data: ImagesDescription | undefined,
  split: Split,
): void {
  const { references, report } = context;
  checkChannels(context, before, 'before');
  if (before.splits.includes(split) || data?.splits.includes(split) === false) return;
  report({
    code: 'missing-split',
    message: `\`${references['before']}\` has no \`${split}\` images`,
    hint: `use \`split: ${split === 'test' ? 'train' : 'test'}\``,
    at: ['split'],
  });
}

/** Checks that the vectors have two values, and that the thumbnails exist. */
function checkPlane(context: AnalysisContext<FigureSettings>, split: Split): void {
  const { inputs, references, report } = context;
  const { data, thumbnails } = inputs;
  const stage = references['data'];
  if (data?.kind === 'images' || data?.kind === 'scores') {
    report({
      code: 'wrong-stage-kind',
      message: `\`data\` needs vectors, but \`${stage}\` returns ${data.kind}`,
      hint:
        data.kind === 'images'
          ? `add a \`project\` stage with \`data: ${stage}\`, and draw its output`
          : 'use `kind: scores`',
      at: ['data'],
    });
  }
  if (data?.kind === 'vectors') {
    if (data.size !== undefined && data.size !== 2) {
      report({
        code: 'shape-mismatch',
        message: `the vectors of \`${stage}\` have ${data.size} values, and a plane has 2`,
        hint: `add a \`project\` stage with \`data: ${stage}\`, and draw its output`,
        at: ['data'],
      });
    }
    if (!data.splits.includes(split)) {
      report({
        code: 'missing-split',
        message: `\`${stage}\` has no \`${split}\` vectors`,
        hint: `use \`split: ${split === 'test' ? 'train' : 'test'}\``,
        at: ['split'],
      });
    }
  }
  if (thumbnails?.kind === 'images') checkChannels(context, thumbnails, 'thumbnails');
}

function checkLatentSpace(
  context: AnalysisContext<FigureSettings>,
  kind: 'traversal' | 'manifold',
  split: Split,
): void {
  const { inputs, references, report } = context;
  const data = imagesOf(context);
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  if (data !== undefined) {
    checkSplit(context, split, data, undefined, ['split']);
    checkChannels(context, data);
    checkAmount(context, data, split);
    if (model !== undefined) checkInput(context, model, data);
  }
  if (model?.quantized === true) {
    report({
      code: 'bad-setting',
      message: `a ${kind} decodes latents between those of images, but \`${references['model']}\` has learned to decode only its codes: its encoder ends in \`VectorQuantizer\``,
      hint: 'draw `kind: comparison`, or use another latent',
      at: ['model'],
    });
    return;
  }
  const { settings } = context;
  if (model !== undefined && 'label' in settings) checkLabel(context, model, settings.label);
  if (model?.classes !== undefined && settings.kind === 'manifold' && settings.label === undefined) {
    const [message, hint] = missingLabel(references['model']);
    report({ code: 'missing-key', message, hint, at: ['model'] });
  }
  const size = model && sizeOf(model.latentShape);
  if (kind === 'traversal' || size === undefined || size === 2) return;
  report({
    code: 'shape-mismatch',
    message: `the latent space of \`${references['model']}\` has ${size} values, and a plane has 2`,
    hint: 'use `kind: traversal`, or an encoder that ends in `Dense: { units: 2 }`',
    at: ['model'],
  });
}

/** Only a variational latent has a divergence, and only axes have an order. */
function checkOrder(
  { inputs, references, report }: AnalysisContext<FigureSettings>,
  { order, path }: TraversalFigureSettings,
): void {
  if (order === undefined) return;
  const { model } = inputs;
  if (path !== 'axes') {
    report({
      code: 'bad-setting',
      message: '`order` sorts latent axes, but `path: images` goes from image to image',
      hint: 'remove `order`, or use `path: axes`',
      at: ['order'],
    });
  } else if (order === 'kl' && model?.kind === 'trained-model' && model.variational === false) {
    report({
      code: 'bad-setting',
      message: `\`order: kl\` needs a variational latent, which \`${references['model']}\` does not have`,
      hint: 'use `order: variance`',
      at: ['order'],
    });
  }
}

/** Checks that the model is conditional, and that it has latents to decode. */
function checkClasses(context: AnalysisContext<FigureSettings>, split: Split): void {
  const { inputs, references, report } = context;
  const data = imagesOf(context);
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  if (data !== undefined) {
    checkSplit(context, split, data, undefined, ['split']);
    checkChannels(context, data);
    if (model !== undefined) checkInput(context, model, data);
  }
  // Of models of plugins, it is only known when they are loaded.
  if (model?.variational === undefined) return;
  const stage = references['model'];
  if (model.classes === undefined) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` decodes latents without a label: its model has no \`condition: labels\``,
      hint: 'use `kind: traversal`, or give the model `condition: labels` and `classes`',
      at: ['model'],
    });
  } else if (!model.variational && references['data'] === undefined) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` has no distribution of latents: its encoder does not end in \`Variational\``,
      hint: 'add `data`: then the latents are those of its images',
      at: ['model'],
    });
  }
}

function checkPreviews({ inputs, references, report }: AnalysisContext<FigureSettings>): void {
  const { model } = inputs;
  if (model?.kind !== 'trained-model' || model.previews !== false) return;
  const stage = references['model'];
  report({
    code: 'bad-setting',
    message: `\`${stage}\` draws no previews, which an animation needs`,
    hint: `give \`${stage}\` the setting \`preview: {}\``,
    at: ['model'],
    ...(stage === undefined ? {} : { related: { message: `\`${stage}\` is defined here`, at: [], stage } }),
  });
}

function checkChannels(
  { references, report }: AnalysisContext<FigureSettings>,
  data: ImagesDescription,
  setting: 'data' | 'before' | 'thumbnails' = 'data',
): void {
  const channels = data.shape?.[2];
  if (channels === undefined || channels === 1 || channels === 3) return;
  report({
    code: 'shape-mismatch',
    message: `the images of \`${references[setting]}\` have ${channels} channels, which cannot be drawn`,
    hint: 'draw images of 1 channel (grey) or 3 (red, green, blue)',
    at: [setting],
  });
}

/** A denoiser should be shown with corrupted inputs, beside clean images. */
function checkCorruption(
  { references, report }: AnalysisContext<FigureSettings>,
  model: Extract<OutputDescription, { kind: 'trained-model' }>,
  data: ImagesDescription,
): void {
  if (model.denoiser && data.corruptionOf === undefined) {
    report({
      code: 'clean-evaluation',
      severity: 'warning',
      message: `\`${references['model']}\` is a denoiser, but \`${references['data']}\` has no noise for it to remove`,
      hint: `use \`data: ${model.data}\` and \`target: ${model.target}\``,
      at: ['data'],
    });
  } else if (data.corruptionOf !== undefined && references['target'] === undefined) {
    report({
      code: 'bad-setting',
      severity: 'warning',
      message: `without \`target\`, the corrupted images of \`${references['data']}\` are shown in the row of originals`,
      hint: targetHint(data.corruptionOf),
      at: ['data'],
    });
  }
}
