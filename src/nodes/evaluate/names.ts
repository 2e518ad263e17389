import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** The name of a metric of a split, which includes the split if there are several. */
export function metricName(metric: string, split: Split, settings: Pick<EvaluateSettings, 'split'>): string {
  return settings.split === 'all' ? `${split}_${metric}` : metric;
}

type Metric = EvaluateSettings['metrics'][number];

const LATENT = ['reconstruction', 'kl', 'elbo', 'nll', 'active_units'] as const satisfies readonly Metric[];

type LatentMetric = (typeof LATENT)[number];

/** Metrics of a variational latent. */
export function isOfLatent(metric: Metric): metric is LatentMetric {
  return LATENT.some((name) => name === metric);
}

/** Metrics of reconstructed images: all others. */
export function isOfImage(metric: Metric): metric is Exclude<Metric, LatentMetric> {
  return !isOfLatent(metric);
}
