/** The target that runs programs inside TensorFlow, compiled by XLA. */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import { nativeBackend, type NativeBackend } from '../tensorflow/addon.ts';
import type { Tf } from '../engine.ts';
import type { Program } from '../program/program.ts';
import { MAX_ROW_NUMBERS, runInCalls, zeroTotals } from '../train/calls.ts';
import { StepsPerCall } from '../train/pace.ts';
import type { Samples } from '../train/samples.ts';
import type { LoadedProgram, LoadOptions, Sums, Target } from '../train/target.ts';
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
    load: (program, options) => new CompiledLoop(tf, resident, program, options),
    dispose: () => resident.dispose(),
  };
}

class CompiledLoop implements LoadedProgram {
  readonly #tf: Tf;
  readonly #backend: NativeBackend;
  readonly #loop: Loop;
  readonly #sessions: Sessions;
  readonly #session: Session;
  readonly #options: LoadOptions;
  readonly #resident: ResidentData;
  readonly #capacity: number;
  readonly #width: number;
  readonly #variables: ReadonlyMap<string, Variable>;
  readonly #stepsPerCall = new StepsPerCall(TARGET_CALL_MS, 4);

  /**
   * Loads the program, and runs it for no steps, which has XLA compile it.
   *
   * @throws ProgramError, or what TensorFlow says of a graph that it does not take
   */
  constructor(tf: Tf, resident: ResidentData, program: Program, options: LoadOptions) {
    const { samples, state, batchSize } = options;
    this.#tf = tf;
    this.#backend = nativeBackend(tf);
    this.#options = options;
    this.#resident = resident;
    this.#capacity = Math.max(1, Math.min(Math.floor(MAX_ROW_NUMBERS / batchSize), options.steps));
    this.#width = program.results[0]?.type.shape[0] ?? 1;
    this.#variables = new Map(state.map(({ name, variable }) => [name, variable]));
    this.#loop = buildLoop({ program, data: samples.map(residentForm), batchSize, capacity: this.#capacity });
    this.#sessions = sessionsOf(this.#backend.binding);
    this.#session = this.#sessions.take(this.#loop.bytes);
    if (this.#session.isWarm) return;
    try {
      this.#call(new Int32Array(0), 0, zeroTotals(this.#width));
    } catch (error) {
      this.#sessions.discard(this.#session.id);
      throw error;
    }
  }

  run(rows: Int32Array, options: WorkOptions, total: number): Promise<Sums> {
    const calls = {
      batchSize: this.#options.batchSize,
      most: this.#capacity,
      stepsPerCall: this.#stepsPerCall,
      width: this.#width,
    };
    return runInCalls(rows, calls, options, total, (part, steps, totals) => this.#call(part, steps, totals));
  }

  dispose(): void {
    this.#sessions.giveBack(this.#session);
  }

  /** Takes steps; the results of a call are the arguments of the next. */
  #call(rows: Int32Array, steps: number, { sum, lost }: Totals): Totals {
    const { binding } = this.#backend;
    const { batchSize, samples } = this.#options;
    const table = new Int32Array(this.#capacity * batchSize);
    table.set(rows);
    const temporary = [
      binding.createTensor([], binding.TF_INT32, Int32Array.of(steps)),
      binding.createTensor([this.#capacity, batchSize], binding.TF_INT32, table),
      binding.createTensor([sum.length], binding.TF_FLOAT, sum),
      binding.createTensor([lost.length], binding.TF_FLOAT, lost),
    ];
    try {
      const variables = this.#loop.used.map((name) => this.#variables.get(name));
      const inputs = [
        ...temporary,
        ...samples.map((each) => this.#resident.tensorOf(each)),
        ...this.#backend.getInputTensorIds(variables),
      ];
      const outputs = binding.runSavedModel(this.#session.id, inputs, this.#loop.feeds, this.#loop.fetches);
      return this.#tf.tidy(() => {
        const [newSum, newLost, ...changed] = outputs.map((output) =>
          this.#backend.createOutputTensor(output),
        );
        this.#loop.changed.forEach((name, position) => {
          const value = changed[position];
          if (value !== undefined) this.#variables.get(name)?.assign(value);
        });
        return { sum: floats(newSum), lost: floats(newLost) };
      });
    } finally {
      for (const id of temporary) binding.deleteTensor(id);
    }
  }
}

function floats(tensor: Tensor | undefined): Float32Array {
  const values = tensor?.dataSync();
  if (values instanceof Float32Array) return values.slice();
  throw new TypeError('the loop gave no sums');
}

function residentForm({ data, count, shape, scale, offset }: Samples): ResidentSamples {
  return { dtype: data instanceof Uint8Array ? 'uint8' : 'float32', count, shape, scale, offset };
}
