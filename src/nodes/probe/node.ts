/** The `probe` stage: measures how well classes can be predicted from latent vectors. */
import type { ProbeSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { metricName, SUBJECTS } from './names.ts';

export const probeNode: NodeDefinition<ProbeSettings> = {
  type: 'probe',
  version: 3,
  schema: readSchema('stages/probe'),
  inputs: {
    data: { accepts: ['vectors', 'images'] },
    baseline: { accepts: ['images'], optional: true },
  },
  outputs: 'metrics',
  draws: true,
  engine: true,
  pairings: () => [{ settings: ['data', 'baseline'], splits: ['train', 'test'] }],
  analyze,
  async run(context) {
    const { runProbe } = await import('./run.ts');
    return runProbe(context);
  },
};

function analyze({
  settings,
  inputs,
  references,
  report,
}: AnalysisContext<ProbeSettings>): OutputDescription {
  const subjects = SUBJECTS.filter((subject) => references[subject] !== undefined);
  for (const subject of subjects) {
    const input = inputs[subject];
    if (input?.kind !== 'vectors' && input?.kind !== 'images') continue;
    const stage = references[subject];
    for (const split of (['train', 'test'] as const).filter((needed) => !input.splits.includes(needed))) {
      report({
        code: 'missing-split',
        message: `\`probe\` trains on the \`train\` split and tests on the \`test\` split, but \`${stage}\` has no \`${split}\``,
        hint:
          input.kind === 'vectors'
            ? `give \`${stage}\` the setting \`split: all\``
            : 'name images that have both',
        at: [subject],
        ...(stage === undefined
          ? {}
          : { related: { message: `\`${stage}\` is defined here`, at: [], stage } }),
      });
    }
  }
  const { data } = inputs;
  if ((data?.kind === 'vectors' || data?.kind === 'images') && data.labeled === false) {
    report({
      code: 'bad-setting',
      message: `the samples of \`${references['data']}\` have no class labels, which \`probe\` needs`,
      hint: 'use a data set with labels',
      at: ['data'],
    });
  }
  const count = data?.kind === 'vectors' || data?.kind === 'images' ? data.chosen?.counts?.train : undefined;
  if (count !== undefined && count < settings.neighbors) {
    report({
      code: 'bad-setting',
      message: `${settings.neighbors} neighbors cannot be found among the ${count} training samples of \`${references['data']}\``,
      hint: 'lower `neighbors`',
      at: settings.limit === null ? ['data'] : ['neighbors'],
    });
  } else if (settings.limit !== null && settings.limit < settings.neighbors) {
    report({
      code: 'bad-setting',
      message: `${settings.neighbors} neighbors cannot be found among ${settings.limit} vectors`,
      hint: 'raise `limit`, or lower `neighbors`',
      at: ['neighbors'],
    });
  }
  return {
    kind: 'metrics',
    names: subjects.flatMap((subject) =>
      settings.classifiers.map((classifier) => metricName(subject, classifier)),
    ),
  };
}
