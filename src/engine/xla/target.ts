/** The target that runs programs inside TensorFlow, compiled by XLA. */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';
import { typeOf } from '../../formats/numbers.ts';
import { nativeBackend, type Binding, type NativeBackend } from '../tensorflow/addon.ts';
import type { Tf } from '../engine.ts';
import type { Program } from '../program/program.ts';
import { MAX_COPIED_BYTES, MAX_ROW_NUMBERS, mostKeptSteps, runInCalls, zeroTotals } from '../train/calls.ts';
import { StepsPerCall } from '../train/pace.ts';
import { areHeld, rowBytes, rowNumbers, storedRows, type Samples } from '../train/samples.ts';
import type { NamedVariable } from '../train/state.ts';
import type { LoadedProgram, LoadedRows, LoadOptions, Sums, Target } from '../train/target.ts';
import type { WorkOptions } from '../train/trainer.ts';
import type { Totals } from '../webassembly/runner.ts';
import { buildLoop, type Loop } from './loop.ts';
import { ResidentData, type ResidentSamples } from './resident.ts';
import { sessionsOf, type Session, type Sessions } from './sessions.ts';

/** Milliseconds that one call should take: short enough for Ctrl-C and for progress, long against its fixed costs. */
const TARGET_CALL_MS = 400;

/** Needs Hourglass's own kernels to be loaded. */
export function xlaTarget(tf: Tf): Target {
  const resident = new ResidentData(nativeBackend(tf));
  return {
    loadsQuickly: false,
    callMilliseconds: TARGET_CALL_MS,
    load: (program, options) => new TrainingLoop(tf, resident, program, options),
    loadRows: (program, options) => new RowsLoop(tf, program, options),
    dispose: () => resident.dispose(),
  };
}

/** A loop in its own session, and the variables that it receives and returns. */
class CompiledLoop {
  readonly backend: NativeBackend;
  readonly #tf: Tf;
  readonly #loop: Loop;
  readonly #sessions: Sessions;
  readonly #session: Session;
  readonly #variables: ReadonlyMap<string, Variable>;

  /**
   * Loads the loop.
   *
   * @param warmUp runs it for no steps, so that XLA compiles it
   * @throws TensorFlow's error for a graph that it does not support
   */
  constructor(tf: Tf, loop: Loop, state: readonly NamedVariable[], warmUp: (loop: CompiledLoop) => void) {
    this.#tf = tf;
    this.#loop = loop;
    this.backend = nativeBackend(tf);
    this.#variables = new Map(state.map(({ name, variable }) => [name, variable]));
    this.#sessions = sessionsOf(this.backend.binding);
    this.#session = this.#sessions.take(loop.bytes);
    if (this.#session.isWarm) return;
    try {
      warmUp(this);
    } catch (error) {
      this.#sessions.discard(this.#session.id);
      throw error;
    }
  }

  /**
   * Runs the loop, and assigns the variables that it changes.
   *
   * @param given tensors for this call only
   * @param kept numbers of tensors that stay
   * @returns the other results
   */
  run(given: readonly Given[], kept: readonly number[], results: number): readonly Float32Array[] {
    const { binding } = this.backend;
    const temporary: number[] = [];
    try {
      for (const { shape, data } of given)
        temporary.push(binding.createTensor(shape, dtypeOf(binding, data), data));
      const variables = this.#loop.used.map((name) => this.#variables.get(name));
      const inputs = [...temporary, ...kept, ...this.backend.getInputTensorIds(variables)];
      const outputs = binding.runSavedModel(this.#session.id, inputs, this.#loop.feeds, this.#loop.fetches);
      const read: Float32Array[] = [];
      // Not returned: `tidy` looks at each number of a returned array.
      this.#tf.tidy(() => {
        const tensors = outputs.map((output) => this.backend.createOutputTensor(output));
        this.#loop.changed.forEach((name, position) => {
          const value = tensors[results + position];
          if (value !== undefined) this.#variables.get(name)?.assign(value);
        });
        read.push(...tensors.slice(0, results).map(floats));
      });
      return read;
    } finally {
      for (const id of temporary) binding.deleteTensor(id);
    }
  }

  dispose(): void {
    this.#sessions.giveBack(this.#session);
  }
}

interface Given {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array | Uint8Array;
}

/** Runs steps on samples that stay in TensorFlow's memory or, if they are too large, on the rows of each call. */
class TrainingLoop implements LoadedProgram {
  readonly #options: LoadOptions;
  readonly #resident: ResidentData;
  readonly #capacity: number;
  readonly #width: number;
  readonly #loop: CompiledLoop;
  readonly #stepsPerCall = new StepsPerCall(TARGET_CALL_MS, 1);

