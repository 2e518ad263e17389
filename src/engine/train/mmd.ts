/**
 * A Wasserstein autoencoder's penalty: I. Tolstikhin et al., "Wasserstein auto-encoders", 2018, with the maximum mean discrepancy
 * (MMD) of A. Gretton et al., "A kernel two-sample test", 2012. It is 0 if the latents of all images together follow the
 * standard normal distribution.
 */
import type { LayersModel, Scalar, Tensor, Variable } from '@tensorflow/tfjs';
import type { Seed } from '../../core/seed.ts';
import type { Tf } from '../engine.ts';
import { statelessNormal } from '../tfjs/uniform.ts';
import type { ModelInput } from './condition.ts';
import { forwardWithLatent } from './latent-pass.ts';
import type { Outputs } from './losses.ts';

/** How near two vectors are, from 0 to 1. */
export type MmdKernel = 'imq' | 'rbf';

export interface MmdTerm {
  readonly weight: number;
  readonly kernel: MmdKernel;
  /** The name of the layer that returns the latent, [rows, units]. */
  readonly layer: string;
  /**
   * Samples of the prior when measuring, unless the batch has more rows. They are the same for every batch, so that epochs can be
   * compared, and more than one batch has, because their distance from the prior itself is part of each estimate.
   */
  readonly measured: number;
  readonly seeds: Readonly<Record<'training' | 'measuring', { readonly radius: Seed; readonly angle: Seed }>>;
}

/** Latents of a batch, and samples of the standard normal distribution: [rows, units] and [others, units]. */
export interface LatentSamples {
  readonly encoded: Tensor;
  readonly prior: Tensor;
}

/** Makes a model's forward pass also return its latents, and samples of the prior for them. */
export function forwardWithPrior(
  tf: Tf,
  model: LayersModel,
  { layer, seeds, measured }: MmdTerm,
  step: Variable,
): (input: ModelInput, training: boolean) => Outputs & { readonly samples: LatentSamples } {
  const forward = forwardWithLatent(tf, model, model.getLayer(layer), (_input, training, own) => {
    const output = own();
    const [rows = 0, units = 0] = output.shape;
    const prior = training
      ? statelessNormal(tf, [rows, units], seeds.training, step)
      : statelessNormal(tf, [Math.max(rows, measured), units], seeds.measuring, tf.scalar(0, 'int32'));
    return { output, kept: { encoded: output, prior } };
  });
  return (input, training) => {
    const { latent, ...outputs } = forward(input, training);
    return { ...outputs, samples: latent };
  };
}

/**
 * The unbiased estimate of the squared discrepancy, by algorithm 2 of Tolstikhin et al. It may be slightly negative.
 *
 * With C = 2 `units`, the mean squared distance of two samples of the prior, and the squared distance D of two vectors, the kernel
 * is C / (C + D) for `imq` (inverse multiquadric), and exp(-D / (2 C)) for `rbf`.
 */
export function discrepancy(kernel: MmdKernel, { encoded, prior }: LatentSamples): Scalar {
  const [rows = 0, units = 0] = encoded.shape;
  const [others = 0] = prior.shape;
  const scale = 2 * units;
  const nearness = (one: Tensor, other: Tensor): Scalar => {
    const distances = one
      .square()
      .sum(1, true)
      .add(other.square().sum(1))
      .sub(one.matMul(other, false, true).mul(2));
    const near =
      kernel === 'imq' ? distances.div(scale).add(1).reciprocal() : distances.mul(-1 / (2 * scale)).exp();
    return near.sum<Scalar>();
  };
  // Without the pairs of a vector and itself, which are all 1.
  const within = (vectors: Tensor, count: number): Scalar =>
    nearness(vectors, vectors)
      .sub(count)
      .mul<Scalar>(1 / (count * (count - 1)));
  return within(encoded, rows)
    .add(within(prior, others))
    .sub<Scalar>(nearness(encoded, prior).mul(2 / (rows * others)));
}
