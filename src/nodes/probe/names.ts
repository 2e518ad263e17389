import type { ProbeSettings } from '../../schema/generated/settings.ts';

/** What is classified: the settings that name it. */
export const SUBJECTS = ['data', 'baseline'] as const;

export type Subject = (typeof SUBJECTS)[number];

/** `knn_accuracy`, `baseline_logistic_accuracy` */
export function metricName(subject: Subject, classifier: ProbeSettings['classifiers'][number]): string {
  return `${subject === 'baseline' ? 'baseline_' : ''}${classifier}_accuracy`;
}
