/** Compares the mean of our results with a published number. */
import type { PublishedFigure } from './generated/types.ts';

export interface Verdict {
  /** `better`: by more than the tolerance. */
  readonly state: 'met' | 'better' | 'not met';
  /** `met`, `better: lower by 0.012`, `not met: higher by 0.012 (13 %)`. */
  readonly text: string;
}

/** Differences in the last bit must not decide whether a mean is within the tolerance. */
const ROUNDING = 1e-9;

export function judge(
  { value, tolerance, better }: Pick<PublishedFigure, 'value' | 'tolerance' | 'better'>,
  mean: number,
): Verdict {
  const difference = mean - value;
  const allowed = tolerance + ROUNDING * Math.abs(value);
  if (Math.abs(difference) <= allowed) return { state: 'met', text: 'met' };
  const direction = difference > 0 ? 'higher' : 'lower';
  const size = Math.abs(difference);
  const words = `${direction} by ${Number(size.toPrecision(2))}`;
  if (direction === better) return { state: 'better', text: `better: ${words}` };
  const share = value === 0 ? '' : ` (${Number(((100 * size) / Math.abs(value)).toPrecision(2))} %)`;
  return { state: 'not met', text: `not met: ${words}${share}` };
}
