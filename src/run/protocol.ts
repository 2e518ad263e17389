/** Messages between the executor and its worker processes. They travel as JSON. */
import type { Usage } from '../artifacts/entry.ts';
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
  /** Absolute path of the empty folder to write to. */
  readonly folder: string;
  /** Absolute path of the folder for checkpoints, for types that keep them. */
  readonly checkpoints?: string;
  /** The run's lock. If it is lost, the worker exits. */
  readonly lock: LockMark;
  readonly pipelineFolder: string;
  readonly pipelineSeed: number;
  /** Absolute paths of the plugins that were allowed. */
  readonly plugins: readonly string[];
  readonly engine: { readonly kind: EngineKind; readonly threads: number };
}

export type ToWorker =
  /** Load what every engine needs, before there is any work. */
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
      readonly usage: Usage;
      /** Wall time of earlier runs that this one resumed. `usage` includes their processor time. */
      readonly earlierSeconds: number;
    }
  | {
      readonly type: 'failed';
      readonly diagnostics: readonly Diagnostic[];
      /** For bugs: the stack of the exception. It is written to the log, not to the screen. */
      readonly stack?: string;
    };
