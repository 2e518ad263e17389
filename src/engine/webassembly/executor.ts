/** Runs programs in WebAssembly. Data and variables stay in its memory from call to call. */
import { sizeOf } from '../../core/shape.ts';
import type { Program, Value } from '../program/program.ts';
import { bytesOf, elementsOf, ProgramError, type Elements, type Type } from '../program/types.ts';
import { MOST_BYTES } from './binary.ts';
import { encodeProgram, type EncodedProgram } from './encode.ts';
import { Runner, type Run } from './runner.ts';
import { ThreadedInstance, type InstanceOptions } from './threaded-instance.ts';

/** A variable in the module's memory, which several programs may share. */
export interface ResidentVariable {
  readonly at: number;
  readonly type: Type;
}

export interface LoadOptions {
  /** Variables by name; missing ones belong to this program only, and are initially 0. */
  readonly variables?: ReadonlyMap<string, ResidentVariable>;
  readonly collected?: readonly number[];
  readonly isSummed?: boolean;
  readonly isSpread?: boolean;
}

export class Executor {
  readonly #instance: ThreadedInstance;
  readonly #data = new Map<Uint8Array | Float32Array, number>();
  readonly #mostData: number;

  /** @throws Failure `webassembly-missing`, `system-limit` */
  constructor(options: InstanceOptions) {
    this.#instance = new ThreadedInstance(options);
    this.#mostData = (options.memoryLimit ?? MOST_BYTES) / 4;
    this.#instance.startThreads();
  }

  get instance(): ThreadedInstance {
    return this.#instance;
  }

  /** Whether data stays in the module's memory: as long as everything in it takes no more than a quarter. */
  keeps(data: readonly (Uint8Array | Float32Array)[]): boolean {
    const all = new Set([...this.#data.keys(), ...data]);
    return [...all].reduce((sum, { byteLength }) => sum + byteLength, 0) <= this.#mostData;
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

  /** Frees data that was put into the memory. */
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
   * Prepares a program to be run.
   *
   * @throws ProgramError if no kernel can do what it needs; Failure `model-too-large`
   */
  load(program: Program, options: LoadOptions = {}): Loaded {
    return new Loaded(this, program, options);
  }

  /** Ends the threads. */
  dispose(): Promise<void> {
    return this.#instance.dispose();
  }
}

export class Loaded {
  readonly #executor: Executor;
  readonly #program: Program;
  readonly #encoded: EncodedProgram;
  readonly #runner: Runner;
  /** Memory of this program only. */
  readonly #own: number[] = [];
  #isDisposed = false;

  constructor(executor: Executor, program: Program, options: LoadOptions) {
    this.#executor = executor;
    this.#program = program;
    try {
      this.#encoded = this.#encode(options);
      this.#runner = new Runner(executor.instance, this.#encoded);
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
    if (elements.byteLength !== bytesOf(value.type))
      throw new ProgramError(`${name} has another shape or type`);
    this.#executor.write(this.#encoded.addressOf(value), elements);
  }

  /** Reads a parameter: for a variable, its new value. */
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
  run(run: Run): Uint8Array<ArrayBuffer> {
    return this.#runner.run(run);
  }

  /** One call of a kernel alone, in the order of `lowering.ts`. */
  runCall(index: number): void {
    this.#runner.runCall(index);
  }

  /** Frees its memory, once. */
  dispose(): void {
    if (this.#isDisposed) return;
    this.#isDisposed = true;
    this.#runner.dispose();
    this.#release();
  }

  /** Decides where everything is stored. Inputs and the program's own variables are initially 0. */
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

  #release(): void {
    const { instance } = this.#executor;
    for (const at of this.#own) instance.release(at);
  }

  #parameter(name: string): Program['parameters'][number] {
    const found = this.#program.parameters.find((parameter) => parameter.name === name);
    if (found === undefined) throw new ProgramError(`there is no parameter ${name}`);
    return found;
  }
}

function bytesIn(elements: Elements): Uint8Array {
  return new Uint8Array(elements.buffer, elements.byteOffset, elements.byteLength);
}
