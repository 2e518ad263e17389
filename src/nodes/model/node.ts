/** The `model` stage: an autoencoder built from lists of layers, with its initial weights. */
import type { ModelSettings } from '../../config/generated/settings.ts';
import { readSchema } from '../../core/schemas.ts';
import { layerOf, type LayerName } from '../../layers/layer.ts';
import { inferAutoencoder } from '../../layers/shapes.ts';
import type { NodeDefinition } from '../contract.ts';

const CONVOLUTIONAL: ReadonlySet<LayerName> = new Set<LayerName>([
  'Conv2D',
  'Conv2DTranspose',
  'MaxPooling2D',
  'AveragePooling2D',
  'UpSampling2D',
  'GlobalAveragePooling2D',
]);

export const modelNode: NodeDefinition<ModelSettings> = {
  type: 'model',
  version: 1,
  schema: readSchema('stages/model'),
  inputs: {},
  outputs: 'model',
  draws: true,
  engine: true,
  analyze({ settings, report }) {
    const shapes = inferAutoencoder(settings, report);
    return shapes === undefined
      ? undefined
      : {
          kind: 'model',
          inputShape: shapes.input,
          latentShape: shapes.latent,
          outputShape: shapes.output,
          outputActivation: shapes.outputActivation,
          convolutional: [...settings.encoder, ...settings.decoder].some((spec) =>
            CONVOLUTIONAL.has(layerOf(spec).name),
          ),
        };
  },
  async run(context) {
    const { runModel } = await import('./run.ts');
    return runModel(context);
  },
};
