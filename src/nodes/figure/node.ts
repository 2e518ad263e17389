/** The `figure` stage: draws images, comparisons, curves and latent spaces. */
import type { FigureSettings } from '../../schema/generated/settings.ts';
import { unreachable } from '../../core/diagnostic.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { AnalysisContext, OutputDescription, Split } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { checkChannels, checkImages } from './image-checks.ts';
import { checkClasses, checkLatentSpace, checkOrder, checkPath } from './latent-checks.ts';

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
      if (settings.kind === 'traversal') {
        checkOrder(context, settings);
        checkPath(context, settings);
      }
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
