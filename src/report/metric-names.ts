/** The full names of the metrics of built-in stages, with their units. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['mse', 'mean squared error'],
  ['mae', 'mean absolute error'],
  ['binary_crossentropy', 'binary cross-entropy (nats)'],
  ['squared_error', 'squared error per image'],
  ['psnr', 'peak signal-to-noise ratio (dB)'],
  ['reconstruction', 'reconstruction loss'],
  ['kl', 'KL divergence from the prior (nats)'],
  ['elbo', 'evidence lower bound (nats)'],
  ['nll', 'negative log-likelihood (nats)'],
  ['active_units', 'latent values that vary over the images'],
  ['mean_activation', 'mean of the latent values'],
  ['active_share', 'share of latent values that are not 0'],
  ['vq', 'distance of codes and latents'],
  ['mmd', 'maximum mean discrepancy from the prior'],
  ['perplexity', 'perplexity of the codes'],
  ['ssim', 'structural similarity, at most 1'],
]);

export function metricName(name: string): string | undefined {
  return NAMES.get(name);
}
