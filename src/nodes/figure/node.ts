import type { FigureSettings } from '../../config/generated/settings.ts';
import { readSchema } from '../../core/schemas.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';

/** `figure`: draws images, comparisons and curves. */
export const figureNode: NodeDefinition<FigureSettings> = {
  type: 'figure',
  version: 1,
  schema: readSchema('stages/figure'),
  inputs: {
    data: { accepts: ['images'], optional: true },
    target: { accepts: ['images'], optional: true },
    model: { accepts: ['trained-model'], optional: true },
  },
  outputs: 'figure',
  draws: true,
  // Only a comparison puts images through a model.
  engine: (settings) => settings.kind === 'comparison',

  analyze(context): OutputDescription {
    if (context.settings.kind === 'images') checkImages(context, context.settings.split);
    if (context.settings.kind === 'comparison') checkComparison(context, context.settings.split);
    return { kind: 'figure' };
  },

  async run(context) {
    const { drawFigure } = await import('./run.ts');
    return drawFigure(context);
  },
};

function checkImages(
  { inputs, references, report }: AnalysisContext<FigureSettings>,
  split: 'train' | 'test',
): void {
  const { data } = inputs;
  if (data?.kind !== 'images') return;
  if (!data.splits.includes(split)) {
    report({
      code: 'missing-split',
      message: `\`${references['data'] ?? ''}\` has no \`${split}\` images`,
      at: ['data'],
      hint: `it has: ${data.splits.join(', ')}`,
    });
  }
  const channels = data.shape?.[2];
  if (channels !== undefined && channels !== 1 && channels !== 3) {
    report({
      code: 'shape-mismatch',
      message: `images of ${channels} channels cannot be drawn: they are neither grey (1) nor coloured (3)`,
      at: ['data'],
    });
  }
}

function checkComparison(context: AnalysisContext<FigureSettings>, split: 'train' | 'test'): void {
  checkImages(context, split);
  const { inputs, references, report } = context;
  const { data, model, target } = inputs;
  if (data?.kind !== 'images' || model?.kind !== 'trained-model') return;
  if (data.shape !== undefined && data.shape.join() !== model.inputShape.join()) {
    report({
      code: 'shape-mismatch',
      message: `\`${references['model'] ?? ''}\` takes ${model.inputShape.join('x')}, but \`${references['data'] ?? ''}\` holds images of ${data.shape.join('x')}`,
      at: ['data'],
    });
  }
  if (
    target?.kind === 'images' &&
    target.shape !== undefined &&
    target.shape.join() !== model.outputShape.join()
  ) {
    report({
      code: 'shape-mismatch',
      message: `\`${references['model'] ?? ''}\` gives ${model.outputShape.join('x')}, but \`${references['target'] ?? ''}\` holds images of ${target.shape.join('x')}`,
      at: ['target'],
    });
  }
  if (model.denoiser && data.corruptionOf === undefined) {
    report({
      code: 'clean-evaluation',
      severity: 'warning',
      message: `\`${references['model'] ?? ''}\` is a denoiser, and is shown images without noise`,
      at: ['data'],
      hint: `compare on the images it was trained for: \`data: ${model.data}\`, \`target: ${model.target}\``,
    });
  }
}
