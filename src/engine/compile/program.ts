/** A loop that is loaded into TensorFlow and can be run: the compiled form of a step. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { nativeBackend, type NativeBackend } from '../addon.ts';
import type { Tf } from '../engine.ts';
import { Pace } from '../train/pace.ts';
import type { Samples } from '../train/samples.ts';
import type { NamedVariable } from '../train/state.ts';
import type { WorkOptions } from '../train/trainer.ts';
import { buildLoop, type GraphMode, type Loop } from './loop.ts';
import type { ResidentData, ResidentSamples } from './resident.ts';
import { fingerprint, trace, Untraceable, type Trace } from './trace.ts';

/** Milliseconds that one call should take: short enough for Ctrl-C and for progress, long against its fixed costs. */
const CALL = 400;

/** Row numbers that one call takes at most. */
const TABLE = 2 ** 18;

export interface ProgramOptions {
  readonly mode: GraphMode;
  /** Whether Hourglass's own kernels are loaded. */
  readonly kernels: boolean;
  readonly batchSize: number;
  /** Steps of the longest run: a table for more would be wasted. */
  readonly steps: number;
  /** The samples of the step's inputs. */
  readonly samples: readonly Samples[];
  readonly state: readonly NamedVariable[];
  /** The step; its values are one tensor of one axis. */
  readonly run: (inputs: readonly Tensor[]) => Tensor;
}

/** Sums over steps, one a value of the step, in float64. */
export interface Sums {
  readonly values: Float64Array;
  readonly steps: number;
}

export class Program {
  readonly #tf: Tf;
  readonly #backend: NativeBackend;
  readonly #loop: Loop;
  readonly #session: number;
  readonly #options: ProgramOptions;
  readonly #resident: ResidentData;
  readonly #capacity: number;
  readonly #width: number;
  /** Steps of the next call, adapted to the speed that is seen. */
  #stretch = 4;

