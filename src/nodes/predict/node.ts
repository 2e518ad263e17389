/** The `predict` stage: a trained autoencoder's outputs, stored as images. */
import type { PredictSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import { imageOf } from '../../core/shape.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { checkInput, checkScale, checkSplit, reportNoImage } from '../train/checks.ts';

export const predictNode: NodeDefinition<PredictSettings> = {
  type: 'predict',
  version: 4,
  schema: readSchema('stages/predict'),
  inputs: {
    model: { accepts: ['trained-model'] },
    data: { accepts: ['images'] },
  },
  outputs: 'images',
  draws: false,
  engine: true,
  analyze,
  async run(context) {
    const { runPredict } = await import('./run.ts');
    return runPredict(context);
  },
  async trace(context, part) {
    const { traceTrained } = await import('../train/trace.ts');
    return traceTrained(context, 'autoencoder', part);
  },
};

function analyze(context: AnalysisContext<PredictSettings>): OutputDescription | undefined {
  const { settings, inputs } = context;
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  const data = inputs['data']?.kind === 'images' ? inputs['data'] : undefined;
  const splits = settings.split === 'all' ? (data?.splits ?? []) : [settings.split];
  if (data !== undefined) {
    for (const split of splits) checkSplit(context, split, data, undefined, ['split']);
    if (model !== undefined) {
      checkInput(context, model, data);
      checkScale(context, model, data);
    }
  }
  const chosen = data?.chosen === undefined ? {} : { chosen: data.chosen };
  if (model === undefined) return { kind: 'images', splits, ...chosen };
  const shape = imageOf(model.outputShape);
  if (shape !== undefined) return { kind: 'images', shape, splits, ...chosen };
  // A model that takes images also returns images. So if the shape of the data is known, `checkInput` has already reported this.
  if (data?.shape === undefined) reportNoImage(context, model);
  return undefined;
}
