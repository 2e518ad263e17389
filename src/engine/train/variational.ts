/**
 * Training with a variational latent: D. P. Kingma, M. Welling, "Auto-encoding variational Bayes", 2014. For each image, the
 * encoder returns a normal distribution of latents; a sample of it goes to the decoder.
 */
import type { layers, LayersModel, Scalar, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import type { ModelInput } from './condition.ts';
import { forwardWithLatent } from './latent-pass.ts';
import type { Outputs } from './losses.ts';

/** Independent normal distributions of latents: both [rows, units]. */
export interface Posterior {
  readonly mean: Tensor;
  /** Natural logarithm of the variance. */
  readonly logVariance: Tensor;
}

/** What a sample is for: measuring uses the same random numbers in every epoch, so that epochs can be compared. */
export type DrawPurpose = 'training' | 'measuring';

/** The layer at the end of a variational encoder. */
export interface VariationalLayer extends layers.Layer {
  posterior(input: Tensor): Posterior;
  /** mean + standard deviation * a standard normal number */
  sample(posterior: Posterior, purpose: DrawPurpose): Tensor;
  /** The standard normal numbers of a sample. */
  normals(shape: readonly number[], purpose: DrawPurpose): Tensor;
}

/** Of a model as it is trained; saved models have stock layers in its place. */
export function variationalLayer({ layers: all }: LayersModel): VariationalLayer | undefined {
  return all.find((layer): layer is VariationalLayer => 'posterior' in layer && 'sample' in layer);
}

/** How the divergence counts in the loss. */
export interface KlTerm {
  readonly weight: number;
  /** A value whose mean divergence is below this many nats counts as this much, and its divergence is not lowered. */
  readonly freeBits: number;
  /** Whether the weight of a step is a variable, which the caller sets. */
  readonly warmup: boolean;
  /** Samples for each image. With more than one, the loss is the importance-weighted bound, and there is nothing else. */
  readonly samples: number;
}

export const PLAIN_KL: KlTerm = { weight: 1, freeBits: 0, warmup: false, samples: 1 };

/**
 * Kullback-Leibler divergence of each latent value from the standard normal distribution, in nats: Kingma and Welling 2014,
 * appendix B. 0 or more, except for rounding.
 *
 * @returns [rows, units]: (exp(v) + m^2 - 1 - v) / 2 for a mean m and a logarithm v of the variance
 */
export function divergence({ mean, logVariance }: Posterior): Tensor {
  return logVariance.exp().add(mean.square()).sub(1).sub(logVariance).mul(0.5);
}

/**
 * The divergence as a part of the loss, before its weight: its mean over the batch for each latent value, at least `freeBits`
 * each, summed over the values. Without free bits, that is the divergence itself. D. P. Kingma et al., "Improved
 * variational inference with inverse autoregressive flow", 2016, equation 15.
 */
export function klTerms(
  tf: Tf,
  posterior: Posterior,
  freeBits: number,
): { readonly kl: Scalar; readonly counted: Scalar } {
  const ofValues = divergence(posterior).mean(0);
  const kl = ofValues.sum<Scalar>();
  return { kl, counted: freeBits === 0 ? kl : tf.maximum(ofValues, freeBits).sum<Scalar>() };
}

/** Makes a model decode a sample of each image's latents. Otherwise, layers act as in `forwardWithLogits`. */
export function forwardOfSamples(
  tf: Tf,
  model: LayersModel,
  layer: VariationalLayer,
): (input: ModelInput, training: boolean) => Outputs & { readonly posterior: Posterior } {
  const forward = forwardWithLatent(tf, model, layer, (input, training) => {
    const posterior = layer.posterior(input);
    return { output: layer.sample(posterior, training ? 'training' : 'measuring'), kept: { ...posterior } };
  });
  return (input, training) => {
    const { latent, ...outputs } = forward(input, training);
    return { ...outputs, posterior: latent };
  };
}
