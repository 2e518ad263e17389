/**
 * Training with a quantised latent: A. van den Oord, O. Vinyals, K. Kavukcuoglu, "Neural discrete representation learning",
 * 2017. Each vector of the latent is replaced by the nearest of some codes, which are trained, too.
 */
import type { layers, LayersModel, Scalar, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import type { ModelInput } from './condition.ts';
import { forwardWithLatent } from './latent-pass.ts';
import { withoutGradient } from './gradients.ts';
import type { Outputs } from './losses.ts';

/** The layer at the end of an encoder whose latent is quantised. */
export interface QuantizerLayer extends layers.Layer {
  /** The weight of the commitment loss. */
  readonly commitment: number;
  readonly codes: number;
  quantize(input: Tensor): Quantized;
}

/** Of a model as it is trained; saved models have stock layers in its place. */
export function quantizerLayer({ layers: all }: LayersModel): QuantizerLayer | undefined {
  return all.find((layer): layer is QuantizerLayer => 'quantize' in layer && 'commitment' in layer);
}

/** Vectors and their codes. */
export interface Quantized {
  /** The vectors themselves: [vectors, size]. */
  readonly vectors: Tensor;
  /** The code of each, of the same shape; its gradient goes to the codes. */
  readonly nearest: Tensor;
  /** Which code it is: 1 in its column, else 0. [vectors, codes] */
  readonly choice: Tensor;
}

/**
 * The nearest code of each vector by squared distance; the first of several that are equally near.
 *
 * @param vectors [vectors, size]
 * @param codebook [codes, size]
 */
export function quantize(tf: Tf, vectors: Tensor, codebook: Tensor): Quantized {
  const choice = withoutGradient(tf, () => choose(tf, vectors, codebook));
  return { vectors, nearest: tf.matMul(choice, codebook), choice };
}

function choose(tf: Tf, vectors: Tensor, codebook: Tensor): Tensor {
  const [codes = 0] = codebook.shape;
  // The nearest code has the largest 2 x c - |c|^2, since |x|^2 is common to all. Doubling is exact, so that the sum is the same
  // number wherever it is computed, and equals its maximum.
  const nearness = tf.matMul(vectors, codebook, false, true).mul(2).sub(codebook.square().sum(1));
  const isNearest = nearness.equal(nearness.max(1, true)).cast('float32');
  // Descending from `codes`: the first code has the highest rank.
  const ranks = tf.tensor1d(Float32Array.from({ length: codes }, (_, code) => codes - code));
  return ranks.equal(isNearest.mul(ranks).max(1, true)).cast('float32');
}

/** The values of a tensor, for which the given one gets the gradient: the straight-through estimator. */
export function straightThrough(tf: Tf, values: Tensor, given: Tensor): Tensor {
  return tf.customGrad<Tensor>(() => ({ value: values.clone(), gradFunc: (dy) => dy }))(given);
}

/** Makes a model decode the codes of its latent. Otherwise, layers act as in `forwardWithLogits`. */
export function forwardOfCodes(
  tf: Tf,
  model: LayersModel,
  layer: QuantizerLayer,
): (
  input: ModelInput,
  training: boolean,
) => Outputs & { readonly quantized: Quantized & { readonly commitment: number } } {
  const forward = forwardWithLatent(tf, model, layer, (input) => {
    const quantized = layer.quantize(input);
    const codes = quantized.nearest.reshape(input.shape);
    return { output: straightThrough(tf, codes, input), kept: { ...quantized } };
  });
  return (input, training) => {
    const { latent, ...outputs } = forward(input, training);
    return { ...outputs, quantized: { ...latent, commitment: layer.commitment } };
  };
}

/**
 * What is added to the loss: the mean squared distance of codes from their vectors, which moves the codes, and the same distance
 * with the weight `commitment`, which moves the vectors.
 */
export function quantizationLoss(
  tf: Tf,
  { vectors, nearest }: Pick<Quantized, 'vectors' | 'nearest'>,
  commitment: number,
): Scalar {
  const fixed = (tensor: Tensor): Tensor => withoutGradient(tf, () => tensor.clone());
  const distance = (one: Tensor, other: Tensor): Scalar => one.sub(other).square().mean<Scalar>();
  const codebook = distance(nearest, fixed(vectors));
  return codebook.add<Scalar>(distance(vectors, fixed(nearest)).mul(commitment));
}

/** The exponential of the entropy of the codes' shares, in nats: the number of codes if all are used equally often. */
export function perplexity({ choice }: Pick<Quantized, 'choice'>): Scalar {
  const share = choice.mean(0);
  // x ln x goes to 0 with x.
  const logarithm = share.clipByValue(LEAST_SHARE, 1).log();
  return share.mul(logarithm).sum<Scalar>().neg<Scalar>().exp();
}

/** Smaller than the share of one vector in any batch. */
const LEAST_SHARE = 1e-12;
