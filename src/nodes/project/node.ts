/** The `project` stage: projects vectors to few dimensions, for figures. */
import type { ProjectSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import { sizeOf } from '../../core/shape.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { pointsNeeded } from './points.ts';

export const projectNode: NodeDefinition<ProjectSettings> = {
  type: 'project',
  version: 3,
  schema: readSchema('stages/project'),
  inputs: { data: { accepts: ['vectors', 'images'] } },
  outputs: 'vectors',
  draws: true,
  engine: true,
  analyze,
  async run(context) {
    const { runProject } = await import('./run.ts');
    return runProject(context);
  },
};

function analyze({
  settings,
  inputs,
  references,
  report,
}: AnalysisContext<ProjectSettings>): OutputDescription {
  const input = inputs['data'];
  const { split, limit } = settings;
  const stage = references['data'];
  if ((input?.kind === 'vectors' || input?.kind === 'images') && !input.splits.includes(split)) {
    report({
      code: 'missing-split',
      message: `\`${stage}\` has no \`${split}\` split`,
      hint: `use \`split: ${split === 'test' ? 'train' : 'test'}\``,
      at: ['split'],
      ...(stage === undefined ? {} : { related: { message: `\`${stage}\` is defined here`, at: [], stage } }),
    });
  }
  const components = settings.method === 'tsne' ? 2 : settings.components;
  const size = imageSize(input);
  if (settings.method === 'pca' && size !== undefined && components > size) {
    report({
      code: 'out-of-range',
      message: `vectors of ${size} values have no ${components} components`,
      hint: `use at most ${size}`,
      at: ['components'],
    });
  }
  const needed = pointsNeeded(settings);
  const count =
    input?.kind === 'vectors' || input?.kind === 'images' ? input.chosen?.counts?.[split] : undefined;
  if (count !== undefined && count < needed) {
    report({
      code: 'bad-setting',
      message: `\`${settings.method}\` with these settings needs at least ${needed} points, but \`${stage}\` has ${count}`,
      hint: settings.method === 'tsne' ? 'lower `perplexity`' : 'use more samples',
      at: ['data'],
    });
  } else if (limit !== null && limit < needed) {
    report({
      code: 'bad-setting',
      message: `\`${settings.method}\` with these neighbours needs at least ${needed} points, but \`limit\` is ${limit}`,
      hint: settings.method === 'tsne' ? 'lower `perplexity`' : 'lower `neighbors`',
      at: ['limit'],
    });
  }
  return { kind: 'vectors', size: components, splits: [split] };
}

function imageSize(input: OutputDescription | undefined): number | undefined {
  if (input?.kind === 'vectors') return input.size;
  return input?.kind === 'images' ? input.shape && sizeOf(input.shape) : undefined;
}
