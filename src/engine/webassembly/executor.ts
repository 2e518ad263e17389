/** Runs programs in WebAssembly. Data and variables stay in its memory from call to call. */
import { sizeOf } from '../../core/shape.ts';
import type { Program, Value } from '../program/program.ts';
import { bytesOf, elementsOf, ProgramError, type Elements, type Type } from '../program/types.ts';
import { floatBits } from '../lowering/kernel-calls.ts';
import { encodeProgram, type EncodedProgram } from './encode.ts';
import { Instance, type InstanceOptions } from './instance.ts';

/** Samples in the module's memory. A stored value `v` stands for `v * scale + offset`. */
export interface ResidentRows {
  /** 0 for an input that stays as it is. */
  readonly at: number;
  readonly isBytes: boolean;
  readonly count: number;
  readonly scale: number;
  readonly offset: number;
}

/** A variable in the module's memory, which several programs may share. */
export interface ResidentVariable {
  readonly at: number;
  readonly type: Type;
}

export interface LoadOptions {
  /** Variables by their names; those that are missing belong to the program alone, and are 0 at first. */
  readonly variables?: ReadonlyMap<string, ResidentVariable>;
  readonly collected?: readonly number[];
  readonly isSummed?: boolean;
  readonly isSpread?: boolean;
}

export class Executor {
  readonly #instance: Instance;
  readonly #data = new Map<Uint8Array | Float32Array, number>();

  /** @throws Failure `webassembly-missing`, `system-limit` */
  constructor(options: InstanceOptions) {
    this.#instance = new Instance(options);
    this.#instance.startThreads();
  }

  get instance(): Instance {
    return this.#instance;
  }

  /**
   * Puts data into the module's memory, once.
   *
   * @throws Failure `model-too-large`
   */
  upload(data: Uint8Array | Float32Array): number {
    const known = this.#data.get(data);
    if (known !== undefined) return known;
    const at = this.#instance.allocate(data.byteLength);
    this.#instance.bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    this.#data.set(data, at);
    return at;
  }

  /** Frees data that was put there. */
  forget(data: Uint8Array | Float32Array): void {
    const at = this.#data.get(data);
    if (at === undefined) return;
    this.#data.delete(data);
    this.#instance.release(at);
  }

  /** @throws Failure `model-too-large` */
  variable(type: Type): ResidentVariable {
    const at = this.#instance.allocate(bytesOf(type));
    this.#instance.bytes.fill(0, at, at + bytesOf(type));
    return { at, type };
  }

  free({ at }: ResidentVariable): void {
    this.#instance.release(at);
  }

  /** A copy of elements at a place. */
  read(at: number, type: Type): Elements {
    const elements = elementsOf(type);
    bytesIn(elements).set(this.#instance.bytes.subarray(at, at + elements.byteLength));
    return elements;
  }

  write(at: number, elements: Elements): void {
    this.#instance.bytes.set(bytesIn(elements), at);
  }

  /**
   * Makes a program ready to be run.
   *
   * @throws ProgramError where it asks for what no kernel does; Failure `model-too-large`
   */
  load(program: Program, options: LoadOptions = {}): Loaded {
    return new Loaded(this, program, options);
  }

  /** Ends the threads. */
  dispose(): Promise<void> {
    return this.#instance.dispose();
  }
}

/** Bytes of `Call` and of `Rows` in `kernels/executor.h`. */
const CALL_BYTES = 24;
const ROWS_BYTES = 20;

export interface Run {
  /** From 0. */
  readonly steps: number;
  /** One for each input of the program; where there are none, inputs stay as they were written. */
  readonly inputs?: readonly ResidentRows[];
  /** Numbers of rows, [steps, batch]. */
  readonly rows?: Int32Array;
  /** What the first result adds up to so far: changed in place. */
  readonly totals?: Totals;
}

/** A sum in float32, and what rounding took from it. */
export interface Totals {
  readonly sum: Float32Array;
  readonly lost: Float32Array;
}

export class Loaded {
  readonly #executor: Executor;
  readonly #program: Program;
  readonly #encoded: EncodedProgram;
  readonly #pointer: number;
  /** Memory of this program alone. */
  readonly #own: number[] = [];
  /** Memory for what a call is told and returns; grows. */
  #scratch = { at: 0, bytes: 0 };
  #isDisposed = false;

  constructor(executor: Executor, program: Program, options: LoadOptions) {
    this.#executor = executor;
    this.#program = program;
    try {
      this.#encoded = this.#encode(options);
      this.#pointer = this.#read(this.#encoded);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  get encoded(): EncodedProgram {
    return this.#encoded;
  }

  /** Elements of each result. */
  get resultSizes(): readonly number[] {
    return this.#program.results.map(({ type }) => sizeOf(type.shape));
  }

  /** Writes a parameter. */
  write(name: string, elements: Elements): void {
    const { value } = this.#parameter(name);
    if (elements.byteLength !== bytesOf(value.type)) throw new ProgramError(`${name} has other elements`);
    this.#executor.write(this.#encoded.addressOf(value), elements);
  }

  /** Reads a parameter: of a variable, what it has become. */
  read(name: string): Elements {
    const { value } = this.#parameter(name);
    return this.#executor.read(this.#encoded.addressOf(value), value.type);
  }

  /** What the last step computed. */
  results(): readonly Elements[] {
    return this.#program.results.map(({ type }, index) => this.#executor.read(this.#resultAt(index), type));
  }

  #resultAt(index: number): number {
    const value = this.#encoded.results[index];
    if (value === undefined) throw new TypeError(`there is no result ${index}`);
    return this.#encoded.addressOf(value);
  }

