/** Runs trials in worker processes of this machine. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit, { type LimitFunction } from 'p-limit';
import { readJsonFile } from '../files/json-file.ts';
import { availableMemory } from '../files/memory.ts';
import { Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import type { RunEvent } from '../core/event.ts';
import { isJsonObject } from '../core/json.ts';
import { stageThreads } from '../plan/make.ts';
import { runPlan } from '../run/executor.ts';
import type { RunResult } from '../run/types.ts';
import { SharedWork } from '../run/shared.ts';
import { splitMetric, trainStagesOf } from './check.ts';
import { MedianRule } from './early-stop.ts';
import type { TrialOutcome } from './event.ts';
import { repeats } from './failures.ts';
import type { Launcher, Launch } from './launcher.ts';
import { outcomeOf } from './outcome.ts';
import { measuredIn, type PlannedTrial } from './plan.ts';
import type { LaterTrials } from './roster.ts';

/** Attempts at a trial before it counts as failed, unless another attempt would fail the same way. */
const ATTEMPTS = 2;

/** Share of the free memory that new workers may use: their memory use may still grow. */
const MEMORY_SHARE = 0.9;

/** Assumed memory of a trial in bytes, until a first trial has run. */
const FIRST_GUESS = 2 ** 31;

export const localLauncher: Launcher = {
  name: 'local',
  slots,
  async launch(launch) {
    const run = new LocalRun(launch);
    try {
      return await run.all();
    } finally {
      run.close();
    }
  },
};

/** Number of trials that can have a core for each of their threads. */
function slots(trials: readonly PlannedTrial[]): number {
  return Math.max(1, Math.floor(availableParallelism() / threadsOf(trials)));
}

/** Threads of the stage with the most. */
export function threadsOf(trials: readonly PlannedTrial[]): number {
  return trials.reduce(
    (most, { plan: { stages, located } }) =>
      Math.max(
        most,
        ...stages.map(({ key, name }) => (key.engine === undefined ? 1 : stageThreads(located, name))),
      ),
    1,
  );
}

class LocalRun {
  readonly #launch: Launch;
  readonly #shared = new SharedWork();
  readonly #limit: LimitFunction;
  readonly #slots: number;
  readonly #rule: MedianRule | undefined;
  /** By a trial's place in the list: resolved once the trial has ended. */
  readonly #ends: Promise<TrialOutcome | undefined>[] = [];
  /** Outcomes by place, as trials end. */
  readonly #outcomes: (TrialOutcome | undefined)[] = [];
  /** Resolved once the trial before the next one has been chosen. */
  #chosen: Promise<unknown> = Promise.resolve();
  /** How often the stage of a key has failed, and why, so that trials that share it do not all try it again. */
  readonly #failures = new Map<string, { count: number; readonly diagnostics: readonly Diagnostic[] }>();
  #running = 0;
  /** Whether a trial has run, so that its memory use is known. */
  #measured = false;

  constructor(launch: Launch) {
    this.#launch = launch;
    const { early_stop: stopping } = launch.sweep;
    this.#rule = stopping === undefined ? undefined : new MedianRule(stopping);
    this.#slots = Math.min(launch.jobs, stopping?.lag ?? Infinity);
    this.#limit = pLimit(1);
    this.#allow();
  }

  async all(): Promise<readonly TrialOutcome[]> {
    const { trials, later } = this.#launch;
    for (let place = 0; place < (later?.count ?? trials.length); place += 1) {
      const end = this.#begin(place);
      this.#ends.push(
        end.then((outcome) => {
          this.#outcomes[place] = outcome;
          return outcome;
        }),
      );
    }
    return (await Promise.all(this.#ends)).filter((outcome) => outcome !== undefined);
  }

  #begin(place: number): Promise<TrialOutcome | undefined> {
    const trial = this.#launch.trials[place];
    if (trial === undefined) return this.#limit(() => this.#settleNext(place));
    return trial.complete === undefined
      ? this.#limit(() => this.#settle(trial, place))
      : this.#keep(trial, place, trial.complete);
  }

