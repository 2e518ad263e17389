/** The input and the result of a run. */
import type { Standing, StageChange } from '../artifacts/standing.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { Emit, FinishedState } from '../core/event.ts';
import type { EngineChoice } from '../engine/engine.ts';
import type { Plan } from '../plan/plan.ts';
import type { WorkerPool } from './workers.ts';

export interface PlanOptions {
  /** Absolute path of the outputs folder; the cache is `.hourglass` beside it. */
  readonly outputs: string;
  /** Stages to run, together with the stages that they need; empty: all. */
  readonly targets: readonly string[];
  /** Run the targets (all stages, if there are none) even if the cache has their results. */
  readonly force: boolean;
  readonly engine: EngineChoice;
}

export interface RunOptions extends PlanOptions {
  /** Continue with stages that do not depend on a failed one. */
  readonly keepGoing: boolean;
  /** The most stages that run in parallel, at least 1. */
  readonly jobs: number;
  /** The first Ctrl-C. Running stages stop; finished stages are kept. */
  readonly signal: AbortSignal;
  readonly emit: Emit;
  /** The words of the command line after the program's name. Absent for runs that are not remembered, such as trials. */
  readonly command?: readonly string[];
  /** The processes for stages, if they were started early or are shared by several runs. The caller closes them. */
  readonly pool?: WorkerPool;
}

export interface StageOutcome {
  readonly name: string;
  readonly type: string;
  readonly state: FinishedState;
  readonly seconds: number;
  /** For a stage that did not finish: the number of epochs from which its next run resumes. */
  readonly epochsKept?: number;
  readonly metrics: Readonly<Record<string, number>>;
  /** Main artifacts, relative to the workspace. */
  readonly highlights: readonly string[];
}

/** The content of a stage's folder, compared with the settings of the run. */
export interface StageStanding {
  readonly name: string;
  readonly result: Standing;
  /** For an outdated result: the differences, as far as they are known. */
  readonly changes: readonly StageChange[];
}

export interface RunResult {
  /** `unchanged`: every stage was up to date, and nothing was written. */
  readonly state: 'done' | 'unchanged' | 'failed' | 'interrupted';
  /** Absolute path of `outputs/<name>`. */
  readonly workspace: string;
  /** The selected stages. */
  readonly stages: readonly StageOutcome[];
  /** All stages of the pipeline, in the order of the file. */
  readonly results: readonly StageStanding[];
  /** All problems, with places in the YAML. */
  readonly diagnostics: readonly Diagnostic[];
  readonly seconds: number;
}

export interface PlanResult {
  readonly plan?: Plan;
  readonly diagnostics: readonly Diagnostic[];
}
