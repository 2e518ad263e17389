/** What happens while a sweep runs. */
import type { Diagnostic } from '../core/diagnostic.ts';
import type { RunEvent } from '../core/event.ts';
import type { JsonObject } from '../core/json.ts';
import type { Metrics } from './plan.ts';

/**
 * `kept`: complete before this sweep started; `stopped`: stopped early by the median rule; `left`: unfinished;
 * `submitted`: submitted to a batch system, which finishes it later.
 */
export type TrialState = 'done' | 'kept' | 'failed' | 'stopped' | 'left' | 'submitted';

export interface TrialOutcome {
  readonly id: string;
  readonly parameters: JsonObject;
  readonly replicate: number;
  readonly seed: number;
  readonly state: TrialState;
  /** The time of all its stages when they ran, including stages shared with other trials. */
  readonly seconds: number;
  readonly metrics: Metrics;
  /** The sweep's metric, if the trial has it. */
  readonly value?: number;
  /** For a stopped trial: the epoch after which it was stopped. */
  readonly epoch?: number;
  /** Why the trial failed. */
  readonly diagnostics: readonly Diagnostic[];
}

export type SweepEvent =
  | {
      readonly type: 'sweep-started';
      readonly pipeline: string;
      readonly workspace: string;
      readonly trials: number;
      /** Trials that are complete already. */
      readonly kept: number;
      /** Maximum number of trials, or jobs of a batch system, that run in parallel. */
      readonly jobs: number;
      /** The parameter with a trial's epochs, if trials differ in it. */
      readonly budget?: string;
    }
  /** A search added a trial, based on the results of others. */
  | {
      readonly type: 'trial-chosen';
      readonly trial: string;
      readonly parameters: JsonObject;
      readonly replicate: number;
    }
  | {
      readonly type: 'trial-started';
      readonly trial: string;
      readonly parameters: JsonObject;
      readonly replicate: number;
      /** 2 for the first retry. */
      readonly attempt: number;
    }
  /** An event of a trial's stage; without a trial, of the engine. */
  | { readonly type: 'trial-event'; readonly trial?: string; readonly event: RunEvent }
  /** A message from the launcher. */
  | { readonly type: 'launcher-note'; readonly text: string }
  /** An attempt failed; another follows. */
  | { readonly type: 'trial-retried'; readonly trial: string; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: 'trial-finished'; readonly outcome: TrialOutcome }
  | { readonly type: 'sweep-finished'; readonly state: string; readonly seconds: number };

export type SweepEmit = (event: SweepEvent) => void;
