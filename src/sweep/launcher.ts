/**
 * Where trials run. A launcher gets planned trials and runs those that are not complete. It may run them in any order, several
 * times or in parallel: trials are named by their settings, and the store keeps the results of stages under their keys, so
 * nothing is done twice or overwritten. A trial is done when its results are in the store and its `run.json` says so, whatever
 * happened to a process or a job.
 */
import type { Store } from '../artifacts/store.ts';
import type { HeldLock } from '../files/lock.ts';
import type { Sweep } from '../schema/generated/settings.ts';
import type { JsonObject } from '../core/json.ts';
import type { EngineChoice } from '../engine/engine.ts';
import type { SweepEmit, TrialOutcome } from './event.ts';
import type { PlannedTrial } from './plan.ts';
import type { LaterTrials } from './roster.ts';

export interface Launch {
  readonly sweep: Sweep;
  /** The pipeline's name. */
  readonly pipeline: string;
  /** Absolute path of `outputs/<name>`. */
  readonly workspace: string;
  /** All known trials of the sweep, including complete ones. */
  readonly trials: readonly PlannedTrial[];
  /** Trials chosen by results; they follow all of `trials`. */
  readonly later?: LaterTrials;
  /** By trial: outcomes of trials that need not run, because an earlier start stopped them or because they would fail again. */
  readonly endedBefore: ReadonlyMap<string, TrialOutcome>;
  /** Maximum number of trials in parallel. */
  readonly jobs: number;
  readonly store: Store;
  /** Absolute path of the outputs folder. */
  readonly outputs: string;
  readonly engine: JsonObject | undefined;
  readonly engineChoice: EngineChoice;
  /** The lock that keeps other processes from these trials. */
  readonly lock: HeldLock;
  /** Aborted by the first Ctrl-C. */
  readonly signal: AbortSignal;
  readonly emit: SweepEmit;
}

export interface Launcher {
  readonly name: string;
  /** Maximum number of trials, or jobs, in parallel if all of these have to run. */
  slots(trials: readonly PlannedTrial[]): number;
  /**
   * Runs trials to their end, or submits them to a batch system that does: those get the state `submitted`.
   *
   * @returns an outcome for each trial, in their order, including the trials that `later` chose
   * @throws Failure if no trial can be started
   */
  launch(launch: Launch): Promise<readonly TrialOutcome[]>;
}
