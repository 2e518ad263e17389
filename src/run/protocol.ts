/** Messages between the executor and its worker processes. They travel as JSON. */
import type { Diagnostic } from '../core/diagnostic.ts';
import type { LogLevel, Progress } from '../core/event.ts';
import type { JsonObject } from '../core/json.ts';
import type { EngineKind } from '../engine/engine.ts';
import type { LockMark } from '../files/lock.ts';
import type { InputArtifact } from '../nodes/contract.ts';

/** One stage to run. */
export interface StageTask {
  readonly stage: string;
  readonly type: string;
  readonly settings: JsonObject;
  readonly inputs: Readonly<Record<string, InputArtifact>>;
  /** Absolute path of the empty folder to write into. */
  readonly folder: string;
  /** Absolute path of the folder for checkpoints, for types that keep some. */
  readonly checkpoints?: string;
  /** The run's lock: without it, the worker ends. */
  readonly lock: LockMark;
  readonly pipelineFolder: string;
  readonly pipelineSeed: number;
  /** Absolute paths of the plugins that were allowed. */
  readonly plugins: readonly string[];
  readonly engine: { readonly kind: EngineKind; readonly threads: number };
}

export type ToWorker =
  /** Load what every engine needs, while there is no work yet. */
  | { readonly type: 'prepare' }
  | { readonly type: 'run'; readonly task: StageTask }
  | { readonly type: 'abort' };

export type FromWorker =
  | { readonly type: 'progress'; readonly progress: Progress }
  | { readonly type: 'log'; readonly level: LogLevel; readonly message: string }
  | {
      readonly type: 'done';
      readonly metrics: Readonly<Record<string, number>>;
      readonly highlights: readonly string[];
    }
  | {
      readonly type: 'failed';
      readonly diagnostics: readonly Diagnostic[];
      /** For bugs: where the exception came from. Goes to the log, not to the screen. */
      readonly stack?: string;
    };
