/**
 * The median rule: D. Golovin, B. Solnik, S. Moitra, G. Kochanski, J. Karro, D. Sculley, "Google Vizier: a service for black-box
 * optimization", KDD 2017, section 3.2. Here a trial's peers are fixed by its place in the list, not by the clock.
 */
import type { Sweep } from '../schema/generated/settings.ts';

type Settings = NonNullable<Sweep['early_stop']>;

export class MedianRule {
  readonly #settings: Settings;
  /** Losses of complete trials after each epoch, by the trials' places in the list. */
  readonly #complete = new Map<number, readonly number[]>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The last of the trials that must end before another may start; below 0 for the first ones. */
  peersUpTo(place: number): number {
    return place - this.#settings.lag;
  }

  complete(place: number, losses: readonly number[]): void {
    this.#complete.set(place, losses);
  }

  /** @param losses the losses of the trial at `place` after each epoch so far */
  isBehind(place: number, losses: readonly number[]): boolean {
    const { warmup_epochs: warmup, min_trials: fewest } = this.#settings;
    if (losses.length < warmup) return false;
    const means = [...this.#complete]
      .filter(([peer]) => peer <= this.peersUpTo(place))
      .map(([, peerLosses]) => mean(peerLosses.slice(0, losses.length)));
    return means.length >= fewest && Math.min(...losses) > median(means);
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2;
}
