/** Runs a sweep: the trials are fixed, those that are not complete are brought to their end, and results are recorded. */
import { lstat, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { exists } from '../files/atomic.ts';
import { foreignIn, removeExcept } from '../artifacts/foreign.ts';
import { takeLock, type HeldLock } from '../files/lock.ts';
import { markIgnored } from '../files/marks.ts';
import { Workspace } from '../artifacts/workspace.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { Failure, type Diagnostic } from '../core/diagnostic.ts';
import { canonicalJson, type JsonObject } from '../core/json.ts';
import type { EngineChoice } from '../engine/engine.ts';
import { engineIdentity } from '../engine/identity.ts';
import type { KeyEngine } from '../plan/make.ts';
import type { Store } from '../artifacts/store.ts';
import { lockedDiagnostic } from '../run/executor.ts';
import { prepareEngine } from '../run/prepare.ts';
import { storeOf, workspaceOf } from '../run/plan.ts';
import { otherSources, sourcePath } from '../run/source.ts';
import type { SweepEmit, TrialOutcome } from './event.ts';
import type { Launcher } from './launcher.ts';
import { outcomeOf } from './local.ts';
import { planTrials, trialsFolder, type PlannedTrial } from './plan.ts';
import {
  pendingRecord,
  readSweep,
  trialRecord,
  writeSweep,
  type SweepRecord,
  type TrialRecord,
} from './record.ts';
import { drawSweep, removeFigures } from './figures.ts';
import { sweepPage, writeSweepPage } from './page.ts';
import { resultsOf, type Results } from './results.ts';
import { heldDiagnostic } from './slurm/held.ts';
import { TrialPages } from './trial-pages.ts';
import { submissionAtWork } from './slurm/state.ts';
import type { Trial } from './trial.ts';

export interface SweepOptions {
  /** Absolute path of the outputs folder. */
  readonly outputs: string;
  readonly engine: EngineChoice;
  /** `--over` and `--metric` arguments, for commands that repeat the sweep. */
  readonly over?: readonly string[] | undefined;
  readonly metric?: string | undefined;
  /** Trials at work at one time, at most; undefined: as many as the machine has cores for. */
  readonly jobs?: number;
  readonly launcher: Launcher;
  readonly signal: AbortSignal;
  readonly emit: SweepEmit;
}

export interface SweepResult {
  /** `unchanged`: all trials were complete; `submitted`: a batch system brings some of them to their end. */
  readonly state: 'done' | 'unchanged' | 'submitted' | 'failed' | 'interrupted';
  /** Absolute path of `outputs/<name>`. */
  readonly workspace: string;
  readonly record?: SweepRecord;
  /** Pictures and the page, where they were written anew, in the workspace. */
  readonly figures: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly seconds: number;
}

type Ended = Pick<SweepResult, 'state' | 'diagnostics' | 'record'> & Partial<Pick<SweepResult, 'figures'>>;

/**
 * Runs the trials of a pipeline. Never throws for what can be expected to fail: see `diagnostics` of the result.
 *
 * @param located the pipeline without any trial's settings
 */
export async function runSweep(
  located: LocatedPipeline,
  trials: readonly Trial[],
  options: SweepOptions,
): Promise<SweepResult> {
  const started = performance.now();
  const workspace = workspaceOf(located, options.outputs).folder;
  const end = (result: Ended): SweepResult => {
    const seconds = (performance.now() - started) / 1000;
    options.emit({ type: 'sweep-finished', state: result.state, seconds });
    return { figures: [], ...result, workspace, seconds };
  };
  try {
    const store = storeOf(options.outputs);
    const lock = await takeLock(store.lockFile(options.outputs, located.pipeline.name));
    if (lock.state === 'held') {
      return end({ state: 'failed', diagnostics: [lockedDiagnostic(located, lock.owner)] });
    }
    try {
      await store.mark();
      await markIgnored(options.outputs);
      await store.removeLeftovers();
      const { lost } = lock;
      const signal = AbortSignal.any([options.signal, lost]);
      const emit: SweepEmit = (event) => {
        if (!lost.aborted) options.emit(event);
      };
      return end(await sweep(located, trials, { ...options, signal, emit, lock }, workspace));
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const state = options.signal.aborted ? 'interrupted' : 'failed';
    return end({ state, diagnostics: error.diagnostics });
  }
}

async function sweep(
  located: LocatedPipeline,
  trials: readonly Trial[],
  options: SweepOptions & { readonly lock: HeldLock },
  workspace: string,
): Promise<Ended> {
  const { outputs, launcher, lock, signal } = options;
  const { sweep: settings } = located.pipeline;
  if (settings === undefined) throw new Error('the pipeline has no sweep');
  const store = storeOf(outputs);
  const { planned, engine } = await prepareTrials(trials, options, workspace);
  const previous = await readSweep(workspace);
  const start: SweepRecord = {
    status: 'running',
    pipeline: located.pipeline.name,
    source: sourcePath(located, workspace),
    seed: located.pipeline.seed,
    overrides: located.overrides,
    ...(options.over === undefined ? {} : { over: options.over }),
    ...(options.metric === undefined ? {} : { metricArgument: options.metric }),
    launcher: launcher.name,
    ...(engine === undefined ? {} : { engine }),
    sweep: settings,
    trials: planned.map(pendingRecord),
  };
  const pages = new TrialPages(workspace, start, { previous, signal });
  const emit: SweepEmit = (event) => {
    options.emit(event);
    pages.follow(event);
  };
  await refuseIfSubmitted(workspace, start, store);
  const others = await otherSources(located, new Workspace(workspace));
  for (const diagnostic of others) emit({ type: 'trial-event', event: { type: 'diagnostic', diagnostic } });
  const stopped = stoppedBefore(previous, start, planned);
  const isUnchanged =
    previous?.status === 'done' &&
    // With another metric the trials are the same, but the answer and the figures are not.
    canonicalJson({ ...previous.sweep }) === canonicalJson({ ...settings }) &&
    planned.every(({ id, complete }) => complete !== undefined || stopped.has(id));
  await lock.check();
  if (!isUnchanged) {
    await removeObsoleteTrials(trialsFolder(workspace), planned);
    // Figures of other trials would stand beside these until the end, or for ever if it is interrupted.
    if (previous !== undefined && listOf(previous) !== listOf(start)) await removeFigures(workspace);
    await writeSweep(workspace, start);
  }
  const launch = {
    sweep: settings,
    pipeline: located.pipeline.name,
    workspace,
    trials: planned,
    stoppedBefore: stopped,
    // A trial that is held against others waits for those that are `lag` places before it.
    jobs: Math.min(options.jobs ?? Infinity, launcher.slots(planned), settings.early_stop?.lag ?? Infinity),
    store,
    outputs,
    engine,
    engineChoice: options.engine,
    lock,
    signal,
    emit,
  };
  emit({
    type: 'sweep-started',
    pipeline: located.pipeline.name,
    workspace,
    trials: planned.length,
    kept: planned.filter(({ complete }) => complete !== undefined).length,
    jobs: launch.jobs,
  });
  const outcomes = await launcher.launch(launch);
  await lock.check();
  const failed = outcomes.filter(({ state }) => state === 'failed');
  const has = (state: TrialOutcome['state']): boolean => outcomes.some((outcome) => outcome.state === state);
  const status = has('left')
    ? 'interrupted'
    : has('submitted')
      ? 'submitted'
      : failed.length > 0
        ? 'failed'
        : 'done';
  const record: SweepRecord = {
    ...start,
    status,
    trials: planned.map((trial, place) => {
      const outcome = outcomes[place];
      return outcome === undefined ? pendingRecord(trial) : trialRecord(trial, outcome);
    }),
  };
  const results = resultsOf(record);
  const answered = results.answer === undefined ? record : { ...record, answer: results.answer };
  await writeSweep(workspace, answered);
  await lock.check();
  if (!isUnchanged) await pages.finish();
  const figures =
    isUnchanged || status === 'submitted'
      ? []
      : await drawSweep({ record, results, trials: planned, store }, workspace);
  await lock.check();
  const page =
    status === 'submitted' || (isUnchanged && (await exists(sweepPage(workspace))))
      ? []
      : await writePage(workspace, answered, results, emit);
  const state = isUnchanged ? 'unchanged' : status;
  return {
    state,
    diagnostics: [...others, ...failed.map(failureOf)],
    record: answered,
    figures: [...figures, ...page],
  };
}

/** A page that cannot be written takes nothing from the sweep. */
async function writePage(
  workspace: string,
  record: SweepRecord,
  results: Results,
  emit: SweepEmit,
): Promise<readonly string[]> {
  try {
    await writeSweepPage(workspace, record, results);
    return [basename(sweepPage(workspace))];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    emit({ type: 'launcher-note', text: `sweep.html: ${error.message}` });
    return [];
  }
}

/** Plans; if a stage that needs TensorFlow has to run, sees to it that it is there, and plans for what came of it. */
export async function prepareTrials(
  trials: readonly Trial[],
  { outputs, engine: choice, signal, emit }: Pick<SweepOptions, 'outputs' | 'engine' | 'signal' | 'emit'>,
  workspace: string,
): Promise<{ readonly planned: readonly PlannedTrial[]; readonly engine: JsonObject & KeyEngine }> {
  const store = storeOf(outputs);
  const plan = (engine: KeyEngine): Promise<readonly PlannedTrial[]> =>
    planTrials(trials, { workspace, store, engine });
  const identity = await engineIdentity(choice);
  const first = await plan(identity);
  const needed = first.some(({ plan: { stages } }) =>
    stages.some(({ action, key }) => action === 'run' && key.engine !== undefined),
  );
  if (!needed) return { planned: first, engine: { ...identity } };
  const ensured = await prepareEngine({
    engine: choice,
    signal,
    emit: (event) => emit({ type: 'trial-event', event }),
  });
  const isSame = canonicalJson({ ...ensured.identity }) === canonicalJson({ ...identity });
  return { planned: isSame ? first : await plan(ensured.identity), engine: { ...ensured.identity } };
}

/** Removes folders of trials that the sweep no longer has; their results stay in the cache. */
async function removeObsoleteTrials(folder: string, planned: readonly PlannedTrial[]): Promise<void> {
  const own = new Set(planned.map(({ id }) => id));
  for (const name of await readdir(folder).catch(() => [])) {
    if (own.has(name)) continue;
    const path = join(folder, name);
    // A file here is the user's, as is what they put into a trial's folder.
    if ((await lstat(path)).isDirectory()) await removeExcept(path, await foreignIn(path));
  }
}

/**
 * A sweep that a batch system has is left alone, unless the same trials are to be followed.
 *
 * @throws Failure `run-locked`
 */
async function refuseIfSubmitted(
  workspace: string,
  { trials, launcher }: SweepRecord,
  store: Store,
): Promise<void> {
  const found = await submissionAtWork(workspace, store);
  if (found === undefined) return;
  const listed = (each: readonly Pick<TrialRecord, 'id' | 'stages'>[]): string =>
    canonicalJson(each.map(({ id, stages }) => [id, stages]));
  if (launcher === 'slurm' && listed(found.submission.trials) === listed(trials)) return;
  throw new Failure(heldDiagnostic(workspace, found));
}

/** What decides a sweep's answer and figures: equal for equal trials under the same rule. */
function listOf({ sweep: settings, trials }: SweepRecord): string {
  return canonicalJson([
    { ...settings.early_stop },
    { ...settings.metric },
    trials.map(({ id, stages }) => [id, stages]),
  ]);
}

/** Trials that the last start stopped early: the same list, under the same rule, would stop them again. */
function stoppedBefore(
  previous: SweepRecord | undefined,
  start: SweepRecord,
  planned: readonly PlannedTrial[],
): ReadonlyMap<string, TrialOutcome> {
  if (previous === undefined || listOf(previous) !== listOf(start)) return new Map();
  return new Map(
    previous.trials.flatMap(({ state, seconds, epoch }, place) => {
      const trial = planned[place];
      if (state !== 'stopped' || trial === undefined || epoch === undefined) return [];
      const outcome = outcomeOf(start, trial, { state, seconds, epoch, diagnostics: [] });
      return [[trial.id, outcome] as const];
    }),
  );
}

/** A failed trial's first error, which says which trial it was. */
export function failureOf({ id, diagnostics }: TrialOutcome): Diagnostic {
  const first = diagnostics.find(({ severity }) => severity === 'error');
  return {
    severity: 'error',
    ...first,
    code: first?.code ?? 'trial-failed',
    message: `trial ${id}: ${first?.message ?? 'it did not succeed'}`,
  };
}
