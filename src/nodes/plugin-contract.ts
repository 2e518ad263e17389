/**
 * The part of the node contract that plugins see. Its types need none of TensorFlow.js, which an installed package does not have: a
 * test compiles a plugin against it.
 */
import type { Checkpoints } from '../artifacts/checkpoints.ts';
import type { LogLevel, Progress } from '../core/event.ts';
import type { JsonObject } from '../core/json.ts';
import type { Seed } from '../core/seed.ts';
import type { OutputKind, StageType } from '../core/stage-type.ts';

/** TensorFlow, as it is loaded in the worker. */
export interface PluginEngine {
  /** TensorFlow.js. A plugin that installs its types gives them to this value. */
  readonly tf: unknown;
  /** Number of threads that compute. */
  readonly threads: number;
}

/** The finished output of a stage that this one refers to. */
export interface InputArtifact {
  readonly stage: string;
  readonly kind: OutputKind;
  /** Absolute path of the folder with its artifacts. Read-only. */
  readonly folder: string;
}

/** Everything that a running stage receives. */
export interface PluginContext<Settings = JsonObject> {
  readonly stage: string;
  /** Resolved settings, with defaults and parameters filled in. */
  readonly settings: Settings;
  /** Keyed by the setting that names the stage. */
  readonly inputs: Readonly<Record<string, InputArtifact>>;
  /** Absolute path of an empty folder: its content when `run` returns is the stage's output. */
  readonly folder: string;
  /** Stores the state needed to resume after the stage was killed; only for types that declare `resumesBy`. */
  readonly checkpoints?: Checkpoints;
  /** Absolute path of the pipeline file's folder, to which paths in settings are relative. */
  readonly pipelineFolder: string;
  /** Seed for one use of random numbers (`init`, `shuffle`, `noise/train`); only for types that declare `draws`. */
  seed(purpose: string): Seed;
  /** Loads TensorFlow on first use; only for types that declare `engine`. */
  engine(): Promise<PluginEngine>;
  /** Aborted by Ctrl-C: a stage stops within a second or two, with `throw failure('interrupted', …)`. */
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
  log(level: LogLevel, message: string): void;
}

export interface StageResult {
  /** Finite numbers, written to `metrics.json` under the stage's name. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** The artifacts to show first, relative to the stage's folder. */
  readonly highlights?: readonly string[];
}

/** `run` throws a `Failure` for expected errors; anything else it throws is reported as a bug of the plugin. */
export interface PluginDefinition<Settings = JsonObject> extends StageType<Settings> {
  run(context: PluginContext<Settings>): Promise<StageResult>;
}
