import type { SplitSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import { canonicalJson } from '../../core/json.ts';
import type { ChosenImages, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { describeStep } from '../step.ts';

/** @param counts numbers of images in both parts; absent if unknown */
function divide(
  { counts: _before, ...chosen }: ChosenImages,
  { data: _data, ...settings }: SplitSettings,
  counts: ChosenImages['counts'],
): { readonly chosen: ChosenImages } {
  const divisions = [...chosen.divisions, canonicalJson(settings)];
  return { chosen: { ...chosen, divisions, ...(counts === undefined ? {} : { counts }) } };
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
        message: `\`${context.references['data']}\` already has training and test images`,
        hint: 'leave this stage out, or add `redivide: true` to combine and divide them again',
        at: ['data'],
      });
    }
    const { stratify, test } = context.settings;
    if (stratify && described.labeled === false) {
      context.report({
        code: 'bad-setting',
        message: `\`stratify\` needs classes, but the images of \`${context.references['data']}\` have no labels`,
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
    const isCounted = described.splits.every((split) => chosen?.counts?.[split] !== undefined);
    return {
      ...rest,
      splits: ['train', 'test'],
      ...(chosen === undefined
        ? {}
        : divide(chosen, context.settings, isCounted ? { train: total - held, test: held } : undefined)),
    };
  },

  async run(context) {
    const { runSplit } = await import('./run.ts');
    return runSplit(context);
  },
};
