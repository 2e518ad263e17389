import type { BinarizeSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { describeStep } from '../step.ts';
import { sameForAll } from './threshold.ts';

/** `binarize`: makes images black and white. */
export const binarizeNode: NodeDefinition<BinarizeSettings> = {
  type: 'binarize',
  version: 1,
  schema: readSchema('stages/binarize'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: false,
  engine: false,

  analyze(context): OutputDescription | undefined {
    const { settings, references, report } = context;
    const { method, threshold } = settings;
    if (method === 'sample' && threshold !== undefined)
      report({
        code: 'bad-setting',
        message: '`threshold` has no effect with `method: sample`',
        hint: 'remove it, or write `method: threshold`',
        at: ['threshold'],
      });
    const described = describeStep(context);
    if (described === undefined) return undefined;
    const [low, high] = described.range ?? [0, 1];
    if (method === 'sample' && (low < 0 || high > 1))
      report({
        code: 'bad-setting',
        message: `the images of \`${references['data']}\` are from ${low} to ${high}, and \`method: sample\` needs probabilities`,
        hint: 'scale them to the range from 0 to 1 before, or use `method: threshold`',
        at: ['data'],
      });
    if (method === 'threshold' && described.range !== undefined) {
      const uniform = sameForAll(threshold, described.range);
      if (uniform !== undefined)
        report({ code: 'out-of-range', ...uniform, at: ['threshold'], ifWritten: [['method']] });
    }
    return { ...described, range: [0, 1] };
  },

  async run(context) {
    const { runBinarize } = await import('./run.ts');
    return runBinarize(context);
  },
};
