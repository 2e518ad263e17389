/**
 * How well a variational autoencoder explains images: its evidence lower bound (ELBO), by D. P. Kingma and M. Welling,
 * "Auto-encoding variational Bayes", 2014, and an estimate of the likelihood itself by importance sampling, as in Y. Burda,
 * R. Grosse, R. Salakhutdinov, "Importance weighted autoencoders", 2016.
 *
 * A loss corresponds to a likelihood of an image's values, given the decoder's output: `binary_crossentropy` to Bernoulli
 * distributions, `mse` to normal ones of variance 1/2, `mae` to Laplace distributions of scale 1, Huber's loss to normal ones
 * of variance 1 with exponential tails. Summed over the values, the loss is the negative log-likelihood minus a constant.
 */
import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import { meanOf } from '../../core/statistics.ts';
import { sizeOf } from '../../core/shape.ts';
import { NormalNumbers } from '../../formats/normal-numbers.ts';
import type { Seed } from '../../core/seed.ts';
import type { Tf } from '../engine.ts';
import { erf } from '../program/reference/erf.ts';
import { classesOf, conditioned, withLabels, type ModelInput } from './condition.ts';
import { forwardWithLogits, onlyTensor } from './forward.ts';
import { lossOfRows, type LossChoice, type LossName, type Outputs } from './losses.ts';
import { modelState } from './predict.ts';
import { computeRows, type ForwardEngine, type RowOptions, type RowWork } from './rows.ts';
import type { SamplePair, Samples } from './samples.ts';
import { divergence, variationalLayer, type Posterior } from './variational.ts';

export type LatentMetricName = 'reconstruction' | 'kl' | 'elbo' | 'nll' | 'active_units';

/** A variational autoencoder, assembled for measuring. */
export interface LatentModel {
  readonly units: number;
  readonly state: RowWork['state'];
  /** Of a conditional model. */
  readonly classes?: number | undefined;
  /** @param x [rows, ...input shape] */
  posterior(x: ModelInput): Posterior;
  /** @param z [rows, units] */
  decode(z: ModelInput): Outputs;
}

/**
 * @param distributions from images to means and logarithms of variances: [rows, 2 units]
 * @param decoder from latents to images
 */
export function latentModel(tf: Tf, distributions: LayersModel, decoder: LayersModel): LatentModel {
  const [encode, decode] = [forwardWithLogits(tf, distributions), forwardWithLogits(tf, decoder)];
  const units = (distributions.outputs[0]?.shape[1] ?? 0) / 2;
  return {
    ...{ units, classes: classesOf(decoder) },
    state: [...modelState(tf, distributions), ...modelState(tf, decoder)],
    posterior(x) {
      const { values } = encode(x, false);
      return { mean: values.slice([0, 0], [-1, units]), logVariance: values.slice([0, units], [-1, units]) };
    },
    decode: (z) => decode(z, false),
  };
}

/** The same for a model in training; undefined if its encoder returns no distributions. */
export function trainedLatentModel(
  tf: Tf,
  { encoder, decoder }: { readonly encoder: LayersModel; readonly decoder: LayersModel },
): LatentModel | undefined {
  const latent = variationalLayer(encoder);
  if (latent === undefined) return undefined;
  const decode = forwardWithLogits(tf, decoder);
  // Up to the latent.
  const encode = tf.model({ inputs: encoder.inputs, outputs: latent.getInputAt(0) });
  return {
    ...{ units: decoder.inputs[0]?.shape[1] ?? 0, classes: classesOf(decoder) },
    state: [...modelState(tf, encoder), ...modelState(tf, decoder)],
    posterior: (x) => latent.posterior(onlyTensor(encode.apply(x, { training: false }))),
    decode: (z) => decode(z, false),
  };
}

/** What the negative log-likelihood of one value contains besides the loss. */
const CONSTANTS: Readonly<Record<LossName, number>> = {
  binary_crossentropy: 0,
  mse: Math.log(Math.PI) / 2,
  mae: Math.log(2),
};

/**
 * The same for any loss. For Huber's loss, it is the logarithm of the integral of exp(-loss), which has two parts: that of a normal
 * distribution up to `delta`, and that of exponential ones beyond it.
 */
export function likelihoodConstant(loss: LossChoice): number {
  if (typeof loss === 'string') return CONSTANTS[loss];
  const { delta } = loss.Huber;
  const center = Math.sqrt(2 * Math.PI) * erf(delta / Math.SQRT2);
  return Math.log(center + (2 / delta) * Math.exp(-(delta ** 2) / 2));
}

/** The variance over the images from which a latent's means count as active: Burda et al. 2016, section 5.2. */
export const ACTIVE_VARIANCE = 0.01;

