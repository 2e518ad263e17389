/** The node contract: what a stage type of Hourglass, or of a plugin, is. */
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
  /** Absolute path of the folder with its artifacts. Read only. */
  readonly folder: string;
}

/** All that a running stage sees of the world. */
export interface StageContext<Settings = JsonObject> {
  readonly stage: string;
  /** Resolved settings: defaults filled in, parameters put in place. */
  readonly settings: Settings;
  /** By the settings key that names the stage. */
  readonly inputs: Readonly<Record<string, InputArtifact>>;
  /** Absolute path of an empty folder: whatever is in it when `run` returns is the stage's output. */
  readonly folder: string;
  /** Keeps what the stage needs to go on after it was killed; only for types that declare `resumesBy`. */
  readonly checkpoints?: Checkpoints;
  /** Absolute path of the folder of the pipeline file, for relative paths in settings. */
  readonly pipelineFolder: string;
  /** Seed of one random purpose (`init`, `shuffle`, `noise/train`); only for types that declare `draws`. */
  seed(purpose: string): Seed;
  /** Loads TensorFlow on first use; only for types that declare `engine`. */
  engine(): Promise<Engine>;
  /** Aborted by Ctrl-C: a stage stops within a second or two, with `throw failure('interrupted', …)`. */
  readonly signal: AbortSignal;
  progress(progress: Progress): void;
  log(level: LogLevel, message: string): void;
}

export interface StageResult {
  /** Entered under the stage's name in `metrics.json`. Finite numbers. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** The artifacts a user wants to see first, relative to the stage's folder. */
  readonly highlights?: readonly string[];
}

/** All that a stage's program follows from: settings, and no data. */
export interface TraceContext<Settings = JsonObject> {
  readonly tf: Tf;
  readonly stage: string;
  /** Resolved settings. */
  readonly settings: Settings;
  /** Resolved settings of all stages of the pipeline. */
  readonly stages: ReadonlyMap<string, StageSettings>;
  /** Seed of one random purpose, as in `StageContext`. */
  seed(purpose: string): Seed;
}

export interface StageProgram {
  /** What the stage computes for one batch, as traced. */
  readonly program: Program;
  /** What that is, such as `one step of training on 32 images`. */
  readonly title: string;
  /** How it is to run, where the stage can choose. */
  readonly compile?: CompileChoice;
}

/**
 * A node: the static half (`StageType`) and `run`. `run` throws a `Failure` for what can be expected to fail; anything
 * else that it throws is reported as a bug of the node.
 */
export interface NodeDefinition<Settings = JsonObject> extends StageType<Settings> {
  run(context: StageContext<Settings>): Promise<StageResult>;
  /**
   * Records what the stage computes, for `hourglass explain`. Only for built-in types that put batches through a model: of
   * plugins, it is not called.
   *
   * @param part what else than its main work: how it validates
   * @throws Failure where the stage has no such part, or its program does not follow from settings
   */
  trace?(context: TraceContext<Settings>, part?: 'validation'): Promise<StageProgram>;
}
