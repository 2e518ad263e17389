/** Runs a sweep: fixes the list of trials, runs those that are not complete, and records results. */
import { lstat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { exists } from '../files/atomic.ts';
import { foreignIn, removeExcept } from '../artifacts/foreign.ts';
import { takeLock, type HeldLock } from '../files/lock.ts';
import { markIgnored } from '../files/marks.ts';
import { namesIn } from '../files/present.ts';
import { Workspace } from '../artifacts/workspace.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Sweep } from '../schema/generated/settings.ts';
import { Failure, isError, type Diagnostic } from '../core/diagnostic.ts';
import { canonicalJson, type Json } from '../core/json.ts';
import { notesOf } from '../core/notes.ts';
import type { EngineChoice } from '../engine/engine.ts';
import type { Store } from '../artifacts/store.ts';
import { lockedDiagnostic } from '../run/executor.ts';
import { storeOf, workspaceOf } from '../run/plan.ts';
import { otherVersion } from '../run/other-version.ts';
import { otherSources, sourcePath } from '../run/source.ts';
import type { TrialSearch } from './adaptive.ts';
import type { SweepEmit, TrialOutcome } from './event.ts';
import type { Launch, Launcher } from './launcher.ts';
import { bayesOf } from './expand.ts';
import { failuresOf, knownFailure, type Failures } from './failures.ts';
import { outcomeOf } from './outcome.ts';
import { planTrials, trialsFolder, type PlannedTrial } from './plan.ts';
import { prepare } from './prepare.ts';
import { Roster } from './roster.ts';
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
import { unorderedParameters } from './unordered.ts';
import { submissionAtWork } from './slurm/state.ts';
import type { Trial } from './trial.ts';

export interface SweepOptions {
  /** Absolute path of the outputs folder. */
  readonly outputs: string;
  readonly engine: EngineChoice;
  /** `--over` and `--metric` arguments, for commands that repeat the sweep. */
  readonly over?: readonly string[] | undefined;
  readonly metric?: string | undefined;
  /** Maximum number of trials in parallel; undefined: as many as the machine has cores for. */
  readonly jobs?: number;
  readonly launcher: Launcher;
  /** Chooses further trials by results. */
  readonly search?: () => TrialSearch;
  /** Also reruns trials whose failure would repeat. */
  readonly retryFailed?: boolean;
  readonly signal: AbortSignal;
  readonly emit: SweepEmit;
}

export interface SweepResult {
  /** `unchanged`: all trials were complete; `submitted`: some were submitted to a batch system. */
  readonly state: 'done' | 'unchanged' | 'submitted' | 'failed' | 'interrupted';
  /** Absolute path of `outputs/<name>`. */
  readonly workspace: string;
  readonly record?: SweepRecord;
  /** Names of the pictures and of the page, if rewritten, in the workspace. */
  readonly figures: readonly string[];
  readonly diagnostics: readonly Diagnostic[];
  readonly seconds: number;
}

type Ended = Pick<SweepResult, 'state' | 'diagnostics' | 'record'> & Partial<Pick<SweepResult, 'figures'>>;

/**
 * Runs the trials of a pipeline. Expected failures are not thrown, but returned in `diagnostics`.
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
  const previous = await readSweep(workspace);
  const failures = options.retryFailed === true ? {} : (previous?.failures ?? {});
  const { planned: roster, engine } = await prepare(options, async (identity) => {
    const fingerprints = new Map<string, Promise<Json>>();
    const plan = (own: readonly Trial[]): Promise<readonly PlannedTrial[]> =>
      planTrials(own, { workspace, store, engine: identity, fingerprints });
    const listed = await plan(trials);
    const stopped = stoppedBefore(previous, settings, listed);
    const made = new Roster(listed, {
      sweep: settings,
      search: options.search?.(),
      plan: async (trial) => (await plan([trial]))[0],
      endOf: (trial) => stopped.get(trial.id) ?? failedBefore(settings, trial, failures),
    });
    await made.replay();
    return made;
  });
  const { description } = located.pipeline;
  const { pipeline: notes } = notesOf(located.resolved);
  const record = (
    status: SweepRecord['status'],
    outcomes: ReadonlyMap<string, TrialOutcome>,
  ): SweepRecord => ({
    status,
    pipeline: located.pipeline.name,
    source: sourcePath(located, workspace),
    ...(description === undefined ? {} : { description }),
    ...(notes === undefined ? {} : { notes }),
    seed: located.pipeline.seed,
    overrides: located.overrides,
    ...(options.over === undefined ? {} : { over: options.over }),
    ...(options.metric === undefined ? {} : { metricArgument: options.metric }),
    launcher: launcher.name,
    engine,
    sweep: settings,
    ...unorderedIn(roster.trials, located),
    ...roster.describe(),
    trials: roster.trials.map((trial) => {
      const outcome = outcomes.get(trial.id);
      return outcome === undefined ? pendingRecord(trial) : trialRecord(trial, outcome);
    }),
    failures: { ...failures, ...failuresOf(roster.trials, outcomes) },
  });
  const start = record('running', roster.ended);
  const pages = new TrialPages(workspace, start, { previous, signal });
  const emit: SweepEmit = (event) => {
    options.emit(event);
    pages.follow(event);
  };
  await refuseIfSubmitted(workspace, start, store);
  const isUnchanged =
    previous?.status === 'done' &&
    // With another metric the trials are the same, but the answer and the figures are not.
    canonicalJson({ ...previous.sweep }) === canonicalJson({ ...settings }) &&
    roster.trials.length === roster.count &&
    roster.trials.every(({ id, complete }) => complete !== undefined || roster.ended.has(id));
  const own = new Workspace(workspace);
  const runs = (previous?.trials ?? []).map(({ id }) => new Workspace(join(trialsFolder(workspace), id)));
  const others = [
    ...(await otherSources(located, own)),
    // Where nothing runs, nothing changes.
    ...(isUnchanged ? [] : await otherVersion(own, runs)),
  ];
  for (const diagnostic of others) emit({ type: 'trial-event', event: { type: 'diagnostic', diagnostic } });
  const isWhole = (): boolean => roster.trials.length === roster.count;
  await lock.check();
  if (!isUnchanged) {
    if (isWhole()) await removeObsoleteTrials(trialsFolder(workspace), roster.trials);
    // Otherwise, figures of other trials would remain next to these until the end, or for good after an interruption.
    if (previous !== undefined && listOf(previous) !== listOf(start)) await removeFigures(workspace);
    await writeSweep(workspace, start);
  }
  const announce = ({ id, parameters, replicate }: PlannedTrial): void =>
    emit({ type: 'trial-chosen', trial: id, parameters, replicate });
  const launch: Launch = {
    sweep: settings,
    pipeline: located.pipeline.name,
    workspace,
    trials: [...roster.trials],
    ...(options.search === undefined
      ? {}
      : {
          later: {
            get count() {
              return roster.count;
            },
            needs: (place) => roster.needs(place),
            async next(outcomes) {
              const trial = await roster.next(outcomes);
              // Record the trials known so far, in case the sweep is killed or its record is read meanwhile.
              if (trial === undefined) return undefined;
              announce(trial);
              await lock.check();
              await writeSweep(workspace, record('running', new Map([...roster.ended, ...byId(outcomes)])));
              return trial;
            },
          },
        }),
    endedBefore: roster.ended,
    jobs: Math.min(options.jobs ?? Infinity, launcher.slots(roster.trials), mostAtOnce(settings)),
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
    trials: roster.count,
    kept: roster.trials.filter(({ complete }) => complete !== undefined).length,
    jobs: launch.jobs,
    ...(start.search?.method === 'halving' ? { budget: start.search.budget } : {}),
  });
  roster.trials.slice(trials.length).forEach(announce);
  const outcomes = await launcher.launch(launch);
  await lock.check();
  const failed = outcomes.filter(({ state }) => state === 'failed');
  const has = (state: TrialOutcome['state']): boolean => outcomes.some((outcome) => outcome.state === state);
  const status =
    has('left') || !isWhole()
      ? 'interrupted'
      : has('submitted')
        ? 'submitted'
        : failed.length > 0
          ? 'failed'
          : 'done';
  const ended = record(status, byId(outcomes));
  const results = resultsOf(ended);
  const answered = results.answer === undefined ? ended : { ...ended, answer: results.answer };
  await writeSweep(workspace, answered);
  await lock.check();
  if (!isUnchanged) await pages.finish();
  if (isWhole()) await removeObsoleteTrials(trialsFolder(workspace), roster.trials);
  const figures =
    isUnchanged || status === 'submitted'
      ? []
      : await drawSweep({ record: ended, results, trials: roster.trials, store }, workspace);
  await lock.check();
  const saysTheSame = previous?.notes === notes && previous?.description === description;
  const page =
    status === 'submitted' || (isUnchanged && saysTheSame && (await exists(sweepPage(workspace))))
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

function byId(outcomes: readonly (TrialOutcome | undefined)[]): ReadonlyMap<string, TrialOutcome> {
  return new Map(outcomes.flatMap((outcome) => (outcome === undefined ? [] : [[outcome.id, outcome]])));
}

/** A trial waits for the trials at least `lag` places before it, if it depends on their results. */
function mostAtOnce(sweep: Sweep): number {
  return sweep.method === 'bayes' ? bayesOf(sweep).lag : (sweep.early_stop?.lag ?? Infinity);
}

/** If a page cannot be written, the sweep still succeeds. */
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

/** Removes folders of trials that are no longer in the sweep. Their results stay in the cache. */
async function removeObsoleteTrials(folder: string, planned: readonly PlannedTrial[]): Promise<void> {
  const own = new Set(planned.map(({ id }) => id));
  for (const name of await namesIn(folder)) {
    if (own.has(name)) continue;
    const path = join(folder, name);
    // Files here belong to the user, as do files that users added to a trial's folder.
    if ((await lstat(path)).isDirectory()) await removeExcept(path, await foreignIn(path));
  }
}

/**
 * Refuses to change a sweep that a batch system is running, unless to follow the same trials.
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

/** A member of the record. */
function unorderedIn(
  trials: readonly PlannedTrial[],
  { stageTypes }: LocatedPipeline,
): Pick<SweepRecord, 'unordered'> {
  const unordered = unorderedParameters(trials, stageTypes);
  return unordered.length === 0 ? {} : { unordered };
}

/** Identifies a sweep's answer and figures: equal for equal trials under the same rule. */
function listOf({ sweep: settings, trials }: Pick<SweepRecord, 'sweep' | 'trials'>): string {
  return canonicalJson([
    { ...settings.early_stop },
    { ...settings.metric },
    trials.map(({ id, stages }) => [id, stages]),
  ]);
}

/** Trials that the last start stopped early. The same list under the same rule would stop them again. */
function stoppedBefore(
  previous: SweepRecord | undefined,
  sweep: Sweep,
  planned: readonly PlannedTrial[],
): ReadonlyMap<string, TrialOutcome> {
  const trials = planned.map(pendingRecord);
  if (previous === undefined || listOf(previous) !== listOf({ sweep, trials })) return new Map();
  return new Map(
    previous.trials.flatMap(({ state, seconds, epoch }, place) => {
      const trial = planned[place];
      if (state !== 'stopped' || trial === undefined || epoch === undefined) return [];
      const outcome = outcomeOf({ sweep }, trial, { state, seconds, epoch, diagnostics: [] });
      return [[trial.id, outcome] as const];
    }),
  );
}

/** The outcome of a trial with a stage that would fail again; undefined if it has none. */
function failedBefore(sweep: Sweep, trial: PlannedTrial, failures: Failures): TrialOutcome | undefined {
  const diagnostics = knownFailure(trial, failures);
  return diagnostics === undefined
    ? undefined
    : outcomeOf({ sweep }, trial, { state: 'failed', seconds: 0, diagnostics });
}

/** A failed trial's first error, with the name of the trial. */
export function failureOf({ id, diagnostics }: TrialOutcome): Diagnostic {
  const first = diagnostics.find(isError);
  return {
    severity: 'error',
    ...first,
    code: first?.code ?? 'trial-failed',
    message: `trial ${id}: ${first?.message ?? 'it did not succeed'}`,
  };
}
