/** What happens while a sweep runs. */
import type { Diagnostic } from '../core/diagnostic.ts';
import type { RunEvent } from '../core/event.ts';
import type { JsonObject } from '../core/json.ts';
import type { Metrics } from './plan.ts';

/**
 * `kept`: complete before this sweep began; `stopped`: ended early by the median rule; `left`: not brought to an end;
 * `submitted`: handed to a batch system, which brings it to its end later.
 */
export type TrialState = 'done' | 'kept' | 'failed' | 'stopped' | 'left' | 'submitted';

export interface TrialOutcome {
  readonly id: string;
  readonly parameters: JsonObject;
  readonly replicate: number;
  readonly seed: number;
  readonly state: TrialState;
  /** Of all its stages, when they ran, those shared with other trials among them. */
  readonly seconds: number;
  readonly metrics: Metrics;
  /** The sweep's metric, if the trial has it. */
  readonly value?: number;
  /** For a stopped trial: after which epoch. */
  readonly epoch?: number;
  /** Why it failed. */
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
      /** Trials, or jobs of a batch system, that run side by side, at most. */
      readonly jobs: number;
      /** The parameter with the epochs that a trial has, where trials differ in it. */
      readonly budget?: string;
    }
  /** A trial was added to those that were listed, by the results of others. */
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
      /** 2 when it is tried again. */
      readonly attempt: number;
    }
  /** Of a stage of a trial; without a trial, of the engine. */
  | { readonly type: 'trial-event'; readonly trial?: string; readonly event: RunEvent }
  /** What a launcher has to say. */
  | { readonly type: 'launcher-note'; readonly text: string }
  /** A first attempt did not succeed; another follows. */
  | { readonly type: 'trial-retried'; readonly trial: string; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: 'trial-finished'; readonly outcome: TrialOutcome }
  | { readonly type: 'sweep-finished'; readonly state: string; readonly seconds: number };

export type SweepEmit = (event: SweepEvent) => void;
