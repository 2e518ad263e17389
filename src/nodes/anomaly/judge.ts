/** The metrics of scores. */
import type { Split } from '../../core/stage-type.ts';
import type { StageContext } from '../contract.ts';
import { nameOf, type AnomalyMetric } from './names.ts';
import { averagePrecision, rank, rocAuc } from './ranking.ts';

/** Images with their scores, in the order of the split. */
export interface Scored {
  readonly scores: Float64Array;
  /** Images with higher scores are flagged. */
  readonly threshold: number;
  /** Absent if it is not known which images are anomalous. */
  readonly anomalous?: readonly boolean[];
}

/** Warns of what the scores cannot tell. A metric that is not defined is left out. */
export function judge(
  { scores, threshold, anomalous }: Scored,
  { split, log }: Pick<StageContext, 'log'> & { readonly split: Split },
): Partial<Record<AnomalyMetric, number>> {
  const flagged = Array.from(scores, (score) => score > threshold);
  const positives = flagged.filter(Boolean).length;
  const always = { threshold, flagged_share: positives / scores.length };
  const images = `${nameOf(split)} images`;
  if (scores.length > 1 && scores.every((score) => score === scores[0]))
    log('warn', `all ${scores.length} ${images} have the same score, ${scores[0]}: it distinguishes nothing`);
  if (anomalous === undefined) return always;
  const ranking = rank(scores, anomalous);
  if (ranking.anomalous === 0 || ranking.normal === 0) {
    const [only, found] =
      ranking.anomalous === 0
        ? (['normal', { false_positive_rate: always.flagged_share }] as const)
        : (['anomalous', { recall: always.flagged_share }] as const);
    log(
      'warn',
      `${scores.length === 1 ? `the only ${nameOf(split)} image is` : `all ${scores.length} ${images} are`} ${only}: ROC-AUC, average precision and precision need both kinds, and are left out`,
    );
    return { ...found, ...always };
  }
  if (positives === 0)
    log('warn', `none of the ${images} is above the threshold: the precision is reported as 0`);
  const found = flagged.filter((isFlagged, row) => isFlagged && anomalous[row]).length;
  return {
    roc_auc: rocAuc(ranking),
    average_precision: averagePrecision(ranking),
    precision: positives === 0 ? 0 : found / positives,
    recall: found / ranking.anomalous,
    false_positive_rate: (positives - found) / ranking.normal,
    ...always,
  };
}
