/** The `kl` of a `train` stage: its options, its warm-up, and warnings about a latent that collapses or explodes. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import type { LogLevel } from '../../core/event.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Engine, Tf } from '../../engine/engine.ts';
import { Spread } from '../../engine/train/elbo.ts';
import { modelShapes, predictAll } from '../../engine/train/predict.ts';
import { spreadRows, type Samples } from '../../engine/train/samples.ts';
import { writeVariables } from '../../engine/train/state.ts';
import { KL_WEIGHT } from '../../engine/train/step.ts';
import type { Trainer } from '../../engine/train/trainer.ts';
import { PLAIN_KL, type KlTerm } from '../../engine/train/variational.ts';
import type { Autoencoder } from '../../layers/build.ts';
import type { StageContext } from '../contract.ts';
import type { FitOptions } from './fit.ts';
import type { EpochRecord } from './history.ts';

export function klTerm(kl: TrainSettings['kl']): KlTerm {
  if (kl === undefined) return PLAIN_KL;
  const { weight, free_bits: freeBits, warmup_epochs: epochs, importance_samples: samples = 1 } = kl;
  return { weight, freeBits, warmup: epochs > 0, samples };
}

/**
 * Sets the weight for each epoch of a warm-up: 0 in the first, the full weight after the last. It depends only on the epoch
 * number.
 */
export function warmUp(
  kl: TrainSettings['kl'],
  tf: Tf,
  { state }: Pick<Trainer, 'state'>,
): Pick<FitOptions, 'beforeEpoch'> {
  const variable = state.find(({ name }) => name === KL_WEIGHT);
  if (kl === undefined || variable === undefined) return {};
  return {
    beforeEpoch(epoch) {
      const share = Math.min(1, (epoch - 1) / kl.warmup_epochs);
      const data = Float32Array.of(kl.weight * share);
      writeVariables(tf, [variable], [{ name: KL_WEIGHT, dtype: 'float32', shape: [], data }]);
    },
  };
}

/** Number of images used to count active latent values. */
const LOOKED_AT = 1000;

/** The posterior counts as collapsed if at most this share of the latent values is active. */
const FEW_ACTIVE = 0.05;

/**
 * Logs how many values of a trained latent are active, and warns if hardly any are: then the posterior has collapsed to the
 * prior, and the decoder ignores its input. A latent that is far from the prior has not collapsed, but exploded.
 *
 * @param divergence of the last epoch
 */
export async function tellActiveUnits(
  engine: Engine,
  encoder: Autoencoder['encoder'],
  images: Samples,
  {
    log,
    signal,
    divergence,
  }: Pick<StageContext, 'log' | 'signal'> & { readonly divergence?: number | undefined },
): Promise<void> {
  const units = sizeOf(modelShapes(encoder).outputShape);
  const rows = spreadRows(images.count, LOOKED_AT);
  const spread = new Spread(units);
  spread.add(await predictAll(engine, encoder, images, rows, { batchSize: LOOKED_AT, signal }));
  const active = spread.active();
  const values = units === 1 ? 'value' : 'values';
  log('info', `${active} of ${units} latent ${values} are active: their means vary over the images`);
  // The means of a single image cannot vary.
  if (rows.length === 1 || active > FEW_ACTIVE * units) return;
  if (divergence !== undefined && divergence > EXPLODED * units) {
    log(
      'warn',
      `the latents of all images are nearly equal, and far from the standard normal distribution (\`kl\` is ${divergence.toPrecision(3)} nats): ` +
        'the training has diverged. Try a smaller `learning_rate`',
    );
    return;
  }
  log(
    'warn',
    `the posterior has collapsed: ${active === 0 ? `none of the ${units} latent ${values} distinguishes` : `only ${active} of ${units} latent ${values} distinguish`} the images. ` +
      'Try `kl: { warmup_epochs: 5 }`, `free_bits`, a smaller `weight`, or a weaker decoder',
  );
}

/** Nats of divergence per latent value that no useful latent has: a mean about 14 standard deviations from 0. */
const EXPLODED = 100;

/** Warns once about a divergence that is unreasonably large but finite. */
export function watchDivergence(
  units: number,
  log: (level: LogLevel, message: string) => void,
): (record: EpochRecord) => void {
  let told = false;
  return ({ epoch, training: { kl } }) => {
    if (told || kl === undefined || kl <= EXPLODED * units) return;
    told = true;
    log(
      'warn',
      `\`kl\` is ${kl.toPrecision(3)} nats in epoch ${epoch}, more than ${EXPLODED} for each value of the latent: ` +
        'try a smaller `learning_rate`, or a larger `weight` of `kl`',
    );
  };
}
