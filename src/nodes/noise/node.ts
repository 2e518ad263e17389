import type { NoiseSettings } from '../../config/generated/settings.ts';
import { readSchema } from '../../core/schemas.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';

type ImagesDescription = Extract<OutputDescription, { kind: 'images' }>;
type Analysis = AnalysisContext<NoiseSettings>;

function checkResample(data: ImagesDescription, stage: string | undefined, report: Analysis['report']): void {
  if (!data.splits.includes('train')) {
    report({
      code: 'missing-split',
      message: `\`${stage}\` has no \`train\` images, for which alone noise is drawn afresh`,
      hint: 'leave `resample` out',
      at: ['resample'],
    });
  }
  if (data.resampled === true) {
    report({
      code: 'bad-setting',
      message: `the noise of \`${stage}\` is drawn afresh already, and cannot be corrupted once more`,
      hint: `let \`data\` name the clean images, \`${data.corruptionOf}\``,
      at: ['data'],
    });
  }
}

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
    if (settings.resample) checkResample(data, references['data'], report);
    const corruptionOf = data.corruptionOf ?? references['data'];
    return {
      kind: 'images',
      splits: data.splits,
      ...(data.shape === undefined ? {} : { shape: data.shape }),
      ...(clip === null ? {} : { range: clip }),
      ...(corruptionOf === undefined ? {} : { corruptionOf }),
      ...(settings.resample ? { resampled: true } : {}),
    };
  },

  async run(context) {
    const { runNoise } = await import('./run.ts');
    return runNoise(context);
  },
};
