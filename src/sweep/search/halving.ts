/**
 * Successive halving: K. Jamieson, A. Talwalkar, "Non-stochastic best arm identification and hyperparameter optimization",
 * AISTATS 2016. All combinations train for a few epochs, the best of them for `eta` times as many, and so on. The budgets end
 * at the pipeline's own number of epochs, as in L. Li et al., "Hyperband", JMLR 18 (2018), section 3.
 */

export interface Rung {
  /** Epochs of each of its trials. */
  readonly epochs: number;
  /** Number of combinations on the rung. */
  readonly combinations: number;
}

/** Epochs of a training that a search sets. */
export interface Budget {
  /** Dotted path of the setting: `stages.trained.epochs`. */
  readonly path: string;
  readonly epochs: number;
}

export interface Halving {
  /** Each rung has 1/eta of the combinations of the one before, and eta times its epochs. At least 2. */
  readonly eta: number;
  /** The fewest epochs of any trial. */
  readonly min_epochs: number;
}

/**
 * The rungs of a sweep, from the fewest epochs to all. Their number is limited by the epochs and by the number of combinations.
 *
 * @param combinations number of combinations, at least 1
 * @param epochs the pipeline's epochs, at least 1
 */
export function rungsOf(
  combinations: number,
  epochs: number,
  { eta, min_epochs: fewest }: Halving,
): readonly Rung[] {
  const drops = Math.min(wholeLog(combinations, eta), wholeLog(epochs / Math.min(fewest, epochs), eta));
  return Array.from({ length: drops + 1 }, (_, index) => ({
    epochs: Math.floor(epochs / eta ** (drops - index)),
    combinations: Math.floor(combinations / eta ** index),
  }));
}

/**
 * Chooses which of a rung's trials are promoted: the best; among equals, the first.
 *
 * @param losses less is better; `Infinity` for a trial that failed
 * @param count how many to promote
 * @returns their places, in ascending order
 */
export function promoted(losses: readonly number[], count: number): readonly number[] {
  return [...losses.keys()]
    .sort((a, b) => {
      const [first, second] = [losses[a] ?? Infinity, losses[b] ?? Infinity];
      return first === second ? a - b : first - second;
    })
    .slice(0, count)
    .sort((a, b) => a - b);
}

/** How often `value` can be divided by `base` while staying at least 1. */
function wholeLog(value: number, base: number): number {
  let count = 0;
  for (let left = value / base; left >= 1; left /= base) count += 1;
  return count;
}
