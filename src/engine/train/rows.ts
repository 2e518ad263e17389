/** Computes something for each row of samples, such as a model's outputs: as a program, many batches a call, or op by op. */
import type { Tensor } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import { refusalOf, targetOf } from '../choose-target.ts';
import type { Engine, Tf } from '../engine.ts';
import { compile } from '../program/compile.ts';
import type { Program } from '../program/program.ts';
import { asFailure } from '../tensorflow/failure.ts';
import { trace } from '../trace/trace.ts';
import { Pace, StepsPerCall } from './pace.ts';
import { batchesOf, batchTensor, requireRows, type Samples } from './samples.ts';
import type { NamedVariable } from './state.ts';
import type { LoadedRows, Target } from './target.ts';

/** The part of an engine that runs samples through a model. */
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
  /** The fewest rows that are computed together. */
  readonly batchSize: number;
  readonly signal: AbortSignal;
  /** Called a few times a second with the share of the rows that are done. */
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
 * The number of rows from which TensorFlow compiles a program. Compiling takes as long as some thousand rows of a small model
 * take op by op. Only this number decides, because the low-order bits differ between the two ways.
 */
export const MIN_COMPILED_ROWS = 4096;

/**
 * Elements that the widest value of a program should have, so that threads do not constantly wait for each other. If rows have
 * few elements, batches are larger than requested. The size of a batch
 * changes at most the low-order bits of a row's results.
 */
const WIDEST_ELEMENTS = 2 ** 18;

/**
 * Computes the results of rows, in their order. A program takes whole batches: the last one is padded with rows whose results
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
  const results = resultsOf(engine, work, rows, batchSize);
  try {
    for (let next = compute(results); next.done !== true; next = compute(results)) {
      yield next.value;
      done += next.value.rows.length;
      if (pace.due()) onProgress?.(done / rows.length);
      await pace.next();
    }
  } finally {
    results.return();
  }
}

/** The next results; rewords what TensorFlow throws. */
function compute(results: Generator<RowResults, void>): IteratorResult<RowResults, void> {
  try {
    return results.next();
  } catch (error) {
    throw asFailure(error);
  }
}

function* resultsOf(
  engine: ForwardEngine,
  work: RowWork,
  rows: Int32Array,
  batchSize: number,
): Generator<RowResults, void> {
  const isWorthIt = engine.executor !== undefined || rows.length >= MIN_COMPILED_ROWS;
  const target = isWorthIt ? targetOf(engine) : undefined;
  if (target === undefined) return yield* eagerly(engine.tf, work, rows, batchSize);
  let loaded: LoadedBatches | undefined;
  try {
    loaded = load(engine, target, work, { count: rows.length, batchSize });
    if (loaded === undefined) yield* eagerly(engine.tf, work, rows, batchSize);
    else yield* inCalls(loaded, rows, target.callMilliseconds);
  } finally {
    loaded?.program.dispose();
    target.dispose();
  }
}

interface LoadedBatches {
  readonly program: LoadedRows;
  /** Rows of a batch. */
  readonly size: number;
}

/** Undefined if XLA does not support the program: TensorFlow then runs it op by op. */
function load(
  { tf, executor }: ForwardEngine,
  target: Target,
  work: RowWork,
  { count, batchSize }: { readonly count: number; readonly batchSize: number },
): LoadedBatches | undefined {
  const { samples, state } = work;
  try {
    const asked = Math.min(count, batchSize);
    const traced = traceRows(tf, work, asked);
    const size = Math.min(count, Math.max(asked, Math.floor((WIDEST_ELEMENTS * asked) / widestOf(traced))));
    const program = compile(size === asked ? traced : traceRows(tf, work, size));
    const options = { samples, state, batchSize: size, steps: Math.ceil(count / size) };
    return { program: target.loadRows(program, options), size };
  } catch (error) {
    if (executor !== undefined) throw error;
    // Throws errors that are not about the program.
    refusalOf(error);
    return undefined;
  }
}

/** Elements of the largest value that is given or computed, except variables. */
function widestOf({ parameters, instructions }: Program): number {
  const inputs = parameters.flatMap(({ kind, value }) => (kind === 'input' ? [value] : []));
  const values = [...inputs, ...instructions.flatMap(({ results }) => results)];
  return Math.max(...values.map(({ type }) => sizeOf(type.shape)));
}

/**
 * The computation for one batch, as a program.
 *
 * @throws ProgramError if it cannot be traced
 */
export function traceRows(
  tf: Tf,
  {
    samples,
    state,
    compute,
  }: { readonly samples: readonly Pick<Samples, 'name' | 'shape'>[] } & Omit<RowWork, 'samples'>,
  batchSize: number,
): Program {
  return trace(tf, {
    inputs: samples.map(({ name, shape }, index) => ({
      name: name ?? (index === 0 ? 'x' : 'y'),
      type: { dtype: 'float32', shape: [batchSize, ...shape] },
    })),
    variables: state,
    run: compute,
  });
}

function* inCalls(
  { program, size }: LoadedBatches,
  rows: Int32Array,
  milliseconds: number,
): Generator<RowResults, void> {
  const stepsPerCall = new StepsPerCall(milliseconds, 1);
  for (let start = 0; start < rows.length;) {
    const steps = Math.min(stepsPerCall.next, program.mostSteps, Math.ceil((rows.length - start) / size));
    const part = rows.subarray(start, start + steps * size);
    const whole = new Int32Array(steps * size);
    whole.set(part);
    const results = stepsPerCall.measure(steps, () => program.run(whole));
    // Elements of a row are whole numbers; a share of the rows would lose the last element to rounding.
    const own = (result: Float32Array): Float32Array =>
      result.subarray(0, (result.length / whole.length) * part.length);
    yield { rows: part, results: results.map(own) };
    start += part.length;
  }
}

function* eagerly(
  tf: Tf,
  { samples, compute }: RowWork,
  rows: Int32Array,
  batchSize: number,
): Generator<RowResults, void> {
  for (const batch of batchesOf(rows, batchSize)) {
    const tensors = tf.tidy(() => [...compute(samples.map((each) => batchTensor(tf, each, batch)))]);
    try {
      yield { rows: batch, results: tensors.map((tensor) => Float32Array.from(tensor.dataSync())) };
    } finally {
      tf.dispose(tensors);
    }
  }
}
