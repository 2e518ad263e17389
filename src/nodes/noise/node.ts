import type { NoiseSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { outOfOrder } from '../order.ts';
import { rangeAfter } from './range.ts';

type ImagesDescription = Extract<OutputDescription, { kind: 'images' }>;
type Analysis = AnalysisContext<NoiseSettings>;

function checkResample(data: ImagesDescription, stage: string | undefined, report: Analysis['report']): void {
  if (!data.splits.includes('train')) {
    report({
      code: 'missing-split',
      message: `\`${stage}\` has no \`train\` images; \`resample\` applies to these only`,
      hint: 'leave `resample` out',
      at: ['resample'],
    });
  }
  if (data.resampled === true) {
    report({
      code: 'bad-setting',
      message: `\`${stage}\` already uses \`resample: true\`; it cannot feed another noise stage`,
      hint: `let \`data\` name the clean images, \`${data.corruptionOf}\``,
      at: ['data'],
    });
  }
}

/** What a kind of noise requires of its images. */
function checkKind({ settings, references, report }: Analysis, data: ImagesDescription): void {
  const stage = references['data'];
  const { shape, range } = data;
  if (settings.kind === 'occlusion' && shape !== undefined) {
    const [rows, columns] = settings.size;
    if (rows > shape[0] || columns > shape[1]) {
      report({
        code: 'out-of-range',
        message: `a rectangle of ${rows}x${columns} pixels does not fit into the images of \`${stage}\`, ${shape[0]}x${shape[1]}`,
        at: ['size'],
      });
    }
  }
  if (settings.kind === 'poisson' && range !== undefined && (range[0] < 0 || range[1] <= 0)) {
    report({
      code: 'bad-setting',
      message: `\`kind: poisson\` counts photons, but the values of \`${stage}\` go from ${range[0]} to ${range[1]}`,
      hint: 'let `data` name images without negative values',
      at: ['kind'],
    });
  }
}

/** `noise`: corrupts images with seeded random noise. */
export const noiseNode: NodeDefinition<NoiseSettings> = {
  type: 'noise',
  version: 2,
  schema: readSchema('stages/noise'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: true,
  engine: false,

  analyze(context): OutputDescription | undefined {
    const { settings, inputs, references, report } = context;
    const resampled = settings.kind === 'gaussian' && settings.resample;
    const backwards = outOfOrder('clip', settings.clip);
    if (backwards !== undefined) report(backwards);
    const { data } = inputs;
    if (data?.kind !== 'images') return undefined;
    if (resampled) checkResample(data, references['data'], report);
    checkKind(context, data);
    const range = rangeAfter(settings, data.range);
    const corruptionOf = data.corruptionOf ?? references['data'];
    const cleanIdentity = data.corruptionOf === undefined ? data.identity : data.cleanIdentity;
    return {
      kind: 'images',
      splits: data.splits,
      ...(data.shape === undefined ? {} : { shape: data.shape }),
      ...(range === undefined ? {} : { range }),
      ...(corruptionOf === undefined ? {} : { corruptionOf }),
      ...(references['data'] === undefined ? {} : { noiseOn: [...(data.noiseOn ?? []), references['data']] }),
      ...(cleanIdentity === undefined ? {} : { cleanIdentity }),
      ...(resampled ? { resampled: true } : {}),
      ...(data.chosen === undefined ? {} : { chosen: data.chosen }),
      ...(data.labeled === undefined ? {} : { labeled: data.labeled }),
      ...(data.classes === undefined ? {} : { classes: data.classes }),
    };
  },

  async run(context) {
    const { runNoise } = await import('./run.ts');
    return runNoise(context);
  },
};
