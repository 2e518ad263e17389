/** The target that runs programs in WebAssembly. Between two runs, tfjs's variables hold the current state, as for any target. */
import type { Variable } from '@tensorflow/tfjs';
import { NumberSource, type HeldNumbers } from '../../formats/numbers.ts';
import type { NamedArray } from '../../formats/safetensors.ts';
import type { Tf } from '../engine.ts';
import type { Program } from '../program/program.ts';
import { ProgramError, type Type } from '../program/types.ts';
import { MAX_COPIED_BYTES, MAX_ROW_NUMBERS, mostKeptSteps, runInCalls } from '../train/calls.ts';
import { StepsPerCall } from '../train/pace.ts';
import { rowBytes } from '../train/samples.ts';
import { writeVariables, type NamedVariable } from '../train/state.ts';
import type { LoadedProgram, LoadedRows, LoadOptions, Sums, Target } from '../train/target.ts';
import type { WorkOptions } from '../train/trainer.ts';
import type { Executor, Loaded, ResidentVariable } from './executor.ts';
import { copyRows, giveRows, isResident } from './rows.ts';

/** Milliseconds that one call should take: short enough for Ctrl-C and for progress. */
const TARGET_CALL_MS = 200;

export function webAssemblyTarget(tf: Tf, executor: Executor): Target {
  const variables = new ResidentVariables(tf, executor);
  const uploaded = new Set<HeldNumbers>();
  return {
    loadsQuickly: true,
    callMilliseconds: TARGET_CALL_MS,
    load(program, options) {
      for (const { data } of options.samples) if (!(data instanceof NumberSource)) uploaded.add(data);
      return new TrainingProgram(executor, variables, program, options);
    },
    loadRows: (program, options) => new RowsProgram(executor, variables, program, options),
    dispose() {
      variables.dispose();
      for (const data of uploaded) executor.forget(data);
    },
  };
}

interface Resident {
  readonly place: ResidentVariable;
  /** tfjs's name of the data that the memory holds; undefined if unknown. */
  holds: object | undefined;
}

/** tfjs's variables in the module's memory: written there where they have changed outside, and read back. */
export class ResidentVariables {
  readonly #tf: Tf;
  readonly #executor: Executor;
  readonly #resident = new Map<Variable, Resident>();

  constructor(tf: Tf, executor: Executor) {
    this.#tf = tf;
    this.#executor = executor;
  }

