/** Computes something for each row of samples, such as a model's outputs: as a program, many batches a call, or op by op. */
import type { Tensor } from '@tensorflow/tfjs';
import { systemFailure } from '../../files/atomic.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Engine, Tf } from '../engine.ts';
import { compile } from '../program/compile.ts';
import type { Program } from '../program/program.ts';
import { trace } from '../trace/trace.ts';
import { webAssemblyTarget } from '../webassembly/target.ts';
import { xlaTarget } from '../xla/target.ts';
import { Pace, StepsPerCall } from './pace.ts';
import { batchesOf, batchTensor, requireRows, type Samples } from './samples.ts';
import type { NamedVariable } from './state.ts';
import type { LoadedRows, Target } from './target.ts';

/** The part of an engine that puts samples through a model. */
export type ForwardEngine = Pick<Engine, 'tf' | 'executor'> & Partial<Pick<Engine, 'kernels'>>;

export interface RowWork {
  /** The samples of each input of `compute`. */
  readonly samples: readonly Samples[];
  /** The variables that `compute` reads. */
  readonly state: readonly NamedVariable[];
  /**
   * @param inputs [rows, ...shape]
   * @returns float32 [rows, ...], each row computed from the same row of the inputs alone
   */
  readonly compute: (inputs: readonly Tensor[]) => readonly Tensor[];
}

export interface RowOptions {
  /** Rows that are computed together at least. */
  readonly batchSize: number;
  readonly signal: AbortSignal;
  /** Called a few times a second with the share of the rows that is done. */
  readonly onProgress?: (fraction: number) => void;
}

/** Results of some rows. */
export interface RowResults {
  /** The numbers of the rows. */
  readonly rows: Int32Array;
  /** Each row-major [rows.length, ...]. */
  readonly results: readonly Float32Array[];
}

/**
 * Rows from which on TensorFlow compiles a program. Compiling takes as long as some thousand rows of a small model do op by op.
 * The number alone decides: another way gives other last digits.
 */
export const MIN_COMPILED_ROWS = 4096;

/** Of the samples that a program takes at a time. Threads wait for each other after each; a row does not depend on its batch. */
const MIN_BATCH_VALUES = 2 ** 18;

/**
 * Computes the results of rows, in their order. A program takes whole batches: the last one is filled up with rows whose results
 * are dropped.
 *
 * @param rows numbers of samples
 * @throws Failure `interrupted` once the signal is aborted; RangeError if there is no such row
 */
export async function* computeRows(
  engine: ForwardEngine,
  work: RowWork,
  rows: Int32Array,
  { batchSize, signal, onProgress }: RowOptions,
): AsyncGenerator<RowResults> {
  for (const { count } of work.samples) requireRows(rows, count);
  if (rows.length === 0) return;
  const pace = new Pace(signal);
  let done = 0;
  for (const found of resultsOf(engine, work, rows, batchSize)) {
    yield found;
    done += found.rows.length;
    if (pace.due()) onProgress?.(done / rows.length);
    await pace.next();
  }
}

function* resultsOf(
  engine: ForwardEngine,
  work: RowWork,
  rows: Int32Array,
  batchSize: number,
): Generator<RowResults> {
  const target = targetFor(engine, rows.length);
  if (target === undefined) return yield* eagerly(engine.tf, work, rows, batchSize);
  const width = Math.max(...work.samples.map(({ shape }) => sizeOf(shape)));
  const size = Math.min(rows.length, Math.max(batchSize, Math.floor(MIN_BATCH_VALUES / width)));
  let loaded: LoadedRows | undefined;
  try {
    loaded = load(engine, target, work, { size, steps: Math.ceil(rows.length / size) });
    if (loaded === undefined) yield* eagerly(engine.tf, work, rows, batchSize);
    else yield* inCalls(loaded, rows, { size, milliseconds: target.callMilliseconds });
  } finally {
    loaded?.dispose();
    target.dispose();
  }
}

function targetFor({ tf, executor, kernels = false }: ForwardEngine, rows: number): Target | undefined {
  if (executor !== undefined) return webAssemblyTarget(tf, executor);
  return kernels && rows >= MIN_COMPILED_ROWS ? xlaTarget(tf) : undefined;
}

/** Undefined for what XLA does not take, which TensorFlow then runs op by op. */
function load(
  { tf, executor }: ForwardEngine,
  target: Target,
  work: RowWork,
  { size, steps }: { readonly size: number; readonly steps: number },
): LoadedRows | undefined {
  const { samples, state } = work;
  try {
    return target.loadRows(compile(traceRows(tf, work, size)), { samples, state, batchSize: size, steps });
  } catch (error) {
    if (executor !== undefined) throw error;
    // A temporary folder that is missing is not a matter of the model.
    if (error instanceof Error && 'syscall' in error) throw systemFailure(error);
    return undefined;
  }
}

/**
 * What is computed of one batch, as a program.
 *
 * @throws ProgramError if it cannot be traced
 */
export function traceRows(
  tf: Tf,
  {
    samples,
    state,
    compute,
  }: { readonly samples: readonly Pick<Samples, 'shape'>[] } & Omit<RowWork, 'samples'>,
  batchSize: number,
): Program {
  return trace(tf, {
    inputs: samples.map(({ shape }, index) => ({
      name: index === 0 ? 'x' : 'y',
      type: { dtype: 'float32', shape: [batchSize, ...shape] },
    })),
    variables: state,
    run: compute,
  });
}

function* inCalls(
  loaded: LoadedRows,
  rows: Int32Array,
  { size, milliseconds }: { readonly size: number; readonly milliseconds: number },
): Generator<RowResults> {
  const stepsPerCall = new StepsPerCall(milliseconds, 1);
  for (let start = 0; start < rows.length;) {
    const steps = Math.min(stepsPerCall.next, loaded.mostSteps, Math.ceil((rows.length - start) / size));
    const part = rows.subarray(start, start + steps * size);
    const whole = new Int32Array(steps * size);
    whole.set(part);
    const results = stepsPerCall.measure(steps, () => loaded.run(whole));
    const share = part.length / whole.length;
    yield { rows: part, results: results.map((result) => result.subarray(0, result.length * share)) };
    start += part.length;
  }
}

function* eagerly(
  tf: Tf,
  { samples, compute }: RowWork,
  rows: Int32Array,
  batchSize: number,
): Generator<RowResults> {
  for (const batch of batchesOf(rows, batchSize)) {
    const tensors = tf.tidy(() => [...compute(samples.map((each) => batchTensor(tf, each, batch)))]);
    try {
      yield { rows: batch, results: tensors.map((tensor) => Float32Array.from(tensor.dataSync())) };
    } finally {
      tf.dispose(tensors);
    }
  }
}
