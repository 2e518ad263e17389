/** What the settings of a `train` stage say about the latent. */
import type { TrainSettings } from '../../schema/generated/settings.ts';
import type { LatentKind, LossKind } from '../../engine/train/measures.ts';
import type { MmdTerm } from '../../engine/train/mmd.ts';
import type { TrainerOptions } from '../../engine/train/trainer.ts';
import type { Autoencoder } from '../../layers/build.ts';
import type { StageContext } from '../contract.ts';
import { divisorOf } from './codes.ts';
import { klTerm } from './kl.ts';

/** What the training adds to the loss of the outputs. */
export function lossKind(
  { latent_regularizer: regularizer, kl }: Pick<TrainSettings, 'latent_regularizer' | 'kl'>,
  latent: LatentKind,
): LossKind {
  if (latent === 'variational' && klTerm(kl).samples > 1) return 'importance';
  return regularizer === undefined ? latent : 'regularized';
}

/**
 * Options of the trainer.
 *
 * @param targets those of the training
 * @throws Failure `bad-setting` if the variance of the targets is 0 and the loss is divided by it
 */
export function latentTerms(
  { settings, seed }: Pick<StageContext<TrainSettings>, 'settings' | 'seed'>,
  { encoder }: Pick<Autoencoder, 'encoder'>,
  targets: Parameters<typeof divisorOf>[1],
): Pick<TrainerOptions, 'kl' | 'variance' | 'mmd'> {
  const regularizer = settings.latent_regularizer?.MMD;
  return {
    kl: klTerm(settings.kl),
    ...divisorOf(settings, targets),
    ...(regularizer === undefined ? {} : { mmd: { ...regularizer, ...priorOf(encoder, seed) } }),
  };
}

/** Samples of the prior with which validation images are compared. */
const MEASURED = 1024;

function priorOf(
  { layers }: Autoencoder['encoder'],
  seed: StageContext['seed'],
): Pick<MmdTerm, 'layer' | 'measured' | 'seeds'> {
  const drawn = (purpose: string) => ({
    radius: seed(`mmd/${purpose}radius`),
    angle: seed(`mmd/${purpose}angle`),
  });
  return {
    layer: layers.at(-1)?.name ?? '',
    measured: MEASURED,
    seeds: { training: drawn(''), measuring: drawn('measuring/') },
  };
}

/** Whether the last batch of so many images has one image: a discrepancy needs two. */
export function endsInOne(count: number, batchSize: number): boolean {
  return count > 0 && count % batchSize === 1 % batchSize;
}

/** What is wrong with such a batch, and what to do. */
export function loneImage(count: number, batchSize: number): readonly [message: string, hint: string] {
  return [
    `the \`MMD\` of a batch needs two images, but ${batchSize === 1 ? 'batches have one' : `the last batch of ${count} images has one`}`,
    batchSize === 1 ? 'use a `batch_size` of 32 or more' : 'use another `batch_size`',
  ];
}
