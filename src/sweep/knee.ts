/**
 * The knee of a curve of diminishing returns, such as reconstruction error against latent size: the point after which more
 * buys little. Kneedle's method: V. Satopää, J. Albrecht, D. Irwin, B. Raghavan, "Finding a 'Kneedle' in a haystack: detecting
 * knee points in system behavior", ICDCSW 2011, without its smoothing, which sweeps of a few points do not bear.
 */
import { Philox } from '../core/philox.ts';
import type { Seed } from '../core/seed.ts';

export interface KneePoint {
  /** What is paid, such as a latent size. */
  readonly x: number;
  /** What it buys, such as an error. */
  readonly y: number;
}

export interface KneeOptions {
  /**
   * `decreasing` for a convex curve that falls ever more slowly, such as an error; `increasing` for a concave one that rises
   * ever more slowly, such as an accuracy.
   */
  readonly direction: 'decreasing' | 'increasing';
  /** How far the curve must flatten after a knee, in mean distances between points: the paper's S. 1 if left out. */
  readonly sensitivity?: number;
}

export interface Knee {
  /** One of the given values. */
  readonly x: number;
  /** The mean of the values at `x`. */
  readonly y: number;
  /** Which of the different values of x it is, in ascending order from 0. */
  readonly index: number;
  /** How far the curve lies from its chord, once both axes are mapped to 0..1: 0 for a straight line, towards 1 for a sharp corner. */
  readonly strength: number;
}

/** How sure a knee is, by replicates. */
export interface KneeConfidence {
  /** Share of the resamples with this very knee, from 0 to 1. */
  readonly agreement: number;
  /** The 5th and the 95th percentile of the resamples' knees. */
  readonly low: number;
  readonly high: number;
}

const SENSITIVITY = 1;
const RESAMPLES = 1000;

/**
 * The most distinct knee. Both axes count linearly: what matters is how much is bought by each unit of x, over the range that
 * is given.
 *
 * @param points in any order; those of equal x are replicates, of which the mean counts; those that are not finite are left out
 * @returns undefined where there is none: fewer than three different x, a flat or a straight curve, one that bends the other way
 */
export function findKnee(points: readonly KneePoint[], options: KneeOptions): Knee | undefined {
  return kneeOf(meansOf(groupByX(points)), options);
}

/**
 * Bootstraps a knee: the replicates at each x are drawn anew, with replacement, and the knee is looked for again.
 *
 * @param points as for `findKnee`
 * @param seed of the draws: the same seed gives the same numbers
 * @returns undefined where there is no knee, or no x with at least two replicates
 */
export function kneeConfidence(
  points: readonly KneePoint[],
  options: KneeOptions,
  seed: Seed,
): KneeConfidence | undefined {
  const groups = groupByX(points);
  const knee = kneeOf(meansOf(groups), options);
  if (knee === undefined || groups.every(({ ys }) => ys.length < 2)) return undefined;
  const generator = new Philox(seed);
  const found: number[] = [];
  for (let resample = 0; resample < RESAMPLES; resample++) {
    const drawn = groups.map(({ x, ys }) => ({
      x,
      ys: ys.map(() => ys[generator.integer(ys.length)] ?? Number.NaN),
    }));
    // A resample without a knee agrees with none.
    found.push(kneeOf(meansOf(drawn), options)?.x ?? Number.NaN);
  }
  const knees = found.filter((x) => !Number.isNaN(x)).sort((a, b) => a - b);
  const percentile = (share: number): number => knees[Math.round(share * (knees.length - 1))] ?? knee.x;
  return {
    agreement: found.filter((x) => x === knee.x).length / RESAMPLES,
    low: percentile(0.05),
    high: percentile(0.95),
  };
}

interface Group {
  readonly x: number;
  readonly ys: readonly number[];
}

/** Replicates by ascending x. */
function groupByX(points: readonly KneePoint[]): readonly Group[] {
  const groups = new Map<number, number[]>();
  for (const { x, y } of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    const ys = groups.get(x);
    if (ys === undefined) groups.set(x, [y]);
    else ys.push(y);
  }
  return [...groups].map(([x, ys]) => ({ x, ys })).sort((a, b) => a.x - b.x);
}

function meansOf(groups: readonly Group[]): readonly KneePoint[] {
  return groups.map(({ x, ys }) => ({ x, y: ys.reduce((sum, y) => sum + y, 0) / ys.length }));
}

/** @param curve by ascending x, each x once */
function kneeOf(
  curve: readonly KneePoint[],
  { direction, sensitivity = SENSITIVITY }: KneeOptions,
): Knee | undefined {
  const heights = curve.map(({ y }) => y);
  const lowest = Math.min(...heights);
  const height = Math.max(...heights) - lowest;
  const start = curve[0]?.x ?? 0;
  const width = (curve.at(-1)?.x ?? 0) - start;
  if (curve.length < 3 || height === 0) return undefined;

  // The paper's difference curve: a rising concave curve on the unit square, less the diagonal.
  const differences = curve.map(({ x, y }) => {
    const share = (y - lowest) / height;
    return (direction === 'increasing' ? share : 1 - share) - (x - start) / width;
  });
  const fall = sensitivity / (curve.length - 1);
  let best: Knee | undefined;
  differences.forEach((strength, index) => {
    const point = curve[index];
    const before = differences[index - 1] ?? Infinity;
    const after = differences[index + 1] ?? -Infinity;
    const peak = strength > 0 && strength > before && strength >= after;
    if (!peak || point === undefined || strength <= (best?.strength ?? 0)) return;
    // A knee if the difference falls below the threshold before it rises to another peak.
    const later = differences.slice(index + 1);
    const next = later.findIndex((value, at) => value > strength || value > (later[at - 1] ?? strength));
    const until = next === -1 ? later : later.slice(0, next);
    if (until.some((value) => value < strength - fall)) best = { ...point, index, strength };
  });
  return best;
}
