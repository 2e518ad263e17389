/** Runs a plan: stages in parallel where possible, results into the store, the workspace kept up to date. */

import pLimit from 'p-limit';
import type { Entry } from '../artifacts/entry.ts';
import { RunHistory } from '../artifacts/run-history.ts';
import { takeLock, type HeldLock } from '../files/lock.ts';
import { markIgnored } from '../files/marks.ts';
import type { Store } from '../artifacts/store.ts';
import type { Workspace } from '../artifacts/workspace.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { errorsOf, Failure, type Diagnostic } from '../core/diagnostic.ts';
import type { JsonObject } from '../core/json.ts';
import { checkTargets } from '../plan/make.ts';
import type { Plan, PlannedStage } from '../plan/plan.ts';
import { describeFailure } from './failures.ts';
import { RunJournal } from './journal.ts';
import { checkPairing, pairingsOf } from './pairs.ts';
import { checkpointsOf, storeOf, workspaceOf } from './plan.ts';
import { prepare } from './prepare.ts';
import type { RunOptions, RunResult, StageOutcome } from './types.ts';
import { runStage } from './stage.ts';
import { SharedWork } from './shared.ts';
import { otherVersion } from './other-version.ts';
import { otherSources } from './source.ts';

/**
 * Checks, plans and runs a pipeline. Expected failures are not thrown: see `diagnostics` of the result.
 */
export async function runPipeline(located: LocatedPipeline, options: RunOptions): Promise<RunResult> {
  const started = performance.now();
  const workspace = workspaceOf(located, options.outputs);
  const store = storeOf(options.outputs);
  const refuse = (diagnostics: readonly Diagnostic[]): RunResult => ({
    state: options.signal.aborted ? 'interrupted' : 'failed',
    workspace: workspace.folder,
    stages: [],
    results: [],
    diagnostics,
    seconds: (performance.now() - started) / 1000,
  });
  const unknown = checkTargets(located, options.targets);
  if (unknown.length > 0) return refuse(unknown);
  try {
    const lock = await takeLock(store.lockFile(options.outputs, located.pipeline.name));
    if (lock.state === 'held') return refuse([lockedDiagnostic(located, lock.owner)]);
    try {
      await store.mark();
      await markIgnored(options.outputs);
      await store.removeLeftovers();
      await workspace.removeLeftovers();
      const prepared = await prepare(located, options);
      if (prepared.plan === undefined) return refuse(prepared.diagnostics);
      const shared = new SharedWork(options.pool);
      const { plan, engine } = prepared;
      const others = [...(await otherSources(located, workspace)), ...(await otherVersion(workspace))];
      for (const diagnostic of others) options.emit({ type: 'diagnostic', diagnostic });
      const result = await runPlan(plan, options, { workspace, store, engine, shared, lock }).finally(() => {
        if (options.pool === undefined) shared.close();
      });
      return {
        ...result,
        diagnostics: [...prepared.diagnostics, ...others, ...result.diagnostics],
        seconds: (performance.now() - started) / 1000,
      };
    } finally {
      await lock.release();
    }
  } catch (error) {
    if (error instanceof Failure) return refuse(error.diagnostics);
    throw error;
  }
}

/** The environment of a run. */
export interface RunPlace {
  readonly workspace: Workspace;
  readonly store: Store;
  /** The engine of the stages that run; undefined if none needs one. */
  readonly engine: JsonObject | undefined;
  readonly shared: SharedWork;
  /** Keeps other processes out of the workspace. */
  readonly lock: HeldLock;
}

/**
 * Runs a plan in a workspace that this process has locked.
 *
 * @throws Failure `lock-lost`; nothing more is written then
 */
export async function runPlan(
  plan: Plan,
  options: RunOptions,
  place: RunPlace,
): Promise<Omit<RunResult, 'seconds'>> {
  const { lock, shared } = place;
  const onLost = (): void => shared.close();
  lock.lost.addEventListener('abort', onLost);
  try {
    return await new Run(plan, untilLost(options, lock), place).execute();
  } finally {
    lock.lost.removeEventListener('abort', onLost);
  }
}

