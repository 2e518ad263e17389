/** A sentence on how the trials of a sweep were chosen. */
import { formatCount, formatPlural } from '../core/format.ts';
import type { SweepRecord } from './record.ts';

/** `successive halving: 9 trials of 1 epoch, 3 of 3, 1 of 9`; for other methods, their name. */
export function describeMethod({ sweep, search, trials }: SweepRecord): string {
  if (search === undefined) return sweep.method;
  if (search.method === 'bayes') {
    const { startup_trials: startup } = search;
    const later = trials.length - startup;
    const rest = later > 0 ? `, then ${formatCount(later)} chosen by earlier results` : '';
    return `tree-structured Parzen estimator: ${formatPlural(startup, 'trial')} sampled at random${rest}`;
  }
  const rungs = search.rungs.map((rung, index) => {
    const count = rung.trials.length;
    if (count === 0) return `none of ${rung.epochs} yet`;
    return index === 0
      ? `${formatPlural(count, 'trial')} of ${formatPlural(rung.epochs, 'epoch')}`
      : `${formatCount(count)} of ${formatCount(rung.epochs)}`;
  });
  return `successive halving: ${rungs.join(', ')}`;
}