  /**
   * Takes steps in one call of the module.
   *
   * @returns what is collected, one step after the other
   * @throws Failure `model-too-large`, `engine-failed`
   */
  run({ steps, inputs = [], rows, totals }: Run): Uint8Array {
    const { instance } = this.#executor;
    const { pointer, call, sums, lost, collected, bytes } = this.#prepare(steps, inputs, rows, totals);
    instance.call(() => instance.exports.run(pointer, call));
    if (totals !== undefined) {
      totals.sum.set(instance.floats(sums, totals.sum.length));
      totals.lost.set(instance.floats(lost, totals.lost.length));
    }
    return instance.bytes.slice(collected, collected + bytes);
  }

  /** One call of a kernel alone, in the order of `lowering.ts`. */
  runCall(index: number): void {
    const { instance } = this.#executor;
    instance.call(() => instance.exports.runTask(this.#pointer, index));
  }

  /** Frees its memory, once. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#executor.instance.unload(this.#pointer);
    this.#release();
  }

  /** Settles where everything lies. Inputs and variables of its own are 0 at first. */
  #encode({
    variables = new Map(),
    collected = [],
    isSummed = false,
    isSpread = false,
  }: LoadOptions): EncodedProgram {
    const { instance } = this.#executor;
    const allocate = (bytes: number): number => {
      const at = instance.allocate(bytes);
      this.#own.push(at);
      return at;
    };
    const zeros = (at: number, { type }: Value): void => void instance.bytes.fill(0, at, at + bytesOf(type));
    const places = new Map<string, number>();
    for (const { kind, name, value } of this.#program.parameters) {
      if (kind !== 'variable') continue;
      const shared = variables.get(name)?.at;
      const at = shared ?? allocate(bytesOf(value.type));
      if (shared === undefined) zeros(at, value);
      places.set(name, at);
    }
    const encoded = encodeProgram(this.#program, {
      variables: places,
      collected,
      isSummed,
      isSpread,
      allocate,
    });
    for (const { at, elements } of encoded.constants) this.#executor.write(at, elements);
    for (const { kind, value } of this.#program.parameters)
      if (kind === 'input') zeros(encoded.addressOf(value), value);
    return encoded;
  }

  /** Has the module read the program. */
  #read({ words }: EncodedProgram): number {
    const { instance } = this.#executor;
    const at = instance.allocate(words.byteLength);
    this.#executor.write(at, words);
    const pointer = instance.call(() => instance.exports.load(at, words.length));
    instance.release(at);
    if (pointer === 0) throw new ProgramError('the module refuses the program');
    return pointer;
  }

  #release(): void {
    const { instance } = this.#executor;
    for (const at of this.#own) instance.release(at);
    if (this.#scratch.bytes > 0) instance.release(this.#scratch.at);
  }

  #parameter(name: string): Program['parameters'][number] {
    const found = this.#program.parameters.find((parameter) => parameter.name === name);
    if (found === undefined) throw new ProgramError(`there is no parameter ${name}`);
    return found;
  }

  /** Writes down what is to be done: `Call`, `Rows`, the sums, the numbers of rows, and room for what is collected. */
  #prepare(
    steps: number,
    inputs: readonly ResidentRows[],
    rows: Int32Array | undefined,
    totals: Totals | undefined,
  ): {
    readonly pointer: number;
    readonly call: number;
    readonly sums: number;
    readonly lost: number;
    readonly collected: number;
    readonly bytes: number;
  } {
    const { instance } = this.#executor;
    const count = this.#program.parameters.filter(({ kind }) => kind === 'input').length;
    const width = totals?.sum.length ?? 0;
    const bytes = steps * this.#encoded.collectedBytes;
    const rowsAt = CALL_BYTES + count * ROWS_BYTES;
    const sumsAt = rowsAt + (rows?.length ?? 0) * 4;
    const collectedAt = sumsAt + width * 8;
    const at = this.#room(collectedAt + bytes);
    const [sums, lost, collected] = [at + sumsAt, at + sumsAt + width * 4, at + collectedAt];
    const words = instance.integers(at, rowsAt / 4);
    words.set([
      ...[steps, at + rowsAt, totals === undefined ? 0 : sums, totals === undefined ? 0 : lost],
      ...[bytes === 0 ? 0 : collected, at + CALL_BYTES],
    ]);
    for (let index = 0; index < count; index++) {
      const input = inputs[index];
      const data =
        input === undefined
          ? [0, 0, 0, 0, 0]
          : [
              ...[input.at, Number(input.isBytes), input.count],
              ...[floatBits(input.scale), floatBits(input.offset)],
            ];
      words.set(data, (CALL_BYTES + index * ROWS_BYTES) / 4);
    }
    if (rows !== undefined) instance.integers(at + rowsAt, rows.length).set(rows);
    if (totals !== undefined) {
      instance.floats(sums, width).set(totals.sum);
      instance.floats(lost, width).set(totals.lost);
    }
    return { pointer: this.#pointer, call: at, sums, lost, collected, bytes };
  }

  #room(bytes: number): number {
    const { instance } = this.#executor;
    if (bytes > this.#scratch.bytes) {
      if (this.#scratch.bytes > 0) instance.release(this.#scratch.at);
      this.#scratch = { at: 0, bytes: 0 };
      this.#scratch = { at: instance.allocate(bytes), bytes };
    }
    return this.#scratch.at;
  }
}

function bytesIn(elements: Elements): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}