/** A run that lost its lock stops, and reports no more events about its stages. */
function untilLost(options: RunOptions, { lost }: HeldLock): RunOptions {
  return {
    ...options,
    signal: AbortSignal.any([options.signal, lost]),
    emit: (event) => {
      if (!lost.aborted) options.emit(event);
    },
  };
}

export function lockedDiagnostic(
  located: LocatedPipeline,
  owner: { readonly pid: number; readonly host: string; readonly since: string },
): Diagnostic {
  return {
    code: 'run-locked',
    severity: 'error',
    message: `\`${located.pipeline.name}\` is already running: process ${owner.pid} on ${owner.host}, since ${owner.since}`,
    hint: 'wait until it ends, or give this pipeline another `name`',
  };
}

/** One run of a plan. */
class Run {
  readonly #plan: Plan;
  readonly #options: RunOptions;
  readonly #workspace: Workspace;
  readonly #store: Store;
  readonly #journal: RunJournal;
  readonly #shared: SharedWork;
  readonly #lock: HeldLock;
  readonly #diagnostics: Diagnostic[] = [];
  readonly #outcomes = new Map<string, StageOutcome>();
  readonly #entries = new Map<string, Entry>();
  /** Stages whose entry was made or hashed in this run, or is being made or hashed. Stages read only such entries. */
  readonly #checked = new Map<string, Promise<void>>();
  /** Stages that have started to compute. */
  readonly #begun = new Set<string>();
  /** Pairs of image sets that were compared, or are being compared. */
  readonly #compared = new Set<string>();
  /** Set by the first failure without `--keep-going`: no more stages start. */
  #stopped = false;
  /** Whether any stage was run, restored or removed. */
  #touched = false;

  constructor(plan: Plan, options: RunOptions, { workspace, store, engine, shared, lock }: RunPlace) {
    this.#plan = plan;
    this.#options = options;
    this.#workspace = workspace;
    this.#store = store;
    this.#shared = shared;
    this.#lock = lock;
    const { command, outputs } = options;
    const history = new RunHistory(store.runsFolder(outputs, plan.located.pipeline.name));
    const memory = command === undefined ? {} : { memory: { history, command } };
    this.#journal = new RunJournal({ workspace, plan, store, engine, lock, ...memory });
  }

