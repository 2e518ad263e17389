import type { NoiseSettings } from '../../config/generated/settings.ts';
import { readSchema } from '../../core/schemas.ts';
import type { OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';

/** `noise`: corrupts images with seeded random noise. */
export const noiseNode: NodeDefinition<NoiseSettings> = {
  type: 'noise',
  version: 1,
  schema: readSchema('stages/noise'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: true,
  engine: false,

  analyze({ settings, inputs, references, report }): OutputDescription | undefined {
    const { clip } = settings;
    if (clip !== null && clip[0] >= clip[1]) {
      report({
        code: 'out-of-range',
        message: `\`clip\` goes from ${clip[0]} to ${clip[1]}: the first number must be the lower one`,
        at: ['clip'],
      });
    }
    const { data } = inputs;
    if (data?.kind !== 'images') return undefined;
    const corruptionOf = data.corruptionOf ?? references['data'];
    return {
      kind: 'images',
      splits: data.splits,
      ...(data.shape === undefined ? {} : { shape: data.shape }),
      ...(clip === null ? {} : { range: clip }),
      ...(corruptionOf === undefined ? {} : { corruptionOf }),
    };
  },

  async run(context) {
    const { runNoise } = await import('./run.ts');
    return runNoise(context);
  },
};