export interface LatentMeasureOptions extends RowOptions {
  readonly metrics: readonly LatentMetricName[];
  /** That of the training. */
  readonly loss: LossChoice;
  /** Samples of the latents of each image, for `nll`. */
  readonly importanceSamples: number;
  readonly seeds: { readonly single: Seed; readonly importance: Seed };
}

/** Metrics that each image has by itself. */
export type ImageLatentMetric = Exclude<LatentMetricName, 'active_units'>;

export interface LatentMeasures {
  /** The metrics of all images together, in the order requested. */
  readonly means: ReadonlyMap<LatentMetricName, number>;
  /** The values of each row. */
  readonly images: ReadonlyMap<ImageLatentMetric, Float64Array>;
}

/**
 * Measures a model on images. The random numbers of each image depend only on the seeds and the image's number.
 *
 * - `reconstruction`: the loss summed over an image's values, for one sample of its latents; the mean over the images;
 * - `kl`: the divergence of the latents from the standard normal distribution, in nats; the mean over the images;
 * - `elbo`: the log-likelihood of that sample minus `kl`: for `binary_crossentropy`, -(`reconstruction` + `kl`);
 * - `nll`: the negative logarithm of an image's likelihood, estimated with `importanceSamples` samples of its latents, by
 *   equation 8 of Burda et al.: an upper bound that falls towards the true value with their number;
 * - `active_units`: how many values of the latent have means that vary over the images, by more than `ACTIVE_VARIANCE`.
 *
 * @throws Failure `interrupted`
 */
export async function measureLatents(
  engine: ForwardEngine,
  model: LatentModel,
  pair: SamplePair,
  rows: Int32Array,
  options: LatentMeasureOptions,
): Promise<LatentMeasures> {
  const { metrics, loss, importanceSamples, seeds, ...rowOptions } = options;
  const { tf } = engine;
  const found = new Map<LatentMetricName, number>();
  const images = new Map<ImageLatentMetric, Float64Array>();
  const constant = likelihoodConstant(loss) * sizeOf(pair.y.shape);
  const wantsNll = metrics.includes('nll');
  const share = wantsNll && metrics.length > 1 ? 0.5 : 1;
  const part = (from: number): RowOptions => ({
    ...rowOptions,
    onProgress: (fraction) => rowOptions.onProgress?.(from + share * fraction),
  });
  if (metrics.some((metric) => metric !== 'nll')) {
    const work = singleWork(tf, model, loss);
    const draws = normal(seeds.single, pair.x.count, model.units);
    const samples = withLabels(samplesOf(pair, draws), model.classes);
    const losses = new Float64Array(rows.length);
    const divergences = new Float64Array(rows.length);
    const spread = new Spread(model.units);
    let end = 0;
    for await (const { results } of computeRows(engine, { samples, ...work }, rows, part(0))) {
      const [ofLoss = [], ofDivergence = [], means = new Float32Array()] = results;
      losses.set(ofLoss, end);
      divergences.set(ofDivergence, end);
      spread.add(means);
      end += ofLoss.length;
    }
    const [reconstruction, kl] = [meanOf(losses), meanOf(divergences)];
    found.set('reconstruction', reconstruction);
    found.set('kl', kl);
    found.set('elbo', -(reconstruction + constant + kl));
    found.set('active_units', spread.active());
    images.set('reconstruction', losses);
    images.set('kl', divergences);
    images.set(
      'elbo',
      losses.map((value, row) => -(value + constant + (divergences[row] ?? 0))),
    );
  }
  if (wantsNll) {
    const work = importanceWork(tf, model, loss, importanceSamples);
    const draws = normal(seeds.importance, pair.x.count, importanceSamples * model.units);
    const all = { samples: withLabels(samplesOf(pair, draws), model.classes), ...work };
    const batchSize = importanceRows(importanceSamples);
    const bounds = new Float64Array(rows.length);
    let end = 0;
    for await (const { results } of computeRows(engine, all, rows, { ...part(1 - share), batchSize })) {
      bounds.set(results[0] ?? [], end);
      end += results[0]?.length ?? 0;
    }
    found.set('nll', meanOf(bounds) + constant);
    images.set(
      'nll',
      bounds.map((value) => value + constant),
    );
  }
  return { means: new Map(metrics.map((metric) => [metric, found.get(metric) ?? Number.NaN])), images };
}

/** The name of the input with normal numbers. */
export const DRAWS = 'draws';

/** Samples of latents that are decoded together, if each image has several. */
const DECODED_ROWS = 1024;

/** Images that are measured together, if each has this number of samples. */
export function importanceRows(importanceSamples: number): number {
  return Math.max(1, Math.floor(DECODED_ROWS / importanceSamples));
}

function normal(seed: Seed, count: number, size: number): Samples {
  return {
    data: new NormalNumbers(seed, count, size),
    count,
    shape: [size],
    scale: 1,
    offset: 0,
    name: DRAWS,
  };
}