  /**
   * Traces and loads the step, and runs it for no steps, which has XLA compile it.
   *
   * @throws Untraceable, or what TensorFlow says of a graph that it does not take
   */
  constructor(tf: Tf, resident: ResidentData, options: ProgramOptions) {
    const { samples, state, batchSize, mode, kernels } = options;
    this.#tf = tf;
    this.#backend = nativeBackend(tf);
    this.#options = options;
    this.#resident = resident;
    this.#capacity = Math.max(1, Math.min(Math.floor(TABLE / batchSize), options.steps));
    const traced = traceTwice(tf, options);
    this.#width = traced.result.shape[0] ?? 1;
    this.#loop = buildLoop(
      {
        trace: traced,
        data: samples.map(residentForm),
        variables: state.map(({ variable }) => ({ shape: variable.shape, dtype: floatOrInteger(variable) })),
        batchSize,
        capacity: this.#capacity,
        mode,
        kernels,
      },
      this.#backend.binding,
    );
    this.#session = this.#load();
    try {
      this.#call(new Int32Array(0), 0, this.#zeros());
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /**
   * Runs whole batches.
   *
   * @param rows a multiple of the batch size
   * @throws Failure `interrupted` between two calls
   */
  async run(rows: Int32Array, { signal, onProgress }: WorkOptions, total: number): Promise<Sums> {
    const { batchSize } = this.#options;
    const pace = new Pace(signal);
    let totals = this.#zeros();
    let done = 0;
    while (done * batchSize < rows.length) {
      await pace.next();
      const steps = Math.min(this.#stretch, this.#capacity, rows.length / batchSize - done);
      const part = rows.subarray(done * batchSize, (done + steps) * batchSize);
      const started = performance.now();
      totals = this.#call(part, steps, totals);
      done += steps;
      this.#adapt(steps, performance.now() - started);
      const loss = ((totals.sum[0] ?? 0) - (totals.lost[0] ?? 0)) / done;
      if (!Number.isFinite(loss)) break;
      if (pace.due()) onProgress?.({ samples: done * batchSize, total, loss });
    }
    const values = Float64Array.from(totals.sum, (sum, index) => sum - (totals.lost[index] ?? 0));
    return { values, steps: done };
  }

  dispose(): void {
    this.#backend.binding.deleteSavedModel(this.#session);
  }

  #zeros(): Totals {
    return { sum: new Float32Array(this.#width), lost: new Float32Array(this.#width) };
  }

  #adapt(steps: number, milliseconds: number): void {
    const fitting = Math.round((steps * CALL) / Math.max(milliseconds, 1e-3));
    // At most doubled: the first calls are slower than the others.
    this.#stretch = Math.max(1, Math.min(fitting, this.#stretch * 2));
  }

  /** Takes steps; the results of a call are the arguments of the next. */
  #call(rows: Int32Array, steps: number, { sum, lost }: Totals): Totals {
    const { binding } = this.#backend;
    const { batchSize, samples, state } = this.#options;
    const table = new Int32Array(this.#capacity * batchSize);
    table.set(rows);
    const temporary = [
      binding.createTensor([], binding.TF_INT32, Int32Array.of(steps)),
      binding.createTensor([this.#capacity, batchSize], binding.TF_INT32, table),
      binding.createTensor([sum.length], binding.TF_FLOAT, sum),
      binding.createTensor([lost.length], binding.TF_FLOAT, lost),
    ];
    try {
      const variables = this.#loop.used.map((index) => state[index]?.variable);
      const inputs = [
        ...temporary,
        ...samples.map((each) => this.#resident.tensorOf(each)),
        ...this.#backend.getInputTensorIds(variables),
      ];
      const outputs = binding.runSavedModel(this.#session, inputs, this.#loop.feeds, this.#loop.fetches);
      return this.#tf.tidy(() => {
        const [newSum, newLost, ...changed] = outputs.map((output) =>
          this.#backend.createOutputTensor(output),
        );
        this.#loop.changed.forEach((index, position) => {
          const value = changed[position];
          if (value !== undefined) state[index]?.variable.assign(value);
        });
        return { sum: floats(newSum), lost: floats(newLost) };
      });
    } finally {
      for (const id of temporary) binding.deleteTensor(id);
    }
  }

  #load(): number {
    const folder = mkdtempSync(join(tmpdir(), 'hourglass-graph-'));
    try {
      writeFileSync(join(folder, 'saved_model.pb'), this.#loop.bytes);
      return this.#backend.binding.loadSavedModel(folder, 'serve');
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

interface Totals {
  readonly sum: Float32Array;
  readonly lost: Float32Array;
}

function floats(tensor: Tensor | undefined): Float32Array {
  const values = tensor?.dataSync();
  if (values instanceof Float32Array) return values.slice();
  throw new TypeError('the loop gave no sums');
}

/**
 * A step that depends on anything but its arguments and its variables shows itself by a second trace that differs.
 *
 * @throws Untraceable
 */
function traceTwice(tf: Tf, { batchSize, samples, state, run }: ProgramOptions): Trace {
  const variables = state.map(({ variable }) => variable);
  const before = variables.map((variable) => variable.clone());
  const inputs = samples.map(({ shape }) => tf.zeros([batchSize, ...shape]));
  const once = (): Trace => {
    try {
      return trace(tf, inputs, variables, () => run(inputs));
    } finally {
      tf.tidy(() =>
        variables.forEach((variable, index) => before[index] && variable.assign(before[index].clone())),
      );
    }
  };
  try {
    const [first, second] = [once(), once()];
    const lines = fingerprint(first);
    const other = fingerprint(second);
    const different = lines.findIndex((line, index) => line !== other[index]);
    if (different === -1 && lines.length === other.length) return first;
    throw new Untraceable(
      `it depends on more than its data and its state, at ${first.nodes[different]?.op ?? 'its end'}`,
    );
  } finally {
    tf.dispose([...before, ...inputs]);
  }
}

function residentForm({ data, count, shape, scale, offset }: Samples): ResidentSamples {
  return { dtype: data instanceof Uint8Array ? 'uint8' : 'float32', count, shape, scale, offset };
}

function floatOrInteger({ dtype }: Variable): 'float32' | 'int32' {
  if (dtype === 'float32' || dtype === 'int32') return dtype;
  throw new Untraceable(`it has a variable of ${dtype}`);
}