  /** Chooses the trial at a place, once the trials whose results it depends on have ended, and runs it. */
  async #settleNext(place: number): Promise<TrialOutcome | undefined> {
    const { emit, later } = this.#launch;
    const chosen = this.#chosen.then(() => this.#choose(place, later));
    this.#chosen = chosen.catch(() => undefined);
    const trial = await chosen;
    if (trial === undefined) return undefined;
    if (trial.complete === undefined) return this.#settle(trial, place);
    const outcome = await this.#keep(trial, place, trial.complete);
    emit({ type: 'trial-finished', outcome });
    return outcome;
  }

  async #choose(place: number, later: LaterTrials | undefined): Promise<PlannedTrial | undefined> {
    if (later === undefined || place >= later.count) return undefined;
    await Promise.all(this.#ends.slice(0, later.needs(place)));
    return this.#launch.signal.aborted ? undefined : later.next(this.#outcomes);
  }

  close(): void {
    this.#shared.close();
  }

  async #keep(
    trial: PlannedTrial,
    place: number,
    { metrics, seconds }: NonNullable<PlannedTrial['complete']>,
  ): Promise<TrialOutcome> {
    await this.#rememberLosses(trial, place);
    return outcomeOf(this.#launch, trial, { state: 'kept', metrics, seconds, diagnostics: [] });
  }

  async #settle(trial: PlannedTrial, place: number): Promise<TrialOutcome> {
    const { signal, emit } = this.#launch;
    const peers = this.#ends.slice(0, Math.max(0, (this.#rule?.peersUpTo(place) ?? -1) + 1));
    await Promise.all(peers);
    if (signal.aborted) return this.#left(trial);
    const ended = this.#launch.endedBefore.get(trial.id);
    if (ended?.state === 'failed') emit({ type: 'trial-finished', outcome: ended });
    if (ended !== undefined) return ended;
    this.#running += 1;
    try {
      const outcome = await this.#attempts(trial, place);
      if (outcome.state === 'done') await this.#rememberLosses(trial, place);
      emit({ type: 'trial-finished', outcome });
      return outcome;
    } finally {
      this.#running -= 1;
      this.#allow(true);
    }
  }

  async #attempts(trial: PlannedTrial, place: number): Promise<TrialOutcome> {
    const { emit } = this.#launch;
    const started = performance.now();
    for (let attempt = 1; ; attempt += 1) {
      emit({ type: 'trial-started', trial: trial.id, ...labelOf(trial), attempt });
      const broken = this.#brokenStage(trial);
      const { result, epoch } =
        broken === undefined ? await this.#attempt(trial, place) : { result: broken, epoch: undefined };
      const seconds = (performance.now() - started) / 1000;
      if (epoch !== undefined) {
        return outcomeOf(this.#launch, trial, { state: 'stopped', seconds, epoch, diagnostics: [] });
      }
      if (result.state === 'interrupted') return this.#left(trial);
      const { diagnostics } = result;
      if (result.state !== 'failed') {
        const entries = await Promise.all(
          trial.plan.stages.map(({ hash }) => this.#launch.store.lookup(hash)),
        );
        const { metrics } = measuredIn(trial.plan.stages, entries);
        return outcomeOf(this.#launch, trial, { state: 'done', metrics, seconds, diagnostics });
      }
      this.#countFailures(trial, result);
      if (attempt === ATTEMPTS || broken !== undefined || repeats(diagnostics)) {
        return outcomeOf(this.#launch, trial, { state: 'failed', seconds, diagnostics });
      }
      emit({ type: 'trial-retried', trial: trial.id, diagnostics });
    }
  }

  async #attempt(
    trial: PlannedTrial,
    place: number,
  ): Promise<{ readonly result: Pick<RunResult, 'state' | 'diagnostics'>; readonly epoch?: number }> {
    const { store, engine, engineChoice, outputs, lock, signal, emit } = this.#launch;
    const controller = new AbortController();
    const losses: number[] = [];
    const watched = this.#rule === undefined ? undefined : this.#watchedStage(trial);
    const onEvent = (event: RunEvent): void => {
      emit({ type: 'trial-event', trial: trial.id, event });
      if (event.type !== 'stage-progress' || event.progress.epochEnd !== true) return;
      this.#allow(true);
      const loss = event.progress.validationLoss ?? event.progress.loss;
      if (event.stage !== watched || loss === undefined) return;
      losses.push(loss);
      if (this.#rule?.isBehind(place, losses) === true) controller.abort();
    };
    const result = await runPlan(
      trial.plan,
      {
        outputs,
        targets: [],
        force: false,
        engine: engineChoice,
        keepGoing: true,
        jobs: 1,
        signal: AbortSignal.any([signal, controller.signal]),
        emit: onEvent,
      },
      { workspace: trial.workspace, store, engine, shared: this.#shared, lock },
    ).catch((error: unknown) => {
      if (!(error instanceof Failure) || lock.lost.aborted) throw error;
      return { state: 'failed' as const, stages: [], diagnostics: error.diagnostics };
    });
    const stopped = controller.signal.aborted && !signal.aborted && result.state === 'interrupted';
    return stopped ? { result, epoch: losses.length } : { result };
  }

  /** Starts as many trials as the machine has cores and memory for. */
  #allow(measured = false): void {
    this.#measured ||= measured;
    const peak = (this.#measured ? this.#shared.pool.peakMemory() : undefined) ?? FIRST_GUESS;
    const room = Math.floor((availableMemory() * MEMORY_SHARE) / peak);
    this.#limit.concurrency = Math.max(1, Math.min(this.#slots, this.#running + room));
  }

  /** A stage that has already failed too often, in any trial. */
  #brokenStage(trial: PlannedTrial): Pick<RunResult, 'state' | 'diagnostics'> | undefined {
    for (const { hash } of trial.plan.stages) {
      const failures = this.#failures.get(hash);
      if (failures !== undefined && failures.count >= ATTEMPTS)
        return { state: 'failed', diagnostics: failures.diagnostics };
    }
    return undefined;
  }

  #countFailures(trial: PlannedTrial, { diagnostics }: Pick<RunResult, 'diagnostics'>): void {
    for (const stage of new Set(diagnostics.map(({ stage: name }) => name))) {
      const hash = trial.plan.stages.find(({ name }) => name === stage)?.hash;
      if (hash === undefined) continue;
      const own = diagnostics.filter((each) => each.stage === stage);
      const count = repeats(own) ? ATTEMPTS : (this.#failures.get(hash)?.count ?? 0) + 1;
      this.#failures.set(hash, { count, diagnostics: own });
    }
  }

  /** The training that the median rule watches. The check of the sweep made sure that it exists. */
  #watchedStage({ located, plan }: PlannedTrial): string | undefined {
    const metric = this.#launch.sweep.metric?.name;
    if (metric === undefined) return undefined;
    const stages = plan.stages.flatMap(({ name, type: typeName, inputs }) => {
      const type = located.stageTypes.get(typeName);
      return type === undefined ? [] : [{ name, type, inputs }];
    });
    return trainStagesOf(splitMetric(metric).stage, stages)[0];
  }

  async #rememberLosses(trial: PlannedTrial, place: number): Promise<void> {
    const watched = this.#rule === undefined ? undefined : this.#watchedStage(trial);
    const hash = trial.plan.stages.find(({ name }) => name === watched)?.hash;
    const entry = hash === undefined ? undefined : await this.#launch.store.lookup(hash);
    if (entry === undefined) return;
    const history = await readJsonFile(join(entry.folder, 'history.json'));
    const losses = isJsonObject(history) ? (history['val_loss'] ?? history['loss']) : undefined;
    if (Array.isArray(losses)) this.#rule?.complete(place, losses.map(Number));
  }

  #left(trial: PlannedTrial): TrialOutcome {
    const { diagnostics } = failure('interrupted', 'stopped before its end');
    return outcomeOf(this.#launch, trial, { state: 'left', seconds: 0, diagnostics });
  }
}

function labelOf({ parameters, replicate }: PlannedTrial): Pick<TrialOutcome, 'parameters' | 'replicate'> {
  return { parameters, replicate };
}