function samplesOf({ x, y }: SamplePair, draws: Samples): readonly Samples[] {
  return x === y ? [x, draws] : [x, y, draws];
}

/** Inputs: images, targets if they are others, one draw for each latent. Results: loss, divergence and means of each image. */
export function singleWork(tf: Tf, model: LatentModel, loss: LossChoice): Omit<RowWork, 'samples'> {
  return {
    state: model.state,
    compute: (inputs) => {
      const { rest, join } = conditioned(tf, inputs, model.classes);
      const { x, y, draws } = inputsOf(rest);
      const posterior = model.posterior(join(x));
      const outputs = model.decode(join(sampleOf(posterior, draws)));
      const target = y.reshape(outputs.values.shape);
      const losses = lossOfRows(tf, loss, target, outputs).mul(sizeOf(y.shape.slice(1)));
      return [losses, divergence(posterior).sum(1), posterior.mean];
    },
  };
}

/** Inputs: images, one draw for each latent. Result: the decoded sample of each image's latents. */
export function posteriorWork(tf: Tf, model: LatentModel): Omit<RowWork, 'samples'> {
  return {
    state: model.state,
    compute: (inputs) => {
      const { rest, join } = conditioned(tf, inputs, model.classes);
      const { x, draws } = inputsOf(rest);
      return [model.decode(join(sampleOf(model.posterior(join(x)), draws))).values];
    },
  };
}

/** @param draws standard normal numbers, [rows, units] */
function sampleOf({ mean, logVariance }: Posterior, draws: Tensor): Tensor {
  return mean.add(logVariance.mul(0.5).exp().mul(draws));
}

/**
 * Inputs as of `singleWork`, with `count` draws for each latent. Result: the negative logarithm of the mean of the importance
 * weights p(x, z) / q(z | x) of each image, without the constant.
 */
export function importanceWork(
  tf: Tf,
  model: LatentModel,
  loss: LossChoice,
  count: number,
): Omit<RowWork, 'samples'> {
  return {
    state: model.state,
    compute: (inputs) => {
      const { rest, join } = conditioned(tf, inputs, model.classes);
      const { x, y, draws } = inputsOf(rest);
      const { mean, logVariance } = model.posterior(join(x));
      const [rows = 0, units = 0] = mean.shape;
      const each = (values: Tensor): Tensor => values.reshape([rows, 1, units]);
      const normals = draws.reshape([rows, count, units]);
      const z = each(mean).add(each(logVariance.mul(0.5).exp()).mul(normals));
      const outputs = model.decode(join(z.reshape([rows * count, units]), count));
      const size = sizeOf(y.shape.slice(1));
      const target = y
        .reshape([rows, 1, size])
        .tile([1, count, 1])
        .reshape([rows * count, ...outputs.values.shape.slice(1)]);
      const losses = lossOfRows(tf, loss, target, outputs).mul(size).reshape([rows, count]);
      // ln p(z) - ln q(z | x), in which the terms with pi cancel.
      const prior = normals.square().add(each(logVariance)).sub(z.square()).sum(2).mul(0.5);
      const logWeights = prior.sub(losses);
      const largest = logWeights.max(1, true);
      const share = logWeights.sub(largest).exp().mean(1);
      return [
        share
          .log()
          .add(largest.reshape([rows]))
          .neg(),
      ];
    },
  };
}

function inputsOf(inputs: readonly Tensor[]): { x: Tensor; y: Tensor; draws: Tensor } {
  const [x, second, third] = inputs;
  const draws = third ?? second;
  if (x === undefined || second === undefined || draws === undefined)
    throw new TypeError('a model without an input');
  return { x, y: third === undefined ? x : second, draws };
}

/** How much the means of latents vary over images, in float64. */
export class Spread {
  readonly #sums: Float64Array;
  readonly #squares: Float64Array;
  #rows = 0;

  constructor(columns: number) {
    this.#sums = new Float64Array(columns);
    this.#squares = new Float64Array(columns);
  }

  /** @param values row-major [images, columns] */
  add(values: Float32Array): void {
    const columns = this.#sums.length;
    values.forEach((value, index) => {
      const column = index % columns;
      this.#sums[column] = (this.#sums[column] ?? 0) + value;
      this.#squares[column] = (this.#squares[column] ?? 0) + value * value;
    });
    this.#rows += values.length / columns;
  }

  /** Active units: how many columns vary by more than `ACTIVE_VARIANCE`. */
  active(): number {
    const variances = Array.from(
      this.#sums,
      (sum, column) => (this.#squares[column] ?? 0) / this.#rows - (sum / this.#rows) ** 2,
    );
    return variances.filter((variance) => variance > ACTIVE_VARIANCE).length;
  }
}