  async execute(): Promise<Omit<RunResult, 'seconds'>> {
    const started = performance.now();
    const { emit, jobs, signal } = this.#options;
    const { stages, located } = this.#plan;
    emit({
      type: 'run-started',
      pipeline: located.pipeline.name,
      workspace: this.#workspace.folder,
      stages: stages.map(({ name, type }) => ({ name, type })),
    });
    this.#touched = await this.#journal.open();
    const limit = pLimit(jobs);
    const done = new Map<string, Promise<void>>();
    for (const stage of stages) {
      const needs = Object.values(stage.inputs).map((input) => done.get(input));
      done.set(
        stage.name,
        Promise.all(needs).then(() => limit(() => this.#settle(stage))),
      );
    }
    await Promise.all(done.values());
    const failed = [...this.#outcomes.values()].some(
      ({ state }) => state === 'failed' || state === 'skipped',
    );
    const state = signal.aborted ? 'interrupted' : failed ? 'failed' : this.#touched ? 'done' : 'unchanged';
    await this.#journal.close(state === 'unchanged' ? 'done' : state);
    emit({
      type: 'run-finished',
      state: state === 'unchanged' ? 'done' : state,
      seconds: (performance.now() - started) / 1000,
    });
    return {
      state,
      workspace: this.#workspace.folder,
      stages: stages.flatMap(({ name }) => this.#outcomes.get(name) ?? []),
      results: this.#journal.standings(),
      diagnostics: this.#diagnostics,
    };
  }

  /** Runs one stage, whose inputs have finished, until it succeeds, fails or is skipped. */
  async #settle(stage: PlannedStage): Promise<void> {
    // Already refused: its pairs of images do not match.
    if (this.#outcomes.has(stage.name)) return;
    const started = performance.now();
    const inputs = Object.values(stage.inputs);
    if (this.#stopped || this.#options.signal.aborted || !inputs.every((name) => this.#entries.has(name))) {
      return this.#finish(stage, 'skipped', 0);
    }
    try {
      const state = await this.#shared.exclusive(stage.hash, async () => {
        const isCached = stage.reason.kind !== 'forced' && (await this.#fromStore(stage));
        if (!isCached) await this.#fromNode(stage);
        return isCached ? 'cached' : 'ran';
      });
      await this.#finish(stage, state, (performance.now() - started) / 1000);
    } catch (error) {
      return this.#fail(stage, error, (performance.now() - started) / 1000);
    }
    await this.#checkPairs();
  }

  async #fail(stage: PlannedStage, error: unknown, seconds: number): Promise<void> {
    if (this.#options.signal.aborted)
      return this.#finish(stage, this.#begun.has(stage.name) ? 'interrupted' : 'skipped', seconds);
    if (error instanceof Error && !(error instanceof Failure)) {
      this.#options.emit({ type: 'log', level: 'error', message: error.stack ?? '', stage: stage.name });
    }
    this.#report(describeFailure(stage, this.#plan.located, error));
    if (!this.#options.keepGoing) this.#stopped = true;
    await this.#finish(stage, 'failed', seconds);
  }

  #report(diagnostics: readonly Diagnostic[]): void {
    this.#diagnostics.push(...diagnostics);
    for (const diagnostic of diagnostics) this.#options.emit({ type: 'diagnostic', diagnostic });
  }

  /**
   * Compares the images that later stages pair as soon as both sets exist. So a mismatch is found before hours of
   * training.
   */
  async #checkPairs(): Promise<void> {
    const { located } = this.#plan;
    for (const stage of this.#plan.stages) {
      if (stage.action !== 'run' || this.#outcomes.has(stage.name)) continue;
      try {
        const due = pairingsOf(stage, located, this.#entries).filter(({ settings }) => {
          const name = [stage.name, ...settings].join(' ');
          const isNew = !this.#compared.has(name);
          this.#compared.add(name);
          return isNew;
        });
        const checks = due.map((pairing) => checkPairing(stage, located, pairing, this.#entries));
        const found = (await Promise.all(checks)).flat();
        const errors = errorsOf(found);
        if (errors.length > 0) throw new Failure(...errors);
        this.#report(found);
      } catch (error) {
        await this.#fail(stage, error, 0);
      }
    }
  }

  /**
   * Uses a stored entry, if there is an intact one. Its content is hashed if a stage will read it or the
   * workspace does not contain it yet. Unchanged files in the workspace need not be hashed.
   */
  async #fromStore(stage: PlannedStage): Promise<boolean> {
    const found = await this.#store.find(stage.hash);
    if (found.state === 'absent') return false;
    if (found.state === 'damaged') return this.#setAside(stage, found.part);
    const { entry } = found;
    const isShown = await this.#workspace.shows(stage.name, entry);
    const feedsRun = this.#plan.stages.some(
      ({ action, inputs }) => action === 'run' && Object.values(inputs).includes(stage.name),
    );
    const isCurrent = isShown && this.#journal.previousHash(stage.name) === stage.hash;
    if (!isCurrent || feedsRun) {
      const part = await this.#shared.findCorruptFile(this.#store, entry);
      if (part !== undefined) return this.#setAside(stage, part);
      this.#checked.set(stage.name, Promise.resolve());
    }
    if (!isCurrent) await this.#show(stage, entry);
    this.#entries.set(stage.name, entry);
    await this.#store.touch(entry);
    return true;
  }

  async #setAside(stage: PlannedStage, part: string): Promise<false> {
    if (await this.#store.quarantine(stage.hash)) {
      const diagnostic: Diagnostic = {
        code: 'cache-corrupt',
        severity: 'warning',
        message: `the stored result of \`${stage.name}\` was damaged (\`${part}\`): it was moved to quarantine and is computed again`,
        stage: stage.name,
      };
      this.#report([diagnostic]);
    }
    return false;
  }

