/** The interface of targets, which run programs: TensorFlow with XLA, or WebAssembly. */
import type { Program } from '../program/program.ts';
import type { Samples } from './samples.ts';
import type { NamedVariable } from './state.ts';
import type { WorkOptions } from './trainer.ts';

export interface Target {
  /** Whether a separate program for a smaller last batch is ready sooner than that batch is trained eagerly. */
  readonly loadsQuickly: boolean;
  /** @throws ProgramError, or the target's error for a program that it does not support */
  load(program: Program, options: LoadOptions): LoadedProgram;
  /**
   * Loads a program that changes nothing, and whose results are kept for each row.
   *
   * @throws as `load`
   */
  loadRows(program: Program, options: LoadOptions): LoadedRows;
  /** Milliseconds that one call should take: short enough for Ctrl-C and for progress. */
  readonly callMilliseconds: number;
  /** Frees what is kept for all programs. */
  dispose(): void;
}

export interface LoadOptions {
  readonly batchSize: number;
  /** The most steps of one run. */
  readonly steps: number;
  /** The samples of the program's inputs, in their order. */
  readonly samples: readonly Samples[];
  /** The program's variables, by their names. */
  readonly state: readonly NamedVariable[];
}

/** Sums of a program's result over the steps of a run, in float64. */
export interface Sums {
  readonly values: Float64Array;
  readonly steps: number;
}

export interface LoadedProgram {
  /**
   * Runs whole batches. A sum that is not finite ends the run.
   *
   * @param rows a multiple of the batch size
   * @param total rows of the whole epoch, for progress
   * @throws Failure `interrupted` between two calls; the steps taken until then are kept
   */
  run(rows: Int32Array, options: WorkOptions, total: number): Promise<Sums>;
  dispose(): void;
}

export interface LoadedRows {
  /** The most batches of one call. */
  readonly mostSteps: number;
  /**
   * Runs whole batches.
   *
   * @param rows numbers of samples, a multiple of the batch size
   * @returns each result for all batches, row-major; valid until the next call
   */
  run(rows: Int32Array): readonly Float32Array[];
  dispose(): void;
}
