/**
 * The portable engine in a page. It needs no isolation, worker or request: memory is not shared, and one thread computes. The
 * page's content security policy must allow `wasm-unsafe-eval`.
 */
import { failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Program } from '../program/program.ts';
import { bytesOf, ProgramError, type Elements } from '../program/types.ts';
import { makeMemory, whyMissing, withoutSharing } from './binary.ts';
import { encodeProgram, type EncodedProgram } from './encode.ts';
import { Instance } from './instance.ts';
import { Runner } from './runner.ts';

export class PageEngine {
  readonly #instance: Instance;

  private constructor(instance: Instance) {
    this.#instance = instance;
  }

  /**
   * @param wasm `hourglass.wasm`
   * @throws Failure `webassembly-missing`, `system-limit`; what the browser throws if it does not allow WebAssembly
   */
  static async start(wasm: Uint8Array): Promise<PageEngine> {
    const missing = whyMissing();
    if (missing !== undefined) throw failure('webassembly-missing', missing);
    const memory = makeMemory(false);
    if (memory === undefined)
      throw failure('system-limit', 'the browser does not provide memory for WebAssembly');
    const module = await WebAssembly.compile(withoutSharing(wasm));
    return new PageEngine(new Instance(await WebAssembly.instantiate(module, { env: { memory } }), memory));
  }

  /**
   * Prepares a program to be run.
   *
   * @param program checked, without updates
   * @param variables elements by name
   * @throws ProgramError if no kernel can do what it needs; Failure `model-too-large`
   */
  load(program: Program, variables: ReadonlyMap<string, Elements>): PageProgram {
    return new PageProgram(this.#instance, program, variables);
  }
}

/** A program in the module's memory. */
export class PageProgram {
  readonly #instance: Instance;
  readonly #program: Program;
  readonly #encoded: EncodedProgram;
  readonly #runner: Runner;
  /** Memory of this program only. */
  readonly #own: number[] = [];

  constructor(instance: Instance, program: Program, variables: ReadonlyMap<string, Elements>) {
    this.#instance = instance;
    this.#program = program;
    try {
      const places = new Map<string, number>();
      for (const { kind, name, value } of program.parameters) {
        if (kind !== 'variable') continue;
        const elements = variables.get(name);
        if (elements?.byteLength !== bytesOf(value.type))
          throw new ProgramError(`${name} has another shape or type`);
        const at = this.#allocate(bytesOf(value.type));
        this.#write(at, elements);
        places.set(name, at);
      }
      this.#encoded = encodeProgram(program, {
        variables: places,
        collected: [],
        isSummed: false,
        allocate: (bytes) => this.#allocate(bytes),
      });
      for (const { at, elements } of this.#encoded.constants) this.#write(at, elements);
      this.#runner = new Runner(instance, this.#encoded);
    } catch (error) {
      this.#release();
      throw error;
    }
  }

  /**
   * @param inputs elements of the program's inputs, in its order
   * @returns a copy of its first result
   * @throws Failure `engine-failed`
   */
  run(inputs: readonly Float32Array[]): Float32Array {
    const parameters = this.#program.parameters.filter(({ kind }) => kind === 'input');
    for (const [index, { name, value }] of parameters.entries()) {
      const elements = inputs[index];
      if (elements?.byteLength !== bytesOf(value.type))
        throw new ProgramError(`${name} has another shape or type`);
      this.#write(this.#encoded.addressOf(value), elements);
    }
    this.#runner.run({ steps: 1 });
    const [result] = this.#encoded.results;
    if (result === undefined) throw new ProgramError('it has no result');
    const at = this.#encoded.addressOf(result);
    return Float32Array.from(this.#instance.floats(at, sizeOf(result.type.shape)));
  }

  /** Frees its memory; it cannot be used afterwards. */
  dispose(): void {
    this.#runner.dispose();
    this.#release();
  }

  #write(at: number, { buffer, byteOffset, byteLength }: Elements): void {
    this.#instance.bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
  }

  #allocate(bytes: number): number {
    const at = this.#instance.allocate(bytes);
    this.#own.push(at);
    return at;
  }

  #release(): void {
    for (const at of this.#own.splice(0)) this.#instance.release(at);
  }
}
