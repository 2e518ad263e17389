/** The trials that a sweep starts with, made and checked as if their values were in the file. */
import type { PipelineReader } from '../config/load.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { inOrder } from '../config/diagnostics/report.ts';
import {
  isError,
  type Diagnostic,
  type Position,
  type SourceFile,
  type SourceRange,
} from '../core/diagnostic.ts';
import { canonicalJson } from '../core/json.ts';
import { searchOf, type ChosenTrial, type TrialSearch } from './adaptive.ts';
import { budgetOf, rungsOfSweep } from './budget.ts';
import { sweepDiagnostic } from './diagnostic.ts';
import { effectProblems } from './effect.ts';
import { expandSweep, type Chosen, type Combination, type SweepProblem } from './expand.ts';
import { HeldValues } from './held.ts';
import { makeTrial, settingsOf, shortJson, valuesOf, type Trial, type TrialMaker } from './trial.ts';
import { isRange } from './values.ts';

export interface TrialList {
  /** Trials of the first replicate, then of the second, and so on, without duplicates. Empty if anything is wrong. */
  readonly trials: readonly Trial[];
  /** Chooses further trials by the results of these. */
  readonly search?: () => TrialSearch;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Makes all trials of a pipeline that do not depend on results, and checks each with the loader.
 *
 * @param located the valid pipeline with its sweep, without any trial's settings
 */
export async function listTrials(
  reader: PipelineReader,
  located: LocatedPipeline,
  sources: readonly SourceFile[],
): Promise<TrialList> {
  const { sweep, seed } = located.pipeline;
  if (sweep === undefined) return { trials: [], diagnostics: [] };
  const { combinations, problems } = expandSweep(sweep, seed);
  const found: Diagnostic[] = problems.map((problem) => sweepDiagnostic(located, problem));
  const maker = { reader, located, held: new HeldValues(reader.document ?? {}, combinations) };
  if (!found.some(isError)) found.push(...(await probe(maker)));
  const rungs = rungsOfSweep(located, combinations.length);
  const budget = budgetOf(located, rungs?.[0]);
  const first = budget === undefined ? maker : { ...maker, budget };
  const trials = new Map<string, ChosenTrial>();
  const made = new Map<string, Combination>();
  for (let replicate = 1; replicate <= sweep.replicates; replicate += 1) {
    for (const combination of combinations) {
      const { trial, diagnostics } = await makeTrial(first, combination, replicate);
      found.push(...diagnostics);
      const twin = made.get(trial.id);
      // An invalid trial has no settings to compare.
      if (twin !== undefined && twin !== combination && !diagnostics.some(isError))
        found.push(sweepDiagnostic(located, sameTrial(combination, twin)));
      if (twin === undefined) made.set(trial.id, combination);
      if (!trials.has(trial.id)) trials.set(trial.id, { trial, values: valuesOf(combination) });
    }
    // All seeds have the same problems.
    if (found.some(isError)) return { trials: [], diagnostics: tidy(found, sources) };
  }
  const useless = await effectProblems({
    ...{ located, reader, combinations },
    settingsOf: (combination) => settingsOf(located, combination),
  });
  found.push(...useless.map((problem) => sweepDiagnostic(located, problem)));
  const listed = [...trials.values()];
  const search = searchOf(maker, listed, rungs);
  return {
    trials: listed.map(({ trial }) => trial),
    ...(search === undefined ? {} : { search }),
    diagnostics: tidy(found, sources),
  };
}

/**
 * Checks values that no trial has yet, one at a time: both ends of a range, and all values of a list, since a search may choose
 * any of them. No parameter may set the epochs that halving sets.
 */
async function probe(maker: TrialMaker): Promise<readonly Diagnostic[]> {
  const { located } = maker;
  const { sweep } = located.pipeline;
  if (sweep?.method !== 'bayes' && sweep?.method !== 'halving') return [];
  const budget = budgetOf(located);
  const found: Diagnostic[] = [];
  for (const [name, parameter] of Object.entries(sweep.parameters)) {
    const at = ['parameters', name];
    const ends: readonly Chosen[] = isRange(parameter)
      ? [
          { value: parameter.min, at: [...at, 'min'] },
          { value: parameter.max, at: [...at, 'max'] },
        ]
      : parameter.map((value, index) => ({ value, at: [...at, index] }));
    for (const chosen of ends) {
      const { trial, diagnostics } = await makeTrial(maker, new Map([[name, chosen]]));
      // A value that conflicts with the file may still be valid with the other values of a trial.
      found.push(...diagnostics.filter(({ range }) => isWithin(located, at, range)));
      const epochs = budgetOf(trial.located, undefined, sweep)?.epochs;
      if (sweep.method !== 'halving' || epochs === budget?.epochs) continue;
      found.push(
        sweepDiagnostic(located, {
          code: 'bad-setting',
          message: `\`${name}\` sets the epochs of the training, which \`method: halving\` sets itself`,
          hint: 'remove it, or use another method',
          at,
          part: 'key',
        }),
      );
      break;
    }
  }
  return found;
}

/** Warns of two combinations with the same settings, such as `mse` and `mean_squared_error`. */
function sameTrial(combination: Combination, twin: Combination): SweepProblem {
  const differing = [...combination].filter(
    ([name, { value }]) => canonicalJson(value) !== canonicalJson(twin.get(name)?.value ?? null),
  );
  const [[name, chosen] = []] = differing;
  const other = name === undefined ? undefined : twin.get(name);
  return {
    code: 'bad-setting',
    severity: 'warning',
    message:
      differing.length === 1 && chosen !== undefined && other !== undefined
        ? `\`${shortJson(chosen.value)}\` and \`${shortJson(other.value)}\` are the same setting and make one trial`
        : 'two combinations have the same settings and make one trial',
    at: chosen?.at ?? [],
    ...(chosen === undefined ? { part: 'key' } : {}),
  };
}

/** Whether a location is in the block of a parameter. */
function isWithin(
  { locate }: LocatedPipeline,
  at: readonly string[],
  range: SourceRange | undefined,
): boolean {
  const own = locate(['sweep', ...at], 'value');
  const before = (a: Position, b: Position): boolean =>
    a.line < b.line || (a.line === b.line && a.column <= b.column);
  return (
    range !== undefined &&
    range.file === own.file &&
    before(own.start, range.start) &&
    before(range.end, own.end)
  );
}

/** Removes problems that the pipeline has without any trial, and duplicates from several trials. */
function tidy(diagnostics: readonly Diagnostic[], sources: readonly SourceFile[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  const first = diagnostics.filter(({ code, range, message }) => {
    const key = JSON.stringify([code, range ?? message]);
    if (seen.has(key)) return false;
    seen.add(key);
    return true;
  });
  return inOrder(first, sources);
}
