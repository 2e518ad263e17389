import type { JsonObject } from '../../core/json.ts';

/** Names of the metrics that a `train` stage of these settings gives. */
export function trainMetricNames({ metrics, validation }: JsonObject): readonly string[] {
  const measured = ['loss', ...(Array.isArray(metrics) ? metrics.map(String) : [])];
  const held = validation === 'none' ? [] : measured.map((name) => `val_${name}`);
  return [...measured, ...held, 'epochs', 'best_epoch'];
}
