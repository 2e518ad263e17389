import type { CleanSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';

/** `clean`: the clean images of a set with `source: pairs`. */
export const cleanNode: NodeDefinition<CleanSettings> = {
  type: 'clean',
  version: 1,
  schema: readSchema('stages/clean'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: false,
  engine: false,

  analyze({ inputs, references, report }): OutputDescription | undefined {
    const { data } = inputs;
    if (data?.kind !== 'images') return undefined;
    if (data.holdsClean !== true) {
      const { corruptionOf } = data;
      report({
        code: 'bad-setting',
        message: `\`${references['data']}\` does not hold pairs of corrupted and clean images`,
        hint:
          corruptionOf === undefined || corruptionOf.includes(' ')
            ? 'let `data` name a `dataset` stage with `source: pairs`, before any step'
            : `its clean images are those of \`${corruptionOf}\`: no stage of type \`clean\` is needed`,
        at: ['data'],
      });
      return undefined;
    }
    const { corruptionOf: identity, cleanIdentity: _none, holdsClean: _pairs, ...rest } = data;
    return { ...rest, ...(identity === undefined ? {} : { identity }) };
  },

  async run(context) {
    const { runClean } = await import('./run.ts');
    return runClean(context);
  },
};
