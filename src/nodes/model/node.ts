/** The `model` stage: an autoencoder built from lists of layers, with its initial weights. */
import type { ModelSettings } from '../../schema/generated/settings.ts';
import type { AnalysisContext } from '../../core/stage-type.ts';
import { readSchema } from '../../schema/schemas.ts';
import { describeLayers } from '../../layers/describe.ts';
import { inferAutoencoder, type AutoencoderShapes } from '../../layers/shapes.ts';
import type { NodeDefinition } from '../contract.ts';
import { latentKind } from './latent.ts';

/** Cached for valid settings: the trials of a sweep share the settings that it does not vary. */
const inferred = new WeakMap<ModelSettings, AutoencoderShapes>();

/** Both settings or none. */
function checkCondition(
  { condition, classes }: ModelSettings,
  report: AnalysisContext<ModelSettings>['report'],
): boolean {
  if ((condition === undefined) === (classes === undefined)) return true;
  report(
    classes === undefined
      ? {
          code: 'missing-key',
          message: '`condition: labels` needs the number of classes',
          hint: 'add `classes: 10`, for example',
          at: ['condition'],
        }
      : {
          code: 'bad-setting',
          message: '`classes` has no effect without `condition: labels`',
          hint: 'add `condition: labels`, or remove `classes`',
          at: ['classes'],
        },
  );
  return false;
}

export const modelNode: NodeDefinition<ModelSettings> = {
  type: 'model',
  version: 2,
  schema: readSchema('stages/model'),
  inputs: {},
  outputs: 'model',
  draws: true,
  engine: true,
  analyze({ settings, report }) {
    if (!checkCondition(settings, report)) return undefined;
    const shapes = inferred.get(settings) ?? inferAutoencoder(settings, report);
    if (shapes === undefined) return undefined;
    inferred.set(settings, shapes);
    return {
      kind: 'model',
      inputShape: shapes.input,
      latentShape: shapes.latent,
      outputShape: shapes.output,
      outputActivation: shapes.outputActivation,
      lastLayer: [settings.decoder.length - 1],
      layers: describeLayers(shapes),
      ...(settings.classes === undefined ? {} : { classes: settings.classes }),
      variational: latentKind(settings) === 'variational',
      quantized: latentKind(settings) === 'quantized',
    };
  },
  async run(context) {
    const { runModel } = await import('./run.ts');
    return runModel(context);
  },
};
