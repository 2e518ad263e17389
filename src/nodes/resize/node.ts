import type { ResizeSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { describeStep } from '../step.ts';

/** `resize`: resizes images. */
export const resizeNode: NodeDefinition<ResizeSettings> = {
  type: 'resize',
  version: 2,
  schema: readSchema('stages/resize'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: false,
  engine: false,

  analyze(context): OutputDescription | undefined {
    const described = describeStep(context);
    if (described?.shape === undefined) return described;
    // Resized values are means, which stay in the range.
    return { ...described, shape: [...context.settings.size, described.shape[2]] };
  },

  async run(context) {
    const { runResize } = await import('./run.ts');
    return runResize(context);
  },
};
