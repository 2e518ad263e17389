/**
 * The tree-structured Parzen estimator: J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for hyper-parameter
 * optimization", NIPS 2011, section 4. For each parameter, the values of the best trials make one density, and the values of
 * the others a second one. Candidates are sampled from the first; the one with the largest ratio of the two densities is tried,
 * since it has the largest expected improvement. The constants are those of hyperopt, the authors' implementation.
 */
import { canonicalJson, type Json } from '../../core/json.ts';
import { Philox } from '../../core/philox.ts';
import { deriveSeed } from '../../core/seed.ts';
import type { SweepParameter } from '../values.ts';
import { axisOf, countOf, type Axis } from './axis.ts';
import { CategoryDensity, LineDensity } from './parzen.ts';

/** The number of best trials is this times the square root of the number of all trials, rounded up, … */
const GAMMA = 0.25;
/** … and at most this. */
const MOST_BEST = 25;
const CANDIDATES = 24;

/** Repeated combinations sampled before an untried one is searched for systematically. */
const MOST_REDRAWS = 20;

export type Values = Readonly<Record<string, Json>>;

export interface Observation {
  readonly values: Values;
  /** Less is better; `Infinity` for a trial that failed or has not ended. */
  readonly loss: number;
}

export interface SearchSpace {
  readonly parameters: Readonly<Record<string, SweepParameter>>;
  /** The pipeline's seed. */
  readonly seed: number;
  /** Whether a combination is excluded. */
  readonly isExcluded: (values: Values) => boolean;
}

/** Number of distinct combinations, including excluded ones; may be `Infinity`. */
export function spaceSize(parameters: SearchSpace['parameters']): number {
  return Object.values(parameters).reduce((product, each) => product * countOf(axisOf(each)), 1);
}

/**
 * The values of the next trial, a combination that was not tried before.
 *
 * @param trials all earlier trials, in their order: the values depend on nothing else
 * @returns undefined if all combinations were tried
 */
export function proposeTpe(space: SearchSpace, trials: readonly Observation[]): Values | undefined {
  const { parameters, seed, isExcluded } = space;
  const place = trials.length;
  const tried = new Set(trials.map(({ values }) => canonicalJson(values)));
  const isNew = (values: Values): boolean => !tried.has(canonicalJson(values)) && !isExcluded(values);
  const draws = Object.entries(parameters).map(([name, parameter]) => {
    const generator = new Philox(deriveSeed(seed, 'sweep', `bayes/${place}/${name}`));
    const estimate = new Estimate(axisOf(parameter), name, trials);
    return { name, draw: (): Json => estimate.draw(generator) };
  });
  for (let attempt = 0; attempt <= MOST_REDRAWS; attempt += 1) {
    const values = Object.fromEntries(draws.map(({ name, draw }) => [name, draw()]));
    if (isNew(values)) return values;
  }
  return firstNew(parameters, isNew);
}

/** The trials' values of one parameter; parameters are modelled independently. */
class Estimate {
  readonly #axis: Axis;
  readonly #best: CategoryDensity | LineDensity;
  readonly #others: CategoryDensity | LineDensity;

  constructor(axis: Axis, name: string, trials: readonly Observation[]) {
    const wanted = Math.min(MOST_BEST, Math.ceil(GAMMA * Math.sqrt(trials.length)));
    // For equal losses, the earlier trial comes first.
    const order = [...trials.keys()].sort((a, b) => compare(trials[a]?.loss, trials[b]?.loss) || a - b);
    const best = new Set(order.slice(0, wanted));
    const positions = (isBest: boolean): readonly number[] =>
      trials.flatMap(({ values }, place) =>
        best.has(place) === isBest ? [positionOf(axis, values[name] ?? null)] : [],
      );
    const density = (of: readonly number[]): CategoryDensity | LineDensity =>
      axis.kind === 'line' ? new LineDensity(axis, of) : new CategoryDensity(axis.values.length, of);
    this.#axis = axis;
    this.#best = density(positions(true));
    this.#others = density(positions(false));
  }

  draw(generator: Philox): Json {
    let chosen = Number.NaN;
    let highest = -Infinity;
    for (let candidate = 0; candidate < CANDIDATES; candidate += 1) {
      const drawn = this.#best.draw(generator);
      const score = this.#best.logDensity(drawn) - this.#others.logDensity(drawn);
      if (score > highest) [chosen, highest] = [drawn, score];
    }
    return this.#axis.kind === 'line' ? chosen : (this.#axis.values[chosen] ?? null);
  }
}

function positionOf(axis: Axis, value: Json): number {
  if (axis.kind === 'line') return axis.position(Number(value));
  return axis.values.findIndex((each) => canonicalJson(each) === canonicalJson(value));
}

/** Compares losses. `Infinity - Infinity` would be NaN. */
function compare(a = Infinity, b = Infinity): number {
  return a === b ? 0 : a - b;
}

function valuesOf(axis: Axis): readonly Json[] {
  return axis.kind === 'line' ? axis.list() : axis.values;
}

/** The first untried combination in grid order, for small spaces of which nearly all is tried. */
function firstNew(
  parameters: SearchSpace['parameters'],
  isNew: (values: Values) => boolean,
): Values | undefined {
  const names = Object.keys(parameters);
  const columns = Object.values(parameters).map((parameter) => valuesOf(axisOf(parameter)));
  const total = columns.reduce((product, values) => product * values.length, 1);
  for (let index = 0; index < total; index += 1) {
    let rest = index;
    const chosen = columns.toReversed().map((values) => {
      const value = values[rest % values.length] ?? null;
      rest = Math.floor(rest / values.length);
      return value;
    });
    const values = Object.fromEntries(names.map((name, column) => [name, chosen.at(-1 - column) ?? null]));
    if (isNew(values)) return values;
  }
  return undefined;
}
