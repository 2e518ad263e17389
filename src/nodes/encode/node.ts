/** The `encode` stage: the latent vectors of images. */
import type { EncodeSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import { sizeOf } from '../../core/shape.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { checkInput, checkScale, checkSplit, type ImagesDescription } from '../train/checks.ts';

export const encodeNode: NodeDefinition<EncodeSettings> = {
  type: 'encode',
  version: 4,
  schema: readSchema('stages/encode'),
  inputs: {
    model: { accepts: ['trained-model'] },
    data: { accepts: ['images'] },
  },
  outputs: 'vectors',
  draws: false,
  engine: true,
  analyze,
  async run(context) {
    const { runEncode } = await import('./run.ts');
    return runEncode(context);
  },
  async trace(context, part) {
    const { traceTrained } = await import('../train/trace.ts');
    return traceTrained(context, 'encoder', part);
  },
};

function analyze(context: AnalysisContext<EncodeSettings>): OutputDescription {
  const { settings, inputs } = context;
  const model = inputs['model']?.kind === 'trained-model' ? inputs['model'] : undefined;
  const data = inputs['data']?.kind === 'images' ? inputs['data'] : undefined;
  const splits = settings.split === 'all' ? (data?.splits ?? []) : [settings.split];
  if (data !== undefined) {
    for (const split of splits) checkSplit(context, split, data, undefined, ['split']);
    if (model !== undefined) {
      checkInput(context, model, data);
      checkScale(context, model, data);
      checkDenoiserInput(context, model, data);
    }
  }
  const size = model && sizeOf(model.latentShape);
  return {
    kind: 'vectors',
    ...(size === undefined ? {} : { size }),
    splits,
    ...(data?.chosen === undefined ? {} : { chosen: data.chosen }),
    ...(data?.labeled === undefined ? {} : { labeled: data.labeled }),
  };
}

/** A denoiser encodes corrupted images. */
function checkDenoiserInput(
  { references, report }: AnalysisContext<EncodeSettings>,
  model: Extract<OutputDescription, { kind: 'trained-model' }>,
  data: ImagesDescription,
): void {
  if (!model.denoiser || data.corruptionOf !== undefined) return;
  const stage = references['model'];
  report({
    code: 'clean-evaluation',
    severity: 'warning',
    message: `\`${stage}\` is a denoiser, but \`${references['data']}\` has no noise for it to remove`,
    hint: `use \`data: ${model.data}\``,
    at: ['data'],
    ...(stage === undefined
      ? {}
      : { related: { message: `\`${stage}\` learned to denoise \`${model.data}\``, at: ['data'], stage } }),
  });
}
