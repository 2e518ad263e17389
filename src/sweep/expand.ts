/** Expands a sweep's parameters to combinations of values. Pure: the same sweep and seed give the same list. */
import type { Sweep } from '../schema/generated/settings.ts';
import type { DocumentPath } from '../config/pipeline.ts';
import type { DiagnosticCode } from '../core/diagnostic.ts';
import { canonicalJson, type Json } from '../core/json.ts';
import { Philox } from '../core/philox.ts';
import { deriveSeed } from '../core/seed.ts';
import { drawValue, isRange, rangeProblem, rangeValues, type SweepParameter } from './values.ts';

/** A value, and its path inside the `sweep` block. */
export interface Chosen {
  readonly value: Json;
  readonly at: DocumentPath;
}

/** Values by parameter, as named in the sweep. */
export type Combination = ReadonlyMap<string, Chosen>;

export interface SweepProblem {
  readonly code: DiagnosticCode;
  readonly severity?: 'error' | 'warning';
  readonly message: string;
  readonly hint?: string;
  /** What to write instead. */
  readonly replacement?: string;
  /** The path inside the `sweep` block. */
  readonly at: DocumentPath;
  readonly part?: 'key';
}

export interface Expansion {
  /** Without duplicates; empty if any problem is an error. */
  readonly combinations: readonly Combination[];
  readonly problems: readonly SweepProblem[];
}

/** Maximum number of trials in a sweep, including replicates. Larger sweeps are better split. */
export const MOST_TRIALS = 10_000;

/** Repeated samples allowed per requested combination, before a sweep settles for fewer. */
const MOST_REDRAWS = 20;

const BAYES: NonNullable<Sweep['bayes']> = { startup_trials: 20, lag: 4 };

export function bayesOf({ bayes = BAYES }: Sweep): NonNullable<Sweep['bayes']> {
  return bayes;
}

/**
 * How the first trials of a search are chosen: `halving` starts with a full grid or random samples, `bayes` with random samples.
 */
function beginning(sweep: Sweep): Sweep & { readonly method: Listing } {
  const { method, run_cap: cap } = sweep;
  if (method === 'halving') return { ...sweep, method: cap === undefined ? 'grid' : 'random' };
  if (method !== 'bayes') return { ...sweep, method };
  const { startup_trials: startup } = bayesOf(sweep);
  return { ...sweep, method: 'random', ...(cap === undefined ? {} : { run_cap: Math.min(cap, startup) }) };
}

type Listing = 'grid' | 'zip' | 'random';

/**
 * The combinations that do not depend on results.
 *
 * @param seed the pipeline's seed, for random sampling
 */
export function expandSweep(given: Sweep, seed: number): Expansion {
  const sweep = beginning(given);
  const problems: SweepProblem[] = [...parameterProblems(sweep, given), ...excludeProblems(sweep)];
  if (problems.length > 0) return { combinations: [], problems };
  const all = [...METHODS[sweep.method](sweep, seed)];
  const excluded = sweep.exclude.map((each) => new Map(Object.entries(each)));
  const left = all.filter((combination) => !excluded.some((each) => matches(combination, each)));
  excluded.forEach((each, index) => {
    if (sweep.method === 'random' || all.some((combination) => matches(combination, each))) return;
    const message = 'no combination has these values';
    problems.push({ code: 'bad-setting', severity: 'warning', message, at: ['exclude', index] });
  });
  const included = sweep.include.map(
    (each, index): Combination =>
      new Map(Object.entries(each).map(([name, value]) => [name, { value, at: ['include', index, name] }])),
  );
  const combinations = distinct([...left.slice(0, sweep.run_cap), ...included]);
  problems.push(...repetitions(sweep, { all, included, combinations }));
  if (combinations.length === 0) {
    problems.push({ code: 'out-of-range', message: '`exclude` leaves no combination', at: ['exclude'] });
  }
  const total = given.method === 'bayes' ? (given.run_cap ?? 0) : combinations.length;
  if (total * sweep.replicates > MOST_TRIALS) {
    problems.push({ ...tooMany(total * sweep.replicates), at: [], part: 'key' });
    return { combinations: [], problems };
  }
  return { combinations, problems };
}

