/** The node contract: the interface of a built-in stage type, which adds to that of a plugin. */
import type { JsonObject } from '../core/json.ts';
import type { CompileChoice } from '../engine/choose-trainer.ts';
import type { Program } from '../engine/program/program.ts';
import type { StageSettings } from '../config/pipeline.ts';
import type { Seed } from '../core/seed.ts';
import type { StageType } from '../core/stage-type.ts';
import type { Engine, Tf } from '../engine/engine.ts';
import type { PluginContext, StageResult } from './plugin-contract.ts';

export type { InputArtifact, StageResult } from './plugin-contract.ts';

/** Everything that a running stage receives. */
export interface StageContext<Settings = JsonObject> extends PluginContext<Settings> {
  engine(): Promise<Engine>;
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
   * Records what the stage computes, for `hourglass explain`. Only for built-in types that run batches through a model.
   *
   * @param part the validation instead of the stage's main work
   * @throws Failure if the stage has no such part, or if settings alone do not determine its program
   */
  trace?(context: TraceContext<Settings>, part?: 'validation'): Promise<StageProgram>;
}
