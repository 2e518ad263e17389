import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** The name of a metric of a split; the split is named where there are several. */
export function metricName(metric: string, split: Split, settings: Pick<EvaluateSettings, 'split'>): string {
  return settings.split === 'all' ? `${split}_${metric}` : metric;
}
