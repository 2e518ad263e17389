import type { TransformSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { describeStep } from '../step.ts';

/** `transform`: transposes and mirrors images. */
export const transformNode: NodeDefinition<TransformSettings> = {
  type: 'transform',
  version: 1,
  schema: readSchema('stages/transform'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: false,
  engine: false,

  analyze(context): OutputDescription | undefined {
    const { settings, report } = context;
    const { transpose, flip } = settings;
    if (transpose === undefined && flip === undefined)
      report({
        code: 'missing-key',
        message: 'neither `transpose` nor `flip` is set, so nothing would change',
        hint: 'add `transpose: [1, 0]` or `flip: horizontal`',
        at: [],
      });
    if (transpose !== undefined && transpose.join() !== '1,0')
      report({
        code: 'bad-setting',
        message: `\`transpose\` exchanges axis 0, the height, and axis 1, the width: \`[${transpose.join(', ')}]\` does not`,
        hint: 'write `[1, 0]`',
        replacement: '[1, 0]',
        at: ['transpose'],
      });
    const described = describeStep(context);
    if (described?.shape === undefined || transpose === undefined) return described;
    const [height, width, channels] = described.shape;
    return { ...described, shape: [width, height, channels] };
  },

  async run(context) {
    const { runTransform } = await import('./run.ts');
    return runTransform(context);
  },
};
