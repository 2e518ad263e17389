import type { ProbeSettings } from '../../schema/generated/settings.ts';

/** What is classified, as the settings that name it. */
export const SUBJECTS = ['data', 'baseline'] as const;

export type Subject = (typeof SUBJECTS)[number];

type Classifier = ProbeSettings['classifiers'][number];

/** `knn`, `baseline_logistic` */
export function classifierName(subject: Subject, classifier: Classifier): string {
  return `${subject === 'baseline' ? 'baseline_' : ''}${classifier}`;
}

/** `knn_accuracy`, `baseline_logistic_accuracy` */
export function metricName(subject: Subject, classifier: Classifier): string {
  return `${classifierName(subject, classifier)}_accuracy`;
}
