import type { AnomalySettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** Metrics that need to know which images are anomalous. The first one is that by which sweeps compare trials. */
const JUDGED = ['roc_auc', 'average_precision', 'precision', 'recall', 'false_positive_rate'] as const;

const ALWAYS = ['threshold', 'flagged_share'] as const;

export type AnomalyMetric = (typeof JUDGED)[number] | (typeof ALWAYS)[number];

/** The names of a stage's metrics, in order. */
export function metricNames({ normal }: Pick<AnomalySettings, 'normal'>): readonly AnomalyMetric[] {
  return normal === undefined ? ALWAYS : [...JUDGED, ...ALWAYS];
}

/** Maximum size of a latent for `latent_distance`: its time grows with the square of the size. */
export const LARGEST_LATENT = 1024;

/** Files of the stage that figures read. */
export const FILES = {
  record: 'anomaly.json',
  scores: 'scores.csv',
  examples: 'examples',
} as const;

/** The name of the images of a split in messages. */
export function nameOf(split: Split): string {
  return split === 'train' ? 'training' : split;
}
