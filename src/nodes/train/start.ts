/** The beginning of a training: its models, with the weights of a trained one if it starts from one, and its frozen layers. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TrainSettings } from '../../schema/generated/settings.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../../engine/engine.ts';
import { disposeAutoencoder, type TrainableAutoencoder } from '../../layers/build.ts';
import { loadTrainable } from '../../layers/save.ts';
import { freezeLayers, takeWeights } from '../../layers/start.ts';
import { modelSummary } from '../../layers/summary.ts';
import type { StageContext } from '../contract.ts';
import { requireInput } from './pairs.ts';

type Context = StageContext<TrainSettings>;

/**
 * Loads the model with the weights that the training starts with.
 *
 * @throws Failure `shape-mismatch` if it does not fit the trained model that it starts from
 */
export async function loadStart(
  { inputs, seed, log, settings }: Context,
  tf: Tf,
): Promise<TrainableAutoencoder> {
  const model = requireInput(inputs, 'model');
  const models = await loadTrainable(tf, model.folder, seed);
  const { start_from: start } = inputs;
  if (start === undefined) return models;
  try {
    const names = { start: start.stage, model: model.stage };
    const taken = await takeWeights(tf, models, join(start.folder, 'model'), names, settings.start_part);
    const others = models.autoencoder.layers.filter(
      ({ name, weights }) => weights.length > 0 && !taken.includes(name),
    );
    const rest =
      others.length === 0 ? '' : `; ${listed(others.map(({ name }) => name))} with initial weights`;
    log(
      'info',
      `${listed(taken)} ${taken.length === 1 ? 'starts' : 'start'} with the weights of \`${start.stage}\`${rest}`,
    );
    return models;
  } catch (error) {
    disposeAutoencoder(models);
    throw error;
  }
}

/** Layers that are frozen until their model is saved. */
export interface Frozen {
  /** Whether any are. */
  readonly any: boolean;
  /** Writes the table of the model, which counts their weights as not trainable. */
  summarize(folder: string): Promise<void>;
  /** Makes all layers trainable again, as saved models have them. */
  thaw(): void;
}

/** @throws Failure `bad-setting` if nothing is left to train */
export function freeze(
  { settings, log }: Pick<Context, 'settings' | 'log'>,
  models: TrainableAutoencoder,
): Frozen {
  const thaw = freezeLayers(models, settings.freeze);
  const { autoencoder } = models;
  const frozen = autoencoder.layers.filter(({ trainable, weights }) => !trainable && weights.length > 0);
  if (frozen.length > 0) {
    const trained = trainedShare(models) * autoencoder.countParams();
    log(
      'info',
      `${listed(frozen.map(({ name }) => name))} ${frozen.length === 1 ? 'is' : 'are'} frozen: ${Math.round(trained).toLocaleString('en-US')} of ` +
        `${autoencoder.countParams().toLocaleString('en-US')} parameters are trained`,
    );
  }
  return {
    any: settings.freeze !== undefined,
    summarize: async (folder) => writeFile(join(folder, 'summary.txt'), modelSummary(autoencoder)),
    thaw,
  };
}

/** The share of the parameters that an optimizer changes. */
export function trainedShare({ autoencoder }: TrainableAutoencoder): number {
  const trained = autoencoder.trainableWeights.reduce((sum, { shape }) => sum + sizeOf(shape.map(Number)), 0);
  return trained / autoencoder.countParams();
}

function listed(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}
