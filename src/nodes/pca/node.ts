/** The `pca` stage: how well principal component analysis reconstructs images. */
import type { PcaSettings } from '../../schema/generated/settings.ts';
import { readSchema } from '../../schema/schemas.ts';
import { sizeOf } from '../../core/shape.ts';
import type { AnalysisContext, OutputDescription } from '../../core/stage-type.ts';
import type { NodeDefinition } from '../contract.ts';
import { checkSplit } from '../train/checks.ts';
import { metricNames } from './names.ts';

/** Covariances of more values than this would take too long: more than minutes. */
const MOST_VALUES = 4096;

export const pcaNode: NodeDefinition<PcaSettings> = {
  type: 'pca',
  version: 1,
  schema: readSchema('stages/pca'),
  inputs: { data: { accepts: ['images'] } },
  outputs: 'metrics',
  draws: false,
  engine: true,
  analyze,
  async run(context) {
    const { runPca } = await import('./run.ts');
    return runPca(context);
  },
};

function analyze(context: AnalysisContext<PcaSettings>): OutputDescription {
  const { settings, inputs, references, report } = context;
  const data = inputs['data']?.kind === 'images' ? inputs['data'] : undefined;
  if (data !== undefined) {
    checkSplit(context, 'train', data, undefined, ['data']);
    checkSplit(context, settings.split, data, undefined, ['split']);
  }
  if (data?.shape !== undefined) {
    const values = sizeOf(data.shape);
    const tooMany = settings.components.findIndex((count) => count > values);
    if (tooMany >= 0) {
      report({
        code: 'out-of-range',
        message: `images of ${values} values have no ${settings.components[tooMany]} components`,
        hint: `keep at most ${values}`,
        at: ['components', tooMany],
      });
    }
    if (values > MOST_VALUES) {
      report({
        code: 'out-of-range',
        message: `the images of \`${references['data']}\` have ${values} values, and \`pca\` takes at most ${MOST_VALUES}`,
        hint: 'use smaller images',
        at: ['data'],
      });
    }
  }
  return { kind: 'metrics', names: settings.components.flatMap((count) => metricNames(count, settings)) };
}
