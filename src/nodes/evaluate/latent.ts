/** Metrics of a variational latent, which need other parts of the model than image metrics. */
import { join } from 'node:path';
import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Engine } from '../../engine/engine.ts';
import {
  latentModel,
  measureLatents,
  type LatentMeasures,
  type LatentMetricName,
} from '../../engine/train/elbo.ts';
import type { LossChoice } from '../../engine/train/losses.ts';
import { modelShapes } from '../../engine/train/predict.ts';
import type { RowOptions } from '../../engine/train/rows.ts';
import { IMPORTANCE_SAMPLES } from '../../core/importance-samples.ts';
import { inShapes, rowNumbers, type SamplePair } from '../../engine/train/samples.ts';
import { loadVariational } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { readJson } from '../figure/records.ts';
import { recordedLoss } from '../train/loss.ts';
import { requireInput } from '../train/pairs.ts';

export interface LatentMeasure {
  /** The loss with which the model was trained: it determines the likelihood. */
  readonly loss: LossChoice;
  /** @param rows numbers of images; all by default */
  measure(
    pair: SamplePair,
    options: Pick<RowOptions, 'onProgress'> & { readonly rows?: Int32Array },
  ): Promise<LatentMeasures>;
  dispose(): void;
}

export interface LatentOptions {
  readonly metrics: readonly LatentMetricName[];
  /** The setting that requests the first of them, and what to do if the model does not have them. */
  readonly at: readonly (string | number)[];
  readonly hint: string;
}

type Settings = Pick<EvaluateSettings, 'importance_samples' | 'batch_size'>;

/**
 * Loads a trained model to measure its latent.
 *
 * @throws Failure `bad-setting` for a model without distributions. For models of plugins, this is only known here
 */
export async function latentMeasure(
  { settings, inputs, seed, signal }: Pick<StageContext<Settings>, 'settings' | 'inputs' | 'seed' | 'signal'>,
  engine: Engine,
  { metrics, at, hint }: LatentOptions,
): Promise<LatentMeasure> {
  const { folder, stage } = requireInput(inputs, 'model');
  const loss = recordedLoss((await readJson(join(folder, 'training.json')))['loss']);
  const parts = await loadVariational(engine.tf, join(folder, 'model'));
  if (parts === undefined || loss === undefined) {
    parts?.dispose();
    throw failure(
      'bad-setting',
      `\`${metrics[0]}\` needs a variational latent, which \`${stage}\` does not have`,
      hint,
      at,
    );
  }
  const { distributions, decoder } = parts;
  const model = latentModel(engine.tf, distributions, decoder);
  return {
    loss,
    measure(pair, { rows = rowNumbers(pair.x.count), ...options }) {
      const shapes = {
        inputShape: modelShapes(distributions).inputShape,
        outputShape: modelShapes(decoder).outputShape,
      };
      return measureLatents(engine, model, inShapes(pair, shapes), rows, {
        metrics,
        loss,
        importanceSamples: settings.importance_samples ?? IMPORTANCE_SAMPLES,
        seeds: { single: seed('latents'), importance: seed('importance') },
        batchSize: settings.batch_size,
        signal,
        ...options,
      });
    },
    dispose: parts.dispose,
  };
}
