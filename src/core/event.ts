/** Events of a running pipeline. The core emits them; the terminal, the log and the report render them. */
import type { Diagnostic } from './diagnostic.ts';

/**
 * `ran`: executed now; `cached`: taken from the cache; `failed`: did not succeed; `interrupted`: a signal stopped it;
 * `skipped`: not started, because of a failure or a signal.
 */
export type FinishedState = 'ran' | 'cached' | 'failed' | 'interrupted' | 'skipped';

/** Progress of a stage. Every field is optional: a stage reports what it knows. */
export interface Progress {
  /** Share of the stage's work that is done, from 0 to 1. */
  readonly fraction?: number;
  /** The current activity, in a few words. */
  readonly text?: string;
  /** The current epoch, from 1. */
  readonly epoch?: number;
  readonly epochs?: number;
  readonly loss?: number;
  readonly validationLoss?: number;
  /** Training samples per second, measured recently. */
  readonly samplesPerSecond?: number;
  readonly secondsLeft?: number;
  /** True for the last report of an epoch: plain output prints only those. */
  readonly epochEnd?: boolean;
  /** True for an epoch of an earlier run, reported again before this run resumes. */
  readonly restored?: boolean;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export type RunEvent =
  | {
      readonly type: 'run-started';
      readonly pipeline: string;
      readonly workspace: string;
      readonly stages: readonly { readonly name: string; readonly type: string }[];
    }
  | {
      readonly type: 'engine-progress';
      readonly step: string;
      readonly fraction?: number;
      readonly done?: boolean;
      /** One line about the engine that will be used; set together with `done`. */
      readonly notice?: string;
    }
  | {
      readonly type: 'stage-started';
      readonly stage: string;
      /** Absolute path of the folder that the stage writes to until it is finished. */
      readonly folder?: string;
    }
  | { readonly type: 'stage-progress'; readonly stage: string; readonly progress: Progress }
  | {
      readonly type: 'stage-finished';
      readonly stage: string;
      readonly state: FinishedState;
      readonly seconds: number;
      /** For a stage that did not finish: the number of epochs from which its next run resumes. */
      readonly epochsKept?: number;
      readonly metrics?: Readonly<Record<string, number>>;
      /** Names of the stage's main artifacts, relative to its folder. */
      readonly artifacts?: readonly string[];
    }
  | { readonly type: 'diagnostic'; readonly diagnostic: Diagnostic }
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string; readonly stage?: string }
  | {
      readonly type: 'run-finished';
      readonly state: 'done' | 'failed' | 'interrupted';
      readonly seconds: number;
    };

export type Emit = (event: RunEvent) => void;
