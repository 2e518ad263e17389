/** The trials of a sweep known so far, planned, in their order. */
import type { Sweep } from '../schema/generated/settings.ts';
import type { SearchRecord, TrialSearch } from './adaptive.ts';
import type { TrialOutcome } from './event.ts';
import { outcomeOf } from './outcome.ts';
import type { PlannedTrial } from './plan.ts';
import type { Trial } from './trial.ts';

/** Chooses trials while others run. */
export interface LaterTrials {
  /** Maximum number of trials, including those that are known already. */
  readonly count: number;
  /** How many of the first trials must have ended before the one at a place is chosen. */
  needs(place: number): number;
  /** @param outcomes outcomes of the trials that have ended so far */
  next(outcomes: readonly (TrialOutcome | undefined)[]): Promise<PlannedTrial | undefined>;
}

interface RosterOptions {
  readonly sweep: Sweep;
  readonly search: TrialSearch | undefined;
  readonly plan: (trial: Trial) => Promise<PlannedTrial | undefined>;
  /** The outcome of a trial at an earlier start of the sweep, or of one that could not start. */
  readonly endOf: (trial: PlannedTrial) => TrialOutcome | undefined;
}

export class Roster implements LaterTrials {
  readonly #options: RosterOptions;
  readonly #trials: PlannedTrial[];
  readonly #ended = new Map<string, TrialOutcome>();

  constructor(first: readonly PlannedTrial[], options: RosterOptions) {
    this.#options = options;
    this.#trials = [...first];
    for (const trial of first) this.#settle(trial);
  }

  get trials(): readonly PlannedTrial[] {
    return this.#trials;
  }

  /** Outcomes of trials that need not run, except complete ones. */
  get ended(): ReadonlyMap<string, TrialOutcome> {
    return this.#ended;
  }

  get count(): number {
    return this.#options.search?.count ?? this.#trials.length;
  }

  needs(place: number): number {
    return this.#options.search?.needs(place) ?? 0;
  }

  async next(outcomes: readonly (TrialOutcome | undefined)[]): Promise<PlannedTrial | undefined> {
    const { search, plan, sweep } = this.#options;
    const before = this.#trials.map((trial, place) => ({ trial, loss: lossOf(outcomes[place], sweep) }));
    const next = await search?.next(before);
    if (next === undefined) return undefined;
    const planned = await plan(next);
    if (planned === undefined) return undefined;
    this.#trials.push(planned);
    this.#settle(planned);
    return planned;
  }

  /** The progress of the search so far, for the record. */
  describe(): { readonly search?: SearchRecord } {
    const { search } = this.#options;
    return search === undefined ? {} : { search: search.describe(this.#trials) };
  }

  /** Chooses trials as far as results of earlier starts allow. */
  async replay(): Promise<void> {
    const { sweep } = this.#options;
    while (this.#trials.length < this.count) {
      const needed = this.#trials.slice(0, this.needs(this.#trials.length));
      const outcomes = needed.map((trial) =>
        trial.complete === undefined
          ? this.#ended.get(trial.id)
          : outcomeOf({ sweep }, trial, { state: 'kept', ...trial.complete, diagnostics: [] }),
      );
      if (outcomes.includes(undefined) || (await this.next(outcomes)) === undefined) return;
    }
  }

  #settle(trial: PlannedTrial): void {
    const outcome =
      trial.refused === undefined
        ? this.#options.endOf(trial)
        : outcomeOf(this.#options, trial, { state: 'failed', seconds: 0, diagnostics: trial.refused });
    if (outcome !== undefined) this.#ended.set(trial.id, outcome);
  }
}

/** The loss of a trial: less is better. A trial without the metric ranks last. */
function lossOf(outcome: TrialOutcome | undefined, { metric }: Sweep): number {
  const { value = Number.NaN } = outcome ?? {};
  if (!Number.isFinite(value)) return Infinity;
  return metric?.goal === 'maximize' ? -value : value;
}