  /** By their names, for a program. */
  placesOf(state: readonly NamedVariable[]): ReadonlyMap<string, ResidentVariable> {
    return new Map(state.map(({ name, variable }) => [name, this.#of(variable).place]));
  }

  write(state: readonly NamedVariable[]): void {
    for (const { variable } of state) {
      const resident = this.#of(variable);
      if (resident.holds === variable.dataId) continue;
      const elements = variable.dataSync();
      if (typeof elements[0] === 'string') throw new TypeError('a variable of texts');
      this.#executor.write(resident.place.at, elements as Float32Array | Int32Array);
      resident.holds = variable.dataId;
    }
  }

  read(state: readonly NamedVariable[]): void {
    for (const named of state) {
      const resident = this.#of(named.variable);
      const array = asArray(named, this.#executor.read(resident.place.at, resident.place.type));
      writeVariables(this.#tf, [named], [array]);
      resident.holds = named.variable.dataId;
    }
  }

  /** Makes the variables be written again before they are used. */
  forget(state: readonly NamedVariable[]): void {
    for (const { variable } of state) this.#of(variable).holds = undefined;
  }

  dispose(): void {
    for (const { place } of this.#resident.values()) this.#executor.free(place);
    this.#resident.clear();
  }

  #of(variable: Variable): Resident {
    const known = this.#resident.get(variable);
    if (known !== undefined) return known;
    const made: Resident = { place: this.#executor.variable(typeOf(variable)), holds: undefined };
    this.#resident.set(variable, made);
    return made;
  }
}

function typeOf({ dtype, shape }: Variable): Type {
  if (dtype !== 'float32' && dtype !== 'int32') throw new ProgramError(`it has a ${dtype} variable`);
  return { dtype, shape };
}

function asArray({ name, variable: { shape } }: NamedVariable, data: object): NamedArray {
  if (data instanceof Float32Array) return { name, dtype: 'float32', shape, data };
  if (data instanceof Int32Array) return { name, dtype: 'int32', shape, data };
  throw new TypeError(`${name} is neither float32 nor int32`);
}

/** If a run fails in the middle, tfjs's variables stay as they were before it. */
class TrainingProgram implements LoadedProgram {
  readonly #executor: Executor;
  readonly #variables: ResidentVariables;
  readonly #options: LoadOptions;
  readonly #loaded: Loaded;
  readonly #changed: readonly NamedVariable[];
  readonly #used: readonly NamedVariable[];
  readonly #width: number;
  readonly #stepsPerCall = new StepsPerCall(TARGET_CALL_MS, 1);

  constructor(executor: Executor, variables: ResidentVariables, program: Program, options: LoadOptions) {
    this.#executor = executor;
    this.#variables = variables;
    this.#options = options;
    this.#width = program.results[0]?.type.shape[0] ?? 1;
    const parameters = program.parameters.filter(({ kind }) => kind === 'variable');
    const changed = new Set(program.updates.map(({ variable }) => variable));
    const named = (wanted: typeof parameters): readonly NamedVariable[] => {
      const names = new Set(wanted.map(({ name }) => name));
      return options.state.filter(({ name }) => names.has(name));
    };
    this.#used = named(parameters);
    this.#changed = named(parameters.filter(({ value }) => changed.has(value)));
    this.#loaded = executor.load(program, { variables: variables.placesOf(this.#used), isSummed: true });
  }

  async run(rows: Int32Array, options: WorkOptions, total: number): Promise<Sums> {
    const { batchSize, samples } = this.#options;
    const isKept = isResident(this.#executor, samples);
    const most = isKept ? MAX_ROW_NUMBERS : Math.min(MAX_ROW_NUMBERS, MAX_COPIED_BYTES / rowBytes(samples));
    const calls = {
      batchSize,
      most: Math.max(1, Math.floor(most / batchSize)),
      stepsPerCall: this.#stepsPerCall,
      width: this.#width,
    };
    let isChanged = false;
    let isWhole = true;
    this.#variables.write(this.#used);
    try {
      return await runInCalls(rows, calls, options, total, (part, steps, totals) => {
        isChanged = true;
        isWhole = false;
        const given = giveRows(this.#executor, samples, part);
        try {
          this.#loaded.run({ steps, inputs: given.inputs, rows: given.rows, totals });
        } finally {
          given.release();
        }
        isWhole = true;
        return totals;
      });
    } finally {
      // A failed call may have left a step half done.
      if (!isWhole) this.#variables.forget(this.#changed);
      else if (isChanged) this.#variables.read(this.#changed);
    }
  }

  dispose(): void {
    this.#loaded.dispose();
  }
}

/** The rows are in the module's memory only for one call: a set may be larger than that. */
class RowsProgram implements LoadedRows {
  readonly mostSteps: number;
  readonly #executor: Executor;
  readonly #options: LoadOptions;
  readonly #loaded: Loaded;

  constructor(executor: Executor, variables: ResidentVariables, program: Program, options: LoadOptions) {
    this.mostSteps = mostKeptSteps(program, options);
    this.#executor = executor;
    this.#options = options;
    variables.write(options.state);
    const collected = program.results.map((_, index) => index);
    this.#loaded = executor.load(program, { variables: variables.placesOf(options.state), collected });
  }

  run(rows: Int32Array): readonly Float32Array[] {
    const steps = rows.length / this.#options.batchSize;
    const given = copyRows(this.#executor, this.#options.samples, rows);
    try {
      const bytes = this.#loaded.run({ steps, inputs: given.inputs, rows: given.rows });
      const collected = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
      return split(collected, this.#loaded.resultSizes, steps);
    } finally {
      given.release();
    }
  }

  dispose(): void {
    this.#loaded.dispose();
  }
}

/** Splits [steps, all results one after the other] into the results. */
function split(collected: Float32Array, sizes: readonly number[], steps: number): readonly Float32Array[] {
  if (sizes.length === 1) return [collected];
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let begin = 0;
  return sizes.map((size) => {
    const values = new Float32Array(steps * size);
    for (let step = 0; step < steps; step++) {
      const at = step * total + begin;
      values.set(collected.subarray(at, at + size), step * size);
    }
    begin += size;
    return values;
  });
}
