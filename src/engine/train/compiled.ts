/** The trainer that runs programs: many steps in one call, by whichever target the engine has. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import type { Program } from '../program/program.ts';
import { compile } from '../program/compile.ts';
import { trace } from '../trace/trace.ts';
import { eagerTrainer, measured } from './eager.ts';
import type { LossName } from './losses.ts';
import type { SamplePair, Samples } from './samples.ts';
import type { NamedVariable } from './state.ts';
import { trainingStep } from './step.ts';
import type { Measured, Trainer, TrainerOptions, WorkOptions } from './trainer.ts';

/** What runs programs. */
export interface Target {
  /** @throws ProgramError, or what the target says of a program that it does not take */
  load(program: Program, options: LoadOptions): LoadedProgram;
  /** Frees what is kept for all programs. */
  dispose(): void;
}

export interface LoadOptions {
  readonly batchSize: number;
  /** Steps of the longest run. */
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

/**
 * Makes a compiled trainer. The last batch of an epoch, if it is smaller than the others, is run eagerly on the same
 * variables: compiling a program of its own would take longer than it saves.
 *
 * @throws ProgramError if the step cannot be traced; Error with what the target says
 */
export function compiledTrainer(tf: Tf, options: TrainerOptions, target: Target): Trainer {
  const { batchSize, data, metrics } = options;
  const step = trainingStep(tf, options);
  const eager = eagerTrainer(tf, options, step);
  const programs = new Map<SamplePair, LoadedProgram>();

  const load = (
    pair: SamplePair,
    rows: number,
    work: (x: Tensor, y: Tensor) => Tensor,
  ): LoadedProgram | undefined => {
    const steps = Math.floor(rows / batchSize);
    if (steps === 0) return undefined;
    const samples = pair.x === pair.y ? [pair.x] : [pair.x, pair.y];
    const program = traceStep(tf, { samples, state: step.state, batchSize, work });
    return target.load(compile(program), { batchSize, steps, samples, state: step.state });
  };

  /** Whole batches by the program, the rest eagerly. */
  const run = async (
    program: LoadedProgram | undefined,
    rows: Int32Array,
    how: WorkOptions,
    runRest: (rest: Int32Array) => Promise<Measured>,
  ): Promise<Measured> => {
    if (program === undefined) return runRest(rows);
    const whole = rows.length - (rows.length % batchSize);
    const sums = await program.run(rows.subarray(0, whole), how, rows.length);
    const means = measured(
      metrics,
      sums.values.map((sum) => sum / sums.steps),
    );
    if (whole === rows.length || !Number.isFinite(means.loss)) return means;
    const rest = rows.subarray(whole);
    const other = { means: await runRest(rest), rows: rest.length };
    return combine(metrics, { means, rows: whole }, other);
  };

  const free = (): void => {
    for (const program of programs.values()) program.dispose();
    target.dispose();
    eager.dispose();
  };
  let training: LoadedProgram | undefined;
  try {
    training = load(data, data.x.count, step.take);
  } catch (error) {
    free();
    throw error;
  }
  return {
    weights: step.weights,
    state: step.state,
    trainEpoch: (order, how) => run(training, order, how, (rest) => eager.trainEpoch(rest, quietly(how))),
    evaluate: async (pair, rows, how) => {
      const known = programs.get(pair) ?? load(pair, rows.length, step.measure);
      if (known !== undefined) programs.set(pair, known);
      return run(known, rows, how, (rest) => eager.evaluate(pair, rest, quietly(how)));
    },
    dispose() {
      training?.dispose();
      free();
    },
  };
}

export interface TracedStep {
  /** Of x and, if it is not the same, of y. */
  readonly samples: readonly Samples[];
  readonly state: readonly NamedVariable[];
  readonly batchSize: number;
  readonly work: (x: Tensor, y: Tensor) => Tensor;
}

/**
 * What a step does with one batch, as a program with the inputs `x` and, if the targets are other samples, `y`.
 *
 * @throws ProgramError if it cannot be traced
 */
export function traceStep(tf: Tf, { samples, state, batchSize, work }: TracedStep): Program {
  return trace(tf, {
    inputs: samples.map(({ shape }, index) => ({
      name: index === 0 ? 'x' : 'y',
      type: { dtype: 'float32', shape: [batchSize, ...shape] },
    })),
    variables: state,
    run: ([x, y]) => {
      if (x === undefined) throw new TypeError('a step without samples');
      return [work(x, y ?? x)];
    },
  });
}

/** The rest of an epoch is over before anything could be told of it. */
function quietly({ signal }: WorkOptions): WorkOptions {
  return { signal };
}

/** The means of two parts of one epoch, by their rows. */
function combine(metrics: readonly LossName[], one: Part, other: Part): Measured {
  const mean = (name: LossName | 'loss'): number =>
    ((one.means[name] ?? 0) * one.rows + (other.means[name] ?? 0) * other.rows) / (one.rows + other.rows);
  return measured(metrics, Float64Array.from([mean('loss'), ...metrics.map(mean)]));
}

interface Part {
  readonly means: Measured;
  readonly rows: number;
}