  /** Ensures that the inputs of a stage were hashed in this run. A damaged input is computed again. */
  async #checkInputs(stage: PlannedStage): Promise<void> {
    for (const input of this.#plan.stages.filter(({ name }) => Object.values(stage.inputs).includes(name))) {
      const checking = this.#checked.get(input.name) ?? this.#checkEntry(input);
      this.#checked.set(input.name, checking);
      await checking;
    }
  }

  async #checkEntry(stage: PlannedStage): Promise<void> {
    const entry = this.#entries.get(stage.name);
    const part = entry === undefined ? undefined : await this.#shared.findCorruptFile(this.#store, entry);
    if (part === undefined) return;
    await this.#setAside(stage, part);
    await this.#fromNode(stage);
    await this.#finish(stage, 'ran', this.#entries.get(stage.name)?.record.seconds ?? 0);
  }

  async #fromNode(stage: PlannedStage): Promise<void> {
    const { emit, signal } = this.#options;
    await this.#checkInputs(stage);
    const entry = await runStage({
      stage,
      located: this.#plan.located,
      inputs: this.#entries,
      store: this.#store,
      pool: this.#shared.pool,
      lock: this.#lock,
      // A damaged entry was moved to quarantine, so only a forced run replaces an entry.
      replace: stage.reason.kind === 'forced',
      signal,
      started: (folder) => {
        this.#begun.add(stage.name);
        emit({ type: 'stage-started', stage: stage.name, folder });
      },
      events: {
        progress: (progress) => emit({ type: 'stage-progress', stage: stage.name, progress }),
        log: (level, message) => emit({ type: 'log', level, message, stage: stage.name }),
      },
    });
    this.#shared.sound.add(stage.hash);
    await this.#show(stage, entry);
    this.#entries.set(stage.name, entry);
    this.#checked.set(stage.name, Promise.resolve());
  }

  async #epochsKept({ resume }: PlannedStage): Promise<number | undefined> {
    if (resume === undefined) return undefined;
    return checkpointsOf(this.#store, resume.lineage).newest(resume.limit);
  }

  async #show(stage: PlannedStage, entry: Entry): Promise<void> {
    this.#touched = true;
    await this.#journal.leave(stage);
    await this.#lock.check();
    const moved = await this.#workspace.publish(stage.name, entry);
    const { name } = stage;
    this.#report(
      moved.map((path) => ({
        code: 'file-kept',
        severity: 'warning',
        message: `a file of your own was in the way of an artifact of \`${name}\`: it is now \`${name}/${path}\``,
        hint: 'keep your own files outside `outputs`',
        stage: name,
      })),
    );
  }

  async #finish(stage: PlannedStage, state: StageOutcome['state'], seconds: number): Promise<void> {
    const record = this.#entries.get(stage.name)?.record;
    const epochsKept = record === undefined ? await this.#epochsKept(stage) : undefined;
    const outcome: StageOutcome = {
      name: stage.name,
      type: stage.type,
      state,
      seconds,
      ...(epochsKept === undefined ? {} : { epochsKept }),
      metrics: record?.metrics ?? {},
      highlights: (record?.highlights ?? []).map((path) => `${stage.name}/${path}`),
    };
    this.#outcomes.set(stage.name, outcome);
    if (state !== 'cached' && state !== 'skipped') this.#touched = true;
    await this.#journal.enter(stage, outcome, record ?? { seconds, highlights: [] });
    this.#options.emit({
      type: 'stage-finished',
      stage: stage.name,
      state,
      seconds,
      ...(epochsKept === undefined ? {} : { epochsKept }),
      metrics: outcome.metrics,
      artifacts: record?.highlights ?? [],
    });
  }
}
