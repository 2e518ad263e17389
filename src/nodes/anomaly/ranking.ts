/**
 * How well scores tell anomalous images from normal ones, at every threshold. Images of equal scores are flagged together, so
 * that their order does not matter: the numbers are those of scikit-learn.
 */

/** Images flagged at a threshold. */
export interface RankedStep {
  readonly threshold: number;
  /** The number of anomalous and of normal images with at least this score. */
  readonly anomalous: number;
  readonly normal: number;
}

export interface Ranking {
  /** One for each different score, from the highest. */
  readonly steps: readonly RankedStep[];
  readonly anomalous: number;
  readonly normal: number;
}

/** @param anomalous whether each image is anomalous */
export function rank(scores: Float64Array, anomalous: readonly boolean[]): Ranking {
  const order = Array.from(scores, (_, index) => index).sort(
    (one, other) => (scores[other] ?? 0) - (scores[one] ?? 0),
  );
  const steps: RankedStep[] = [];
  let [positive, negative] = [0, 0];
  for (const [place, index] of order.entries()) {
    if (anomalous[index] === true) positive += 1;
    else negative += 1;
    const [threshold, next] = [scores[index] ?? 0, order[place + 1]];
    if (next !== undefined && scores[next] === threshold) continue;
    steps.push({ threshold, anomalous: positive, normal: negative });
  }
  return { steps, anomalous: positive, normal: negative };
}

/** False positive rate and true positive rate at each threshold, from (0, 0) to (1, 1). */
export function rocCurve({ steps, anomalous, normal }: Ranking): readonly (readonly [number, number])[] {
  return [[0, 0], ...steps.map((step) => [step.normal / normal, step.anomalous / anomalous] as const)];
}

/** The area under the ROC curve, by trapezoids: the share of pairs that are ordered correctly, where ties count half. */
export function rocAuc(ranking: Ranking): number {
  const points = rocCurve(ranking);
  let area = 0;
  for (const [index, [x, y]] of points.entries()) {
    const [before, height] = points[index - 1] ?? [x, y];
    area += ((x - before) * (y + height)) / 2;
  }
  return area;
}

/** Recall and precision at each threshold, from the highest. */
export function precisionRecall({ steps, anomalous }: Ranking): readonly (readonly [number, number])[] {
  return steps.map((step) => [step.anomalous / anomalous, step.anomalous / (step.anomalous + step.normal)]);
}

/** The sum of the precisions, each weighted by the increase of the recall. */
export function averagePrecision(ranking: Ranking): number {
  let [sum, before] = [0, 0];
  for (const [recall, precision] of precisionRecall(ranking)) {
    sum += (recall - before) * precision;
    before = recall;
  }
  return sum;
}
