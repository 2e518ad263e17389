/** Prepares a model for training: takes the weights of a trained one, and freezes layers. */
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { failure } from '../core/diagnostic.ts';
import type { Freeze } from '../schema/generated/settings.ts';
import type { Tf } from '../engine/engine.ts';
import type { TrainableAutoencoder } from './build.ts';
import type { Part } from './layer.ts';
import { weightOf } from './own.ts';
import { savedLayers } from './saved-files.ts';
import { isTied, type TiedLayer } from './tied-dense.ts';
import { NOTHING_TO_TRAIN, frozenEntries, isFit, matchLayers, misfitText, type Holder } from './transfer.ts';

/**
 * Replaces the weights of the layers that match those of a trained model.
 *
 * @param folder with the `encoder/` and `decoder/` of the trained model
 * @param names of the two stages, for messages
 * @param only the part of the model that takes weights; both by default
 * @returns the names of the layers with new weights
 * @throws Failure `shape-mismatch` if two matching layers do not fit; `data-missing` or `data-corrupt`
 */
export async function takeWeights(
  tf: Tf,
  models: TrainableAutoencoder,
  folder: string,
  names: { readonly start: string; readonly model: string },
  only?: Part,
): Promise<readonly string[]> {
  const saved = {
    encoder: await savedLayers(join(folder, 'encoder')),
    decoder: await savedLayers(join(folder, 'decoder')),
  };
  const holders = { encoder: holdersOf(models, 'encoder'), decoder: holdersOf(models, 'decoder') };
  const matches = matchLayers(saved, holders, only);
  const misfit = matches.find((match) => !isFit(match));
  if (misfit !== undefined) {
    const { message, hint } = misfitText(misfit, names, only);
    throw failure('shape-mismatch', message, hint, ['start_from']);
  }
  for (const { from, to } of matches) {
    for (const { name, variable } of to.weights) {
      const weight = from.weights.find((other) => other.name === name);
      if (weight === undefined || variable === undefined) continue;
      tf.tidy(() => {
        variable.write(tf.tensor(weight.values, variable.shape.map(Number)));
      });
    }
  }
  return matches.map(({ to }) => to.label);
}

type OwnHolder = Holder & {
  readonly weights: readonly { readonly name: string; readonly variable?: tfjs.LayerVariable }[];
};

function holdersOf(models: TrainableAutoencoder, part: Part): readonly OwnHolder[] {
  return models[part].layers.map((layer) => ({
    label: layer.name,
    weights: [
      // The kernel of a tied layer is that of another: nothing is written there.
      ...(isTied(layer) ? [{ name: 'kernel', shape: kernelShape(layer) }] : []),
      ...layer.weights.map((variable) => ({
        name: variable.originalName.slice(layer.name.length + 1),
        shape: variable.shape.map(Number),
        variable,
      })),
    ],
  }));
}

function kernelShape({ tiedTo }: TiedLayer): readonly number[] {
  const [rows = 0, columns = 0] = weightOf(tiedTo, 'kernel')?.shape.map(Number) ?? [];
  return [columns, rows];
}

/**
 * Freezes layers: their weights are no longer trainable, `BatchNormalization` uses its running statistics also in training, and
 * the penalties of its weights no longer count.
 *
 * @returns a function that makes all layers trainable again, as saved models have them
 * @throws Failure `bad-setting` if no weight is left to train
 */
export function freezeLayers(models: TrainableAutoencoder, freeze: Freeze | undefined): () => void {
  const layers = frozenEntries(freeze, models.entries)
    .flat()
    .map((label) => models.autoencoder.getLayer(label));
  const set = (trainable: boolean): void => {
    for (const layer of layers) layer.trainable = trainable;
  };
  set(false);
  if (layers.length > 0 && models.autoencoder.trainableWeights.length === 0) {
    throw failure('bad-setting', NOTHING_TO_TRAIN.message, NOTHING_TO_TRAIN.hint, ['freeze']);
  }
  return () => set(true);
}