function tooMany(count: number): Pick<SweepProblem, 'code' | 'message' | 'hint'> {
  return {
    code: 'out-of-range',
    message: `the sweep has ${count} trials; at most ${MOST_TRIALS} are allowed`,
    hint: 'use fewer values, `method: random` with a `run_cap`, or several sweeps',
  };
}

function parameterProblems(sweep: Sweep, { method }: Sweep): readonly SweepProblem[] {
  const problems: SweepProblem[] = [];
  const drawn = sweep.method === 'random';
  const parameters = Object.entries(sweep.parameters);
  if (parameters.length === 0 && method !== 'grid') {
    return [
      {
        code: 'missing-key',
        message: `\`method: ${method}\` needs \`parameters\`, what is varied`,
        hint: 'name some, or leave `method` out to repeat the pipeline with other seeds',
        at: ['method'],
      },
    ];
  }
  for (const [name, parameter] of parameters) {
    if (!isRange(parameter)) continue;
    const problem = rangeProblem(parameter, drawn);
    if (problem === undefined) continue;
    const { key, ...words } = problem;
    problems.push({ code: 'out-of-range', ...words, at: ['parameters', name, key] });
  }
  if (problems.length > 0) return problems;
  if (drawn && sweep.run_cap === undefined) {
    const hint = 'add `run_cap: 20`, for example';
    const message = `\`method: ${method}\` needs a \`run_cap\`, the number of combinations to try`;
    return [{ code: 'missing-key', message, hint, at: ['method'] }];
  }
  const counts = parameters.map(
    ([name, parameter]) => [name, drawn ? 1 : valuesOf(parameter).length] as const,
  );
  const [first] = counts;
  if (sweep.method === 'zip') {
    const other = counts.find(([, count]) => count !== first?.[1]);
    if (other === undefined || first === undefined) return [];
    return [
      {
        code: 'out-of-range',
        message: `\`zip\` needs the same number of values for each parameter: \`${first[0]}\` has ${first[1]}, \`${other[0]}\` has ${other[1]}`,
        at: ['parameters', other[0]],
        part: 'key',
      },
    ];
  }
  const total = counts.reduce((product, [, count]) => product * count, 1);
  // The full grid is built before `run_cap` and `exclude` cut it.
  return total > MOST_TRIALS * 10 ? [{ ...tooMany(total), at: [], part: 'key' }] : [];
}

/** Names in `exclude` that are not parameters: such a map could never match. */
function excludeProblems({ exclude, parameters }: Sweep): readonly SweepProblem[] {
  return exclude.flatMap((each, index) =>
    Object.keys(each)
      .filter((name) => !Object.hasOwn(parameters, name))
      .map((name) => ({
        code: 'unknown-key' as const,
        message: `\`${name}\` is not a parameter of the sweep`,
        hint: `they are ${Object.keys(parameters)
          .map((known) => `\`${known}\``)
          .join(', ')}`,
        at: ['exclude', index, name],
        part: 'key' as const,
      })),
  );
}

/**
 * Duplicate values and combinations, which add no trial. Not for random sampling, which chooses a value listed twice twice as
 * often, nor for single values of `zip`, where only whole rows count.
 */
function repetitions(
  { method, parameters }: Sweep,
  {
    all,
    included,
    combinations,
  }: Readonly<Record<'all' | 'included' | 'combinations', readonly Combination[]>>,
): readonly SweepProblem[] {
  const problems: SweepProblem[] = [];
  const hint = 'each is tried once: remove it, or use `replicates` to run it with several seeds';
  const add = (what: string, at: DocumentPath): void => {
    problems.push({
      code: 'bad-setting',
      severity: 'warning',
      message: `${what} is a duplicate`,
      hint,
      at,
    });
  };
  const lists = method === 'grid' ? Object.entries(parameters) : [];
  for (const [name, parameter] of lists) {
    if (isRange(parameter)) continue;
    repeated(parameter.map((value) => canonicalJson(value))).forEach(([index, text]) => {
      add(`\`${shortText(text)}\``, ['parameters', name, index]);
    });
  }
  for (const [index] of repeated(method === 'zip' ? all.map(textOf) : [])) {
    const [first] = all[index]?.values() ?? [];
    if (first !== undefined) add('this combination', first.at);
  }
  const kept = new Set(combinations);
  included.forEach((combination, index) => {
    if (!kept.has(combination)) add('this combination', ['include', index]);
  });
  return problems;
}

