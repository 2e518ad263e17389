/** The trials of a sweep: the pipeline with other values in place of some. */
import type { PipelineReader } from '../config/load.ts';
import { absoluteSource } from '../config/located.ts';
import type { LocatedPipeline, TrialSetting } from '../config/pipeline.ts';
import { inOrder } from '../config/diagnostics/report.ts';
import type { Diagnostic, SourceFile, SourceRange } from '../core/diagnostic.ts';
import { canonicalJson, sha256, type Json, type JsonObject } from '../core/json.ts';
import { deriveSeed } from '../core/seed.ts';
import { checkPipeline, inspectFiles } from '../plan/check.ts';
import { effectProblems } from './effect.ts';
import { HeldValues } from './held.ts';
import { pathOfParameter } from './names.ts';
import { expandSweep, type Combination } from './expand.ts';
import { sweepDiagnostic } from './diagnostic.ts';

export interface Trial {
  /** The beginning of the SHA-256 of the resolved settings: the trial's name, and that of its folder. */
  readonly id: string;
  /** Values by parameter, as the sweep calls it: of what a combination does not name, the pipeline's. */
  readonly parameters: JsonObject;
  /** From 1. */
  readonly replicate: number;
  readonly seed: number;
  /** What it puts in place of values of the document. */
  readonly settings: readonly TrialSetting[];
  readonly located: LocatedPipeline;
}

export interface TrialList {
  /** Those of the first replicate, then those of the second, and so on, each once. Empty if anything is wrong. */
  readonly trials: readonly Trial[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Hexadecimal digits of a name: among 10,000 trials, two alike are found once in 20,000 sweeps. */
const ID_DIGITS = 10;

/**
 * Makes and checks all trials of a pipeline, each through the loader.
 *
 * @param located the pipeline as it is without any trial's settings, valid, with a sweep
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
  const trials = new Map<string, Trial>();
  const held = new HeldValues(reader.document ?? {}, combinations);
  for (let replicate = 1; replicate <= sweep.replicates; replicate += 1) {
    for (const combination of combinations) {
      const settings = settingsOf(located, combination, replicate);
      const loaded = await reader.load(settings);
      const trial = loaded.located ?? loaded.partial;
      if (trial === undefined) continue;
      const checked = checkPipeline(trial, await inspectFiles(trial));
      const diagnostics = [...loaded.diagnostics, ...checked.diagnostics];
      found.push(...diagnostics.map((diagnostic) => nameTrial(diagnostic, located, combination, settings)));
      const { sweep: _sweep, name: _name, description: _description, ...resolved } = trial.resolved;
      const id = sha256(canonicalJson(resolved)).slice(0, ID_DIGITS);
      if (trials.has(id)) continue;
      trials.set(id, {
        id,
        parameters: held.of(combination, trial),
        replicate,
        seed: trial.pipeline.seed,
        settings,
        located: { ...trial, resolved: withoutSweep(trial.resolved) },
      });
    }
    // What is wrong with one seed is wrong with all.
    if (found.some(isError)) return { trials: [], diagnostics: tidy(found, sources) };
  }
  const useless = await effectProblems({
    ...{ located, reader, combinations },
    settingsOf: (combination) => settingsOf(located, combination, 1),
  });
  found.push(...useless.map((problem) => sweepDiagnostic(located, problem)));
  return { trials: [...trials.values()], diagnostics: tidy(found, sources) };
}

/** The seed of a replicate: the pipeline's own for the first. */
function replicateSeed(seed: number, replicate: number): number {
  if (replicate === 1) return seed;
  const [low, high] = deriveSeed(seed, 'sweep', `replicate/${replicate}`);
  return (high % 2 ** 21) * 2 ** 32 + low;
}

function settingsOf(
  { pipeline, locate }: LocatedPipeline,
  combination: Combination,
  replicate: number,
): readonly TrialSetting[] {
  const settings = [...combination].map(([name, { value, at }]): TrialSetting => ({
    path: pathOfParameter(name),
    value,
    writtenIn: absoluteSource(locate(['sweep', ...at], 'origin').file),
    range: locate(['sweep', ...at], 'value'),
    keyRange: locate(['sweep', ...at.slice(0, at[0] === 'include' ? 3 : 2)], 'key'),
  }));
  if (replicate === 1) return settings;
  const range = locate(['sweep', 'replicates'], 'value');
  return [
    ...settings,
    { path: 'seed', value: replicateSeed(pipeline.seed, replicate), range, keyRange: range },
  ];
}

/** A trial's settings without its sweep: a trial is the same whatever else is tried. */
export function withoutSweep({ sweep: _sweep, ...resolved }: JsonObject): JsonObject {
  return resolved;
}

/** Adds which values a problem comes with, unless it is one of a value itself. */
function nameTrial(
  diagnostic: Diagnostic,
  located: LocatedPipeline,
  combination: Combination,
  settings: readonly TrialSetting[],
): Diagnostic {
  const isOwn = settings.some(({ range, keyRange }) =>
    [range, keyRange].some((own) => isSame(own, diagnostic.range)),
  );
  const named = (diagnostic.related ?? []).some(({ range }) =>
    settings.some((setting) => isSame(setting.range, range)),
  );
  if (isOwn || named) return diagnostic;
  const related = [...combination].map(([name, { value, at }]) => ({
    message: `in the trial with \`${name}\` ${shortJson(value)}`,
    range: located.locate(['sweep', ...at], 'value'),
  }));
  return { ...diagnostic, related: [...(diagnostic.related ?? []), ...related] };
}

/** What the pipeline has without any trial is known already; of what several trials have, the first tells. */
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

function isError({ severity }: Diagnostic): boolean {
  return severity === 'error';
}

function isSame(a: SourceRange, b: SourceRange | undefined): boolean {
  return (
    b !== undefined &&
    a.file === b.file &&
    a.start.line === b.start.line &&
    a.start.column === b.start.column &&
    a.end.line === b.end.line &&
    a.end.column === b.end.column
  );
}

/** A value in a line, cut if it is long. */
export function shortJson(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
