import { formatCount } from '../core/format.ts';
import { IMPORTANCE_SAMPLES } from '../core/importance-samples.ts';
import type { JsonObject } from '../core/json.ts';

/** The full names of the metrics of built-in stages, with their units. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['mse', 'mean squared error'],
  ['mae', 'mean absolute error'],
  ['binary_crossentropy', 'binary cross-entropy (nats)'],
  ['squared_error', 'squared error per image'],
  ['psnr', 'peak signal-to-noise ratio (dB)'],
  ['reconstruction', 'reconstruction loss'],
  ['kl', 'KL divergence from the prior (nats)'],
  ['iwae', 'importance-weighted bound of the negative log-likelihood (nats)'],
  ['elbo', 'evidence lower bound (nats)'],
  ['nll', 'negative log-likelihood (nats)'],
  ['active_units', 'latent values that vary over the images'],
  ['mean_activation', 'mean of the latent values'],
  ['active_share', 'share of latent values that are not 0'],
  ['vq', 'distance of codes and latents'],
  ['mmd', 'maximum mean discrepancy from the prior'],
  ['perplexity', 'perplexity of the codes'],
  ['roc_auc', 'area under the ROC curve, 0.5 is chance'],
  ['average_precision', 'average precision, at most 1'],
  ['precision', 'share of the flagged images that are anomalous'],
  ['recall', 'share of the anomalous images that are flagged'],
  ['false_positive_rate', 'share of the normal images that are flagged'],
  ['threshold', 'score above which images are flagged'],
  ['flagged_share', 'share of the images that are flagged'],
  ['ssim', 'structural similarity, at most 1'],
]);

/** `test_mse` -> `mse` */
export function plainMetric(name: string): string {
  return name.replace(/^(?:train|test)_/, '');
}

/** @param settings of the stage, without defaults */
export function metricName(name: string, settings: JsonObject): string | undefined {
  const title = NAMES.get(name);
  if (name !== 'nll') return title;
  const samples = settings['importance_samples'] ?? IMPORTANCE_SAMPLES;
  return `${title}, estimated with ${formatCount(Number(samples))} samples of each image's latents`;
}
