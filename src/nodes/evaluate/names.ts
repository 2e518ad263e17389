import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** The name of a metric of a split, which includes the split if there are several. */
export function metricName(metric: string, split: Split, settings: Pick<EvaluateSettings, 'split'>): string {
  return settings.split === 'all' ? `${split}_${metric}` : metric;
}

/** The names of a stage's metrics, in order. */
export function metricNames(settings: EvaluateSettings, splits: readonly Split[]): readonly string[] {
  const errors = settings.by === undefined ? [] : settings.metrics.filter(isOfOneImage);
  const all = [...settings.metrics, ...errors.map(standardErrorName)];
  return splits.flatMap((split) => all.map((metric) => metricName(metric, split, settings)));
}

/** The name of the standard error of a metric's mean. */
export function standardErrorName(metric: string): string {
  return `${metric}_standard_error`;
}

export type Metric = EvaluateSettings['metrics'][number];

const LATENT = ['reconstruction', 'kl', 'elbo', 'nll', 'active_units'] as const satisfies readonly Metric[];

type LatentMetric = (typeof LATENT)[number];

/** Metrics of a variational latent. */
export function isOfLatent(metric: Metric): metric is LatentMetric {
  return LATENT.some((name) => name === metric);
}

const CODE = ['mean_activation', 'active_share'] as const satisfies readonly Metric[];

export type CodeMetric = (typeof CODE)[number];

/** Metrics of the values of any latent. */
export function isOfCode(metric: Metric): metric is CodeMetric {
  return CODE.some((name) => name === metric);
}

/** Metrics of reconstructed images: all others. */
export function isOfImage(
  metric: Metric,
): metric is Exclude<Metric, LatentMetric | CodeMetric | 'perplexity'> {
  return !isOfLatent(metric) && !isOfCode(metric) && metric !== 'perplexity';
}

/** Metrics that a single image has, unlike `active_units` and `perplexity`. */
export function isOfOneImage(metric: Metric): metric is Exclude<Metric, 'active_units' | 'perplexity'> {
  return metric !== 'active_units' && metric !== 'perplexity';
}
