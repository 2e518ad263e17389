/** Searches that choose trials by the results of earlier ones. What they choose depends on the seed and on those results only. */
import { errorsOf } from '../core/diagnostic.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { canonicalJson, type JsonObject } from '../core/json.ts';
import { budgetOf, halvingOf } from './budget.ts';
import { bayesOf, type Combination } from './expand.ts';
import { promoted, type Budget, type Rung } from './search/halving.ts';
import { proposeTpe, spaceSize, type Observation } from './search/tpe.ts';
import { makeTrial, type Trial, type TrialMaker } from './trial.ts';

/** A trial with the values that were chosen for it, by parameter. All other values are the pipeline's. */
export interface ChosenTrial {
  readonly trial: Trial;
  readonly values: JsonObject;
}

/** A trial that a search chose or started with. */
export interface Tried {
  readonly trial: Trial;
  /** Less is better; `Infinity` for a trial that failed or has not ended. */
  readonly loss: number;
}

export interface TrialSearch {
  /** Total number of trials, including those it started with. An upper bound until `next` finds no more. */
  readonly count: number;
  /** How many of the first trials must have ended before the one at a place can be chosen. The one before it has been chosen. */
  needs(place: number): number;
  /**
   * The next trial. Ignores the losses of trials that it need not wait for.
   *
   * @param before all trials so far, in their order
   * @returns undefined if there are no more
   */
  next(before: readonly Tried[]): Promise<Trial | undefined>;
  /** What the search did, for the record. */
  describe(trials: readonly Trial[]): SearchRecord;
}

export type SearchRecord =
  | {
      readonly method: 'halving';
      /** Dotted path of the setting with the epochs. */
      readonly budget: string;
      readonly eta: number;
      readonly rungs: readonly RungRecord[];
    }
  | {
      readonly method: 'bayes';
      /** Trials that were sampled at random, including replicates. */
      readonly startup_trials: number;
      readonly lag: number;
    };

export interface RungRecord {
  readonly epochs: number;
  /** Names of its trials; empty if the rung is not reached yet. */
  readonly trials: readonly string[];
  /** Trials whose combinations were promoted to the next rung. */
  readonly promoted: readonly string[];
}

/**
 * Creates a search; undefined for sweeps whose trials are all listed.
 *
 * @param first trials that the sweep starts with
 */
export function searchOf(
  maker: TrialMaker,
  first: readonly ChosenTrial[],
  rungs: readonly Rung[] | undefined,
): (() => TrialSearch) | undefined {
  const { method } = maker.located.pipeline.sweep ?? {};
  if (method === 'bayes') return () => new BayesSearch(maker, first);
  return method === 'halving' && rungs !== undefined
    ? () => new HalvingSearch(maker, first, rungs)
    : undefined;
}

/** Which values were chosen for which trial, with their losses. */
class Choices {
  readonly #maker: TrialMaker;
  readonly #values = new Map<string, JsonObject>();

  constructor(maker: TrialMaker, first: readonly ChosenTrial[]) {
    this.#maker = maker;
    for (const { trial, values } of first) this.#values.set(trial.id, values);
  }

  async make(values: JsonObject, replicate: number, budget?: Budget): Promise<Trial> {
    const maker = budget === undefined ? this.#maker : { ...this.#maker, budget };
    const { trial, diagnostics } = await makeTrial(maker, combinationOf(values), replicate);
    const errors = errorsOf(diagnostics);
    this.#values.set(trial.id, values);
    return errors.length === 0 ? trial : { ...trial, refused: errors };
  }

  of({ id }: Trial): JsonObject {
    return this.#values.get(id) ?? {};
  }

  /** Groups replicates of equal values, in the order of their first trials. The mean of their losses counts. */
  groups(tried: readonly Tried[]): readonly Observation[] {
    const groups = new Map<string, { values: JsonObject; losses: number[] }>();
    for (const { trial, loss } of tried) {
      const values = this.of(trial);
      const text = canonicalJson(values);
      const group = groups.get(text) ?? { values, losses: [] };
      group.losses.push(Number.isNaN(loss) ? Infinity : loss);
      groups.set(text, group);
    }
    return [...groups.values()].map(({ values, losses }) => ({
      values,
      loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
    }));
  }
}

/** A combination that a search chose. The file contains its parameters, but not its values. */
function combinationOf(values: JsonObject): Combination {
  return new Map(
    Object.entries(values).map(([name, value]) => [name, { value, at: ['parameters', name] }] as const),
  );
}

class BayesSearch implements TrialSearch {
  readonly #located: LocatedPipeline;
  readonly #choices: Choices;
  readonly #startup: number;
  readonly #replicates: number;
  #count: number;

  constructor(maker: TrialMaker, first: readonly ChosenTrial[]) {
    const { parameters, run_cap: cap = 0, replicates } = sweepOf(maker.located);
    this.#located = maker.located;
    this.#choices = new Choices(maker, first);
    this.#startup = first.length;
    this.#replicates = replicates;
    this.#count = Math.max(first.length, Math.min(cap, spaceSize(parameters)) * replicates);
  }

  get count(): number {
    return this.#count;
  }