/** Repeated texts, with their places. */
function repeated(texts: readonly string[]): readonly (readonly [place: number, text: string])[] {
  const seen = new Set<string>();
  return [...texts.entries()].filter(([, text]) => {
    const isSeen = seen.has(text);
    seen.add(text);
    return isSeen;
  });
}

function shortText(text: string): string {
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** Every value of a parameter that is not sampled, in order. */
function valuesOf(parameter: SweepParameter): readonly Json[] {
  return isRange(parameter) ? rangeValues(parameter) : parameter;
}

function choicesOf(name: string, parameter: SweepParameter): readonly Chosen[] {
  return valuesOf(parameter).map((value, index) => ({
    value,
    at: isRange(parameter) ? ['parameters', name] : ['parameters', name, index],
  }));
}

const METHODS: Readonly<Record<Listing, (sweep: Sweep, seed: number) => Iterable<Combination>>> = {
  /** The last parameter varies fastest. */
  *grid({ parameters }) {
    let combinations: readonly Combination[] = [new Map()];
    for (const [name, parameter] of Object.entries(parameters)) {
      const choices = choicesOf(name, parameter);
      combinations = combinations.flatMap((combination) =>
        choices.map((chosen) => new Map(combination).set(name, chosen)),
      );
    }
    yield* combinations;
  },

  *zip({ parameters }) {
    const columns = Object.entries(parameters).map(
      ([name, parameter]) => [name, choicesOf(name, parameter)] as const,
    );
    for (const row of columns[0]?.[1].keys() ?? []) {
      yield new Map(
        columns.flatMap(([name, choices]) => {
          const chosen = choices[row];
          return chosen === undefined ? [] : [[name, chosen] as const];
        }),
      );
    }
  },

  /** Each parameter has its own random numbers, so adding another parameter does not change them. */
  *random({ parameters, run_cap: wanted = 0 }, seed) {
    const generators = new Map(
      Object.keys(parameters).map((name) => [name, new Philox(deriveSeed(seed, 'sweep', `random/${name}`))]),
    );
    const seen = new Set<string>();
    for (let draw = 0; draw < wanted * MOST_REDRAWS && seen.size < wanted; draw += 1) {
      const combination = new Map<string, Chosen>();
      for (const [name, generator] of generators) {
        const parameter = parameters[name];
        if (parameter === undefined) continue;
        combination.set(name, { value: drawValue(parameter, generator), at: ['parameters', name] });
      }
      const text = textOf(combination);
      if (seen.has(text)) continue;
      seen.add(text);
      yield combination;
    }
  },
};

function matches(combination: Combination, values: ReadonlyMap<string, Json>): boolean {
  return [...values].every(([name, value]) => {
    const chosen = combination.get(name);
    return chosen !== undefined && canonicalJson(chosen.value) === canonicalJson(value);
  });
}

/** Removes duplicate combinations; the first of each stays. */
function distinct(combinations: readonly Combination[]): readonly Combination[] {
  const first = new Map<string, Combination>();
  for (const each of combinations) {
    const text = textOf(each);
    if (!first.has(text)) first.set(text, each);
  }
  return [...first.values()];
}

function textOf(combination: Combination): string {
  return canonicalJson(Object.fromEntries([...combination].map(([name, { value }]) => [name, value])));
}
