/** The node contract: the interface of a stage type, built-in or from a plugin. */
import type { Checkpoints } from '../artifacts/checkpoints.ts';
import type { LogLevel, Progress } from '../core/event.ts';
import type { JsonObject } from '../core/json.ts';
import type { CompileChoice } from '../engine/choose-trainer.ts';
import type { Program } from '../engine/program/program.ts';
import type { StageSettings } from '../config/pipeline.ts';
import type { Seed } from '../core/seed.ts';
import type { OutputKind, StageType } from '../core/stage-type.ts';
import type { Engine, Tf } from '../engine/engine.ts';

/** The finished output of a stage that this one refers to. */
export interface InputArtifact {
  readonly stage: string;
  readonly kind: OutputKind;
  /** Absolute path of the folder with its artifacts. Read-only. */
  readonly folder: string;
}

/** Everything that a running stage receives. */
export interface StageContext<Settings = JsonObject> {
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
  engine(): Promise<Engine>;
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

/** Everything that determines a stage's program: settings, not data. */
export interface TraceContext<Settings = JsonObject> {
  readonly tf: Tf;
  readonly stage: string;
  /** Resolved settings. */
  readonly settings: Settings;
  /** Resolved settings of all stages of the pipeline. */
  readonly stages: ReadonlyMap<string, StageSettings>;
  /** Seed for one use of random numbers, as in `StageContext`. */
  seed(purpose: string): Seed;
}

export interface StageProgram {
  /** What the stage computes for one batch, as traced. */
  readonly program: Program;
  /** Description, such as `one step of training on 32 images`. */
  readonly title: string;
  /** How it runs, if the stage has a choice. */
  readonly compile?: CompileChoice;
}

/**
 * A node: the static half (`StageType`) and `run`. `run` throws a `Failure` for expected errors; anything else it throws is
 * reported as a bug of the node.
 */
export interface NodeDefinition<Settings = JsonObject> extends StageType<Settings> {
  run(context: StageContext<Settings>): Promise<StageResult>;
  /**
   * Records what the stage computes, for `hourglass explain`. Only for built-in types that run batches through a model; never
   * called for plugins.
   *
   * @param part the validation instead of the stage's main work
   * @throws Failure if the stage has no such part, or if settings alone do not determine its program
   */
  trace?(context: TraceContext<Settings>, part?: 'validation'): Promise<StageProgram>;
}
