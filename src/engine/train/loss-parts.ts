/** The loss of a batch, and its parts where the latent adds to it. */
import type { Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../engine.ts';
import { lossOf, type Outputs } from './losses.ts';
import { importanceBound, type WeightedSamples } from './importance.ts';
import { discrepancy, type LatentSamples } from './mmd.ts';
import { perplexity, quantizationLoss, type Quantized } from './quantizer.ts';
import type { TrainerOptions } from './trainer.ts';
import { klTerms, PLAIN_KL, type Posterior } from './variational.ts';

/** What a pass knows of the latent, besides the model's outputs. */
export interface LatentOutputs {
  readonly posterior?: Posterior;
  readonly weighted?: WeightedSamples;
  readonly quantized?: Quantized & { readonly commitment: number };
  readonly samples?: LatentSamples;
}

export type LossOptions = Pick<TrainerOptions, 'loss' | 'kl' | 'variance' | 'mmd'> & {
  /** Replaces the divergence's weight in the minimized quantity. */
  readonly klWeight?: Variable;
};

/** Losses without the penalties of regularizers. */
export interface LossParts {
  readonly full: Scalar;
  /** What training minimizes instead, with a smaller weight of the divergence. */
  readonly minimized?: Scalar;
  /** In the order of `measuresOf`. */
  readonly parts: readonly Scalar[];
}

/** @param target of the outputs: with several samples of each image, as from `repeatRows` */
export function lossParts(
  tf: Tf,
  options: LossOptions,
  target: Tensor,
  outputs: Outputs & LatentOutputs,
): LossParts {
  const { posterior, weighted, quantized, samples } = outputs;
  if (posterior !== undefined && weighted !== undefined) {
    const { bound, reconstruction } = importanceBound(tf, options.loss, target, outputs, posterior, weighted);
    return { full: bound, parts: [reconstruction, klTerms(tf, posterior, 0).kl, bound] };
  }
  const mean = lossOf(options.loss)(tf, target, outputs);
  const size = sizeOf(target.shape.slice(1));
  if (posterior !== undefined) {
    const { weight, freeBits } = options.kl ?? PLAIN_KL;
    const reconstruction = mean.mul<Scalar>(size);
    const { kl, counted } = klTerms(tf, posterior, freeBits);
    const withKl = (factor: number | Variable): Scalar => reconstruction.add<Scalar>(counted.mul(factor));
    return {
      full: withKl(weight),
      ...(options.klWeight === undefined ? {} : { minimized: withKl(options.klWeight) }),
      parts: [reconstruction, kl],
    };
  }
  if (quantized !== undefined) {
    const { variance } = options;
    const reconstruction = variance === undefined ? mean : mean.div<Scalar>(variance);
    const vq = quantizationLoss(tf, quantized, quantized.commitment);
    return { full: reconstruction.add(vq), parts: [reconstruction, vq, perplexity(quantized)] };
  }
  if (samples !== undefined && options.mmd !== undefined) {
    const reconstruction = mean.mul<Scalar>(size);
    const mmd = discrepancy(options.mmd.kernel, samples);
    return { full: reconstruction.add(mmd.mul(options.mmd.weight)), parts: [reconstruction, mmd] };
  }
  return { full: mean, parts: [] };
}
