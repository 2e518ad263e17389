import type { SplitSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import { canonicalJson } from '../../core/json.ts';
import type { ChosenImages, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { describeStep } from '../step.ts';

/** How many images each part gets is known by the names of the images, when they are there. */
function divide(
  { counts: _counts, ...chosen }: ChosenImages,
  { data: _data, ...settings }: SplitSettings,
): { readonly chosen: ChosenImages } {
  return { chosen: { ...chosen, divisions: [...chosen.divisions, canonicalJson(settings)] } };
}

/** `split`: divides images into training and test images. */
export const splitNode: NodeDefinition<SplitSettings> = {
  type: 'split',
  version: 2,
  schema: readSchema('stages/split'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: false,
  engine: false,

  analyze(context): OutputDescription | undefined {
    const described = describeStep(context);
    if (described === undefined) return undefined;
    if (described.splits.length > 1 && !context.settings.redivide) {
      context.report({
        code: 'bad-setting',
        message: `\`${context.references['data']}\` has training and test images already`,
        hint: 'leave this stage out, or add `redivide: true` to combine and divide them again',
        at: ['data'],
      });
    }
    const { stratify, test } = context.settings;
    if (stratify && described.labeled === false) {
      context.report({
        code: 'bad-setting',
        message: `\`stratify\` needs classes, and the images of \`${context.references['data']}\` have no labels`,
        hint: 'give them labels (`train_labels`, or one folder of images for each class), or leave `stratify` out',
        at: ['stratify'],
      });
    }
    const { chosen, ...rest } = described;
    const total = Object.values(chosen?.counts ?? {}).reduce((sum, count) => sum + count, 0);
    const held = Math.round(Number((total * test).toFixed(9)));
    if (total > 0 && (held === 0 || held === total)) {
      context.report({
        code: 'bad-setting',
        message: `of ${total} images, ${total - held} would be for training and ${held} for tests`,
        hint: 'use another share, or more images',
        at: ['test'],
      });
    }
    return {
      ...rest,
      splits: ['train', 'test'],
      ...(chosen === undefined ? {} : divide(chosen, context.settings)),
    };
  },

  async run(context) {
    const { runSplit } = await import('./run.ts');
    return runSplit(context);
  },
};
