/**
 * Training with several samples of each image's latents: Y. Burda, R. Grosse, R. Salakhutdinov, "Importance weighted
 * autoencoders", 2016.
 */
import type { LayersModel, Scalar, Tensor } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import type { Tf } from '../engine.ts';
import type { ModelInput } from './condition.ts';
import { withoutGradient } from './gradients.ts';
import { forwardWithLatent } from './latent-pass.ts';
import { lossOfRows, type LossChoice, type Outputs } from './losses.ts';
import type { Posterior, VariationalLayer } from './variational.ts';

/** Samples of latents: z = mean + standard deviation * a normal number, [rows, samples, units]. */
export interface WeightedSamples {
  readonly z: Tensor;
  readonly normals: Tensor;
}

/**
 * Makes a model decode several samples of each image's latents: the outputs are [rows * samples, ...], those of an image one after
 * another. Otherwise, layers act as in `forwardWithLogits`.
 */
export function forwardOfWeightedSamples(
  tf: Tf,
  model: LayersModel,
  layer: VariationalLayer,
  samples: number,
): (
  input: ModelInput,
  training: boolean,
) => Outputs & { readonly posterior: Posterior; readonly weighted: WeightedSamples } {
  const forward = forwardWithLatent(tf, model, layer, (input, training) => {
    const { mean, logVariance } = layer.posterior(input);
    const [rows = 0, units = 0] = mean.shape;
    const each = (values: Tensor): Tensor => values.reshape([rows, 1, units]);
    const drawn = layer.normals([rows * samples, units], training ? 'training' : 'measuring');
    const normals = drawn.reshape([rows, samples, units]);
    const z = each(mean).add(each(logVariance.mul(0.5).exp()).mul(normals));
    return { output: z.reshape([rows * samples, units]), kept: { mean, logVariance, z, normals } };
  });
  return (input, training) => {
    const { latent, ...outputs } = forward(input, training);
    const { mean, logVariance, z, normals } = latent;
    return { ...outputs, posterior: { mean, logVariance }, weighted: { z, normals } };
  };
}

/**
 * The negative of the importance-weighted bound, as a mean over the images, without the constant of the loss: equation 8 of Burda et
 * al. Its gradient is their equation 13: that of each sample with its share of the importance weights.
 *
 * @param target as from `repeatRows`
 */
export function importanceBound(
  tf: Tf,
  loss: LossChoice,
  target: Tensor,
  outputs: Outputs,
  { logVariance }: Posterior,
  { z, normals }: WeightedSamples,
): { readonly bound: Scalar; readonly reconstruction: Scalar } {
  const [rows = 0, samples = 0, units = 0] = z.shape;
  const size = sizeOf(target.shape.slice(1));
  const losses = lossOfRows(tf, loss, target, outputs).mul(size).reshape([rows, samples]);
  // ln p(z) - ln q(z | x), in which the terms with pi cancel.
  const prior = normals
    .square()
    .add(logVariance.reshape([rows, 1, units]))
    .sub(z.square())
    .sum(2)
    .mul(0.5);
  const logWeights = prior.sub(losses);
  // Any number would do: it keeps the exponentials in range.
  const largest = withoutGradient(tf, () => logWeights.max(1, true));
  const logMeans = logWeights
    .sub(largest)
    .exp()
    .mean(1)
    .log()
    .add(largest.reshape([rows]));
  return { bound: logMeans.mean<Scalar>().neg(), reconstruction: losses.mean<Scalar>() };
}