  needs(place: number): number {
    if (place < this.#startup) return 0;
    const first = place - this.#replicateAt(place) + 1;
    return Math.max(0, first - bayesOf(sweepOf(this.#located)).lag + 1);
  }

  async next(before: readonly Tried[]): Promise<Trial | undefined> {
    const place = before.length;
    const replicate = this.#replicateAt(place);
    const last = before.at(-1);
    if (replicate > 1 && last !== undefined)
      return this.#choices.make(this.#choices.of(last.trial), replicate);
    const { parameters, exclude } = sweepOf(this.#located);
    const needed = this.needs(place);
    const known = before.map((each, index) => (index < needed ? each : { ...each, loss: Infinity }));
    const observations: Observation[] = [...this.#choices.groups(known)];
    const space = {
      parameters,
      seed: this.#located.pipeline.seed,
      isExcluded: (values: JsonObject) =>
        exclude.some((each) =>
          Object.entries(each).every(
            ([name, value]) => canonicalJson(values[name] ?? null) === canonicalJson(value),
          ),
        ),
    };
    for (;;) {
      const values = place < this.#count ? proposeTpe(space, observations) : undefined;
      if (values === undefined) {
        this.#count = place;
        return undefined;
      }
      const trial = await this.#choices.make(values, replicate);
      // These values mean the same settings as an existing trial.
      if (before.every((each) => each.trial.id !== trial.id)) return trial;
      observations.push({ values, loss: Infinity });
    }
  }

  describe(): SearchRecord {
    const { lag } = bayesOf(sweepOf(this.#located));
    return { method: 'bayes', startup_trials: this.#startup, lag };
  }

  /** From 1; the trials that the sweep starts with come first. */
  #replicateAt(place: number): number {
    return ((place - this.#startup) % this.#replicates) + 1;
  }
}

class HalvingSearch implements TrialSearch {
  readonly #located: LocatedPipeline;
  readonly #choices: Choices;
  readonly #rungs: readonly Rung[];
  readonly #budget: string;
  readonly #replicates: number;
  /** Combinations on each rung reached so far, with the place of the rung's first trial. */
  readonly #reached: { readonly start: number; readonly combinations: readonly JsonObject[] }[];
  #count: number;

  constructor(maker: TrialMaker, first: readonly ChosenTrial[], rungs: readonly Rung[]) {
    this.#located = maker.located;
    this.#choices = new Choices(maker, first);
    this.#rungs = rungs;
    this.#budget = budgetOf(maker.located)?.path ?? '';
    this.#replicates = sweepOf(maker.located).replicates;
    const combinations = this.#choices
      .groups(first.map(({ trial }) => ({ trial, loss: 0 })))
      .map(({ values }) => values);
    this.#reached = [{ start: 0, combinations }];
    const later = rungs.slice(1).reduce((sum, rung) => sum + rung.combinations, 0);
    this.#count = first.length + later * this.#replicates;
  }

  get count(): number {
    return this.#count;
  }

  needs(place: number): number {
    const { start, end } = this.#last();
    return place < end ? start : end;
  }

  async next(before: readonly Tried[]): Promise<Trial | undefined> {
    const place = before.length;
    if (place === this.#last().end && !this.#climb(before)) {
      this.#count = place;
      return undefined;
    }
    const { start, combinations } = this.#last();
    const rung = this.#rungs[this.#reached.length - 1];
    const values = combinations[(place - start) % combinations.length];
    const replicate = Math.floor((place - start) / combinations.length) + 1;
    const budget = budgetOf(this.#located, rung);
    if (values === undefined || budget === undefined) return undefined;
    return this.#choices.make(values, replicate, budget);
  }

  /** Promotes the best of the highest rung so far to the next one; false if there is no next rung or nothing to promote. */
  #climb(before: readonly Tried[]): boolean {
    const next = this.#rungs[this.#reached.length];
    const { start, end } = this.#last();
    if (next === undefined) return false;
    const groups = this.#choices.groups(before.slice(start, end));
    const losses = groups.map(({ loss }) => loss);
    const combinations = promoted(losses, next.combinations)
      .filter((place) => losses[place] !== Infinity)
      .map((place) => groups[place]?.values ?? {});
    if (combinations.length === 0) return false;
    this.#reached.push({ start: end, combinations });
    return true;
  }

  describe(trials: readonly Trial[]): SearchRecord {
    const textOf = (trial: Trial): string => canonicalJson(this.#choices.of(trial));
    const rungs = this.#rungs.map(({ epochs }, index): RungRecord => {
      const reached = this.#reached[index];
      const next = this.#reached[index + 1];
      const own = trials.filter(({ parameters }) => parameters[this.#budget] === epochs);
      const ahead = new Set((next?.combinations ?? []).map((values) => canonicalJson(values)));
      return {
        epochs,
        trials: reached === undefined ? [] : own.map(({ id }) => id),
        promoted: own.filter((trial) => ahead.has(textOf(trial))).map(({ id }) => id),
      };
    });
    const { eta } = halvingOf(this.#located.pipeline.sweep);
    return { method: 'halving', budget: this.#budget, eta, rungs };
  }

  #last(): { readonly start: number; readonly end: number; readonly combinations: readonly JsonObject[] } {
    const last = this.#reached.at(-1) ?? { start: 0, combinations: [] };
    return { ...last, end: last.start + last.combinations.length * this.#replicates };
  }
}

function sweepOf({
  pipeline: { sweep },
}: LocatedPipeline): NonNullable<LocatedPipeline['pipeline']['sweep']> {
  if (sweep === undefined) throw new Error('the pipeline has no sweep');
  return sweep;
}