  /** @throws ProgramError, or TensorFlow's error for a graph that it does not support */
  constructor(tf: Tf, resident: ResidentData, program: Program, options: LoadOptions) {
    const { samples, state, batchSize } = options;
    this.#options = options;
    this.#resident = resident;
    const held = areHeld(samples);
    const most = held ? MAX_ROW_NUMBERS : Math.min(MAX_ROW_NUMBERS, MAX_COPIED_BYTES / rowBytes(samples));
    this.#capacity = Math.max(1, Math.min(Math.floor(most / batchSize), options.steps));
    this.#width = program.results[0]?.type.shape[0] ?? 1;
    const data = samples.map((each) => residentForm(each, held ? each.count : this.#capacity * batchSize));
    const loop = buildLoop({ program, results: 'summed', data, batchSize, capacity: this.#capacity });
    this.#loop = new CompiledLoop(tf, loop, state, (made) => {
      this.#call(made, new Int32Array(0), 0, zeroTotals(this.#width));
    });
  }

  run(rows: Int32Array, options: WorkOptions, total: number): Promise<Sums> {
    const calls = {
      batchSize: this.#options.batchSize,
      most: this.#capacity,
      stepsPerCall: this.#stepsPerCall,
      width: this.#width,
    };
    return runInCalls(rows, calls, options, total, (part, steps, totals) =>
      this.#call(this.#loop, part, steps, totals),
    );
  }

  dispose(): void {
    this.#loop.dispose();
  }

  /** Takes steps; the results of a call are the arguments of the next. */
  #call(loop: CompiledLoop, rows: Int32Array, steps: number, { sum, lost }: Totals): Totals {
    const { batchSize, samples } = this.#options;
    const held = areHeld(samples);
    const table = new Int32Array(this.#capacity * batchSize);
    table.set(held ? rows : rowNumbers(rows.length));
    const given: Given[] = [
      { shape: [], data: Int32Array.of(steps) },
      { shape: [this.#capacity, batchSize], data: table },
      { shape: [sum.length], data: sum },
      { shape: [lost.length], data: lost },
    ];
    const resident = held ? samples.map((each) => this.#resident.tensorOf(each)) : [];
    if (!held) for (const own of samples) given.push(rowsOf(own, rows, table.length));
    const [newSum, newLost] = loop.run(given, resident, 2);
    if (newSum === undefined || newLost === undefined) throw new TypeError('the loop gave no sums');
    return { sum: newSum, lost: newLost };
  }
}

/** Runs a program on rows that exist only for one call. */
class RowsLoop implements LoadedRows {
  readonly mostSteps: number;
  readonly #options: LoadOptions;
  readonly #sizes: readonly number[];
  readonly #rows: Int32Array;
  readonly #loop: CompiledLoop;

  /** @throws ProgramError, or TensorFlow's error for a graph that it does not support */
  constructor(tf: Tf, program: Program, options: LoadOptions) {
    const { samples, state, batchSize } = options;
    this.mostSteps = mostKeptSteps(program, options);
    this.#options = options;
    this.#sizes = program.results.map(({ type }) => sizeOf(type.shape));
    this.#rows = rowNumbers(this.mostSteps * batchSize);
    const data = samples.map((each) => residentForm(each, this.#rows.length));
    const loop = buildLoop({ program, results: 'kept', data, batchSize, capacity: this.mostSteps });
    this.#loop = new CompiledLoop(tf, loop, state, (made) => void this.#call(made, new Int32Array(0)));
  }

  run(rows: Int32Array): readonly Float32Array[] {
    return this.#call(this.#loop, rows);
  }

  dispose(): void {
    this.#loop.dispose();
  }

  #call(loop: CompiledLoop, rows: Int32Array): readonly Float32Array[] {
    const { samples, batchSize } = this.#options;
    const steps = rows.length / batchSize;
    const all = this.#rows.length;
    const given = [
      { shape: [], data: Int32Array.of(steps) },
      { shape: [this.mostSteps, batchSize], data: this.#rows },
      ...samples.map((own) => rowsOf(own, rows, all)),
    ];
    const kept = loop.run(given, [], this.#sizes.length);
    return kept.map((values, index) => values.subarray(0, steps * (this.#sizes[index] ?? 0)));
  }
}

function dtypeOf(binding: Binding, data: Given['data']): number {
  if (data instanceof Int32Array) return binding.TF_INT32;
  return data instanceof Uint8Array ? binding.TF_UINT8 : binding.TF_FLOAT;
}

function floats(tensor: Tensor): Float32Array {
  const values = tensor.dataSync();
  if (values instanceof Float32Array) return values;
  throw new TypeError('the loop gave no floats');
}

/** Rows for one call, always the same number: a loop takes data of one shape. */
function rowsOf(samples: Samples, rows: Int32Array, length: number): Given {
  return { shape: [length, ...samples.shape], data: storedRows(samples, rows, length) };
}

function residentForm({ data, shape, scale, offset }: Samples, count: number): ResidentSamples {
  return { dtype: typeOf(data), count, shape, scale, offset };
}
