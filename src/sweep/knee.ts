/**
 * The knee of a curve of diminishing returns, such as reconstruction error against latent size: the point after which further
 * increases gain little. Kneedle's method: V. Satopää, J. Albrecht, D. Irwin, B. Raghavan, "Finding a 'Kneedle' in a haystack:
 * detecting knee points in system behavior", ICDCSW 2011, without its smoothing: sweeps have too few points for it.
 */
import { Philox } from '../core/philox.ts';
import type { Seed } from '../core/seed.ts';

export interface KneePoint {
  /** The cost, such as a latent size. */
  readonly x: number;
  /** The result, such as an error. */
  readonly y: number;
}

export interface KneeOptions {
  /**
   * `decreasing` for a convex curve that falls more and more slowly, such as an error; `increasing` for a concave one that
   * rises more and more slowly, such as an accuracy.
   */
  readonly direction: 'decreasing' | 'increasing';
  /** How much the curve must flatten after a knee, in mean distances between points (the paper's S). Default 1. */
  readonly sensitivity?: number;
}

export interface Knee {
  /** One of the given values. */
  readonly x: number;
  /** The mean of the values at `x`. */
  readonly y: number;
  /** The index of `x` among the distinct values of x in ascending order, from 0. */
  readonly index: number;
  /** Distance of the curve from its chord, with both axes mapped to 0..1: 0 for a straight line, close to 1 for a sharp corner. */
  readonly strength: number;
}

/** How certain a knee is, estimated from replicates. */
export interface KneeConfidence {
  /** Share of the resamples with the same knee, from 0 to 1. */
  readonly agreement: number;
  /** The 5th and the 95th percentile of the resamples' knees. */
  readonly low: number;
  readonly high: number;
}

const SENSITIVITY = 1;
const RESAMPLES = 1000;

/**
 * The most distinct knee. Both axes are linear: what counts is the gain for each unit of x, over the given range.
 *
 * @param points in any order. Points of equal x are replicates, whose mean counts. Non-finite points are ignored.
 * @returns undefined if there is none: fewer than three distinct x, a flat or straight curve, or one that bends the other way
 */
export function findKnee(points: readonly KneePoint[], options: KneeOptions): Knee | undefined {
  return kneeOf(meansOf(groupByX(points)), options);
}

/**
 * Bootstraps a knee: resamples the replicates at each x with replacement, and finds the knee again.
 *
 * @param points as for `findKnee`
 * @param seed for resampling: the same seed gives the same numbers
 * @returns undefined if there is no knee, or no x with at least two replicates
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
    // A resample without a knee counts as disagreement.
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

/** Groups replicates by x, in ascending order. */
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

/** @param curve in ascending order of x, each x once */
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

  // The paper's difference curve: a rising concave curve on the unit square, minus the diagonal.
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
    // It is a knee if the difference falls below the threshold before it rises to another peak.
    const later = differences.slice(index + 1);
    const next = later.findIndex((value, at) => value > strength || value > (later[at - 1] ?? strength));
    const until = next === -1 ? later : later.slice(0, next);
    if (until.some((value) => value < strength - fall)) best = { ...point, index, strength };
  });
  return best;
}
