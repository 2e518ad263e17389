/** Compares the mean of our results with a published number. */
import type { PublishedFigure } from './generated/types.ts';

export interface Verdict {
  /**
   * - `better`: by more than the tolerance;
   * - `not comparable`: the source does not say enough for a verdict;
   * - `not obtained`: not every seed measured the figure.
   */
  readonly state: 'met' | 'better' | 'not met' | 'not comparable' | 'not obtained';
  /** `met`, `better: lower by 0.012`, `not met: higher by 0.012 (13 %)`, `not obtained: 2 of 3 seeds`. */
  readonly text: string;
}

/** Whether a result with this verdict disagrees with the published number. */
export function isMismatch({ state }: Verdict): boolean {
  return state === 'not met' || state === 'not obtained';
}

/** Differences in the last bit must not decide whether a mean is within the tolerance. */
const ROUNDING = 1e-9;

export function judge(
  {
    value,
    tolerance,
    better,
    incomparable,
  }: Pick<PublishedFigure, 'value' | 'tolerance' | 'better' | 'incomparable'>,
  mean: number,
): Verdict {
  const difference = mean - value;
  const allowed = tolerance + ROUNDING * Math.abs(value);
  const direction = difference > 0 ? 'higher' : 'lower';
  const size = Math.abs(difference);
  const words = `${direction} by ${Number(size.toPrecision(2))}`;
  if (incomparable !== undefined) {
    return {
      state: 'not comparable',
      text: difference === 0 ? 'not comparable' : `not comparable: ${words}`,
    };
  }
  if (size <= allowed) return { state: 'met', text: 'met' };
  if (direction === better) return { state: 'better', text: `better: ${words}` };
  const share = value === 0 ? '' : ` (${Number(((100 * size) / Math.abs(value)).toPrecision(2))} %)`;
  return { state: 'not met', text: `not met: ${words}${share}` };
}
