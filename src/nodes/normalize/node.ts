import type { NormalizeSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { outOfOrder } from '../order.ts';
import { describeStep } from '../step.ts';
import type { ImagesDescription } from '../train/checks.ts';
import { isMeasured, mapRange, mapTo } from './mapping.ts';

/** `normalize`: scales and shifts the values of images. */
export const normalizeNode: NodeDefinition<NormalizeSettings> = {
  type: 'normalize',
  version: 2,
  schema: readSchema('stages/normalize'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: false,
  engine: false,

  analyze(context): OutputDescription | undefined {
    const { settings } = context;
    if (settings.method === 'minmax') {
      for (const key of ['from', 'to'] as const) {
        const backwards = outOfOrder(key, settings[key]);
        if (backwards !== undefined) context.report(backwards);
      }
    }
    const described = describeStep(context);
    if (described === undefined) return undefined;
    if (isMeasured(settings)) checkMeasurable(described, context);
    const { range: before, ...rest } = described;
    const range = rangeAfter(settings, described, before);
    return { ...rest, ...(range === undefined ? {} : { range }) };
  },

  async run(context) {
    const { runNormalize } = await import('./run.ts');
    return runNormalize(context);
  },
};

type Analysis = AnalysisContext<NormalizeSettings>;

/** Statistics of noisy images differ from those of the clean ones, so the two would get different scales. */
function checkMeasurable(
  { corruptionOf, splits }: ImagesDescription,
  { references, report }: Analysis,
): void {
  const stage = references['data'];
  if (corruptionOf !== undefined) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` is corrupted: a mapping measured on it does not fit its clean images`,
      hint: 'put this step before the noise, or use `method: minmax` with `from`',
      at: ['data'],
    });
  }
  if (!splits.includes('train')) {
    report({
      code: 'missing-split',
      message: `\`${stage}\` has no \`train\` images to measure`,
      hint: 'use `method: minmax` with `from`',
      at: ['data'],
    });
  }
}

function rangeAfter(
  settings: NormalizeSettings,
  { splits }: ImagesDescription,
  before: ImagesDescription['range'],
): ImagesDescription['range'] {
  if (settings.method === 'standard') return undefined;
  const { from, to } = settings;
  if (from !== null) return before === undefined ? undefined : mapRange(mapTo(from, to), before);
  // Test images may have values outside the range of the training images.
  return splits.includes('test') ? undefined : to;
}
