/** What a `train` stage does for a quantised latent: the variance that divides its loss, and a warning about unused codes. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { momentsOf } from '../../formats/image-rows.ts';
import { CodeCounts, trainedChooser } from '../../engine/train/code-counts.ts';
import type { Engine } from '../../engine/engine.ts';
import { spreadRows, type Samples } from '../../engine/train/samples.ts';
import type { Autoencoder } from '../../layers/build.ts';
import type { StageContext } from '../contract.ts';

/**
 * The variance of the values of training targets, if the loss is divided by it.
 *
 * @throws Failure `bad-setting` if it is 0
 */
export function divisorOf(
  { divide_by_variance: divides }: Pick<TrainSettings, 'divide_by_variance'>,
  targets: Pick<Samples, 'data' | 'scale' | 'offset'>,
): { readonly variance?: number } {
  if (divides !== true) return {};
  const variance = momentsOf(targets).deviation ** 2;
  if (variance > 0) return { variance };
  throw failure(
    'bad-setting',
    'all values of the training targets are equal, so their variance is 0',
    'remove `divide_by_variance`',
    ['divide_by_variance'],
  );
}

/** Number of images in which codes are counted. */
const LOOKED_AT = 1000;

/** Codes count as dead if fewer than this share is used. */
const FEW_USED = 0.5;

/** Logs how many codes a trained quantised encoder uses, and warns if most are not used for any image. */
export async function tellUsedCodes(
  engine: Engine,
  encoder: Autoencoder['encoder'],
  images: Samples,
  { log, signal }: Pick<StageContext, 'log' | 'signal'>,
): Promise<void> {
  const chooser = trainedChooser(engine.tf, encoder);
  if (chooser === undefined) return;
  const rows = spreadRows(images.count, LOOKED_AT);
  const counts = await CodeCounts.of(engine, chooser, images, rows, { batchSize: LOOKED_AT, signal });
  const { used, codes, perplexity } = counts;
  const of = rows.length === 1 ? 'one image' : `${rows.length} images`;
  log(
    'info',
    `${used} of ${codes} codes are used for ${of}, with a perplexity of ${perplexity.toPrecision(4)}`,
  );
  if (used >= FEW_USED * codes) return;
  log(
    'warn',
    `most codes are dead: only ${used} of ${codes} are the nearest to a latent of ${of}. ` +
      'Use fewer `codes`, a smaller `learning_rate`, or `BatchNormalization` before `VectorQuantizer`, so that latents begin near the codes',
  );
}
