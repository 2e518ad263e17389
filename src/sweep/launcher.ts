/**
 * Where trials run. A launcher is given trials that are planned, and brings those that are not complete to their end. It may
 * run them in any order, several times or side by side: a trial is named by its settings, and what its stages leave goes into the
 * store under their keys, so nothing is done twice and nothing is overwritten. A trial is done when its results are in the store
 * and its `run.json` says so, whatever else may have happened to a process or a job.
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
  /** All trials of the sweep that are known, those that are complete among them. */
  readonly trials: readonly PlannedTrial[];
  /** Those that are chosen by results: after all of `trials`. */
  readonly later?: LaterTrials;
  /** Outcomes of trials that need not run: an earlier start stopped them early, or they cannot but fail. By trial. */
  readonly endedBefore: ReadonlyMap<string, TrialOutcome>;
  /** Trials at work at one time, at most. */
  readonly jobs: number;
  readonly store: Store;
  /** Absolute path of the outputs folder. */
  readonly outputs: string;
  readonly engine: JsonObject | undefined;
  readonly engineChoice: EngineChoice;
  /** What keeps other processes from these trials. */
  readonly lock: HeldLock;
  /** First Ctrl-C. */
  readonly signal: AbortSignal;
  readonly emit: SweepEmit;
}

export interface Launcher {
  readonly name: string;
  /** Trials, or jobs, that run side by side at most, if all of these are to run. */
  slots(trials: readonly PlannedTrial[]): number;
  /**
   * Brings trials to their end, or hands them to something that does: those have the state `submitted` then.
   *
   * @returns an outcome for each trial, in their order; with `later`, of those that were chosen
   * @throws Failure if trials cannot be started at all
   */
  launch(launch: Launch): Promise<readonly TrialOutcome[]>;
}
