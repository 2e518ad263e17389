/** The `figure` stage: draws images, comparisons and curves. */
import type { FigureSettings } from '../../config/generated/settings.ts';
import { readSchema } from '../../core/schemas.ts';
import type { AnalysisContext, OutputDescription, Split } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { checkInput, checkOutput, checkSplit, type ImagesDescription } from '../train/checks.ts';

export const figureNode: NodeDefinition<FigureSettings> = {
  type: 'figure',
  version: 3,
  schema: readSchema('stages/figure'),
  inputs: {
    data: { accepts: ['images'], optional: true },
    target: { accepts: ['images'], optional: true },
    model: { accepts: ['trained-model'], optional: true },
  },
  outputs: 'figure',
  draws: true,
  // Only a comparison puts images through a model.
  engine: ({ kind }) => kind === 'comparison',
  analyze,
  async run(context) {
    const { drawFigure } = await import('./run.ts');
    return drawFigure(context);
  },
};

function analyze(context: AnalysisContext<FigureSettings>): OutputDescription {
  const { settings } = context;
  if (settings.kind !== 'history') checkImages(context, settings.kind, settings.split);
  return { kind: 'figure' };
}

function checkImages(
  context: AnalysisContext<FigureSettings>,
  kind: 'images' | 'comparison',
  split: Split,
): void {
  const { inputs, references } = context;
  const data = inputs['data']?.kind === 'images' ? inputs['data'] : undefined;
  const named = references['target'] === undefined ? data : inputs['target'];
  const target = named?.kind === 'images' ? named : undefined;
  if (data !== undefined) {
    checkSplit(context, split, data, target, ['split']);
    checkChannels(context, data);
  }
  if (kind === 'images') return;
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  if (model === undefined) return;
  if (data !== undefined) {
    checkInput(context, model, data);
    checkCorruption(context, model, data);
  }
  if (target !== undefined) checkOutput(context, model, target);
}

function checkChannels(
  { references, report }: AnalysisContext<FigureSettings>,
  data: ImagesDescription,
): void {
  const channels = data.shape?.[2];
  if (channels === undefined || channels === 1 || channels === 3) return;
  report({
    code: 'shape-mismatch',
    message: `the images of \`${references['data']}\` have ${channels} channels, and cannot be drawn`,
    hint: 'draw images of 1 channel (grey) or 3 (red, green, blue)',
    at: ['data'],
  });
}

/** A denoiser is shown at work: from corrupted images, beside clean ones. */
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
      message: `without \`target\`, the corrupted images of \`${references['data']}\` stand in the row of originals`,
      hint: `add \`target: ${data.corruptionOf}\``,
      at: ['data'],
    });
  }
}
