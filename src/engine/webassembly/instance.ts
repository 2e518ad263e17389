/** A running copy of the module and its memory, in Node and in pages. */
import { failure, type Failure } from '../../core/diagnostic.ts';
import { exportsOf, type Exports } from './exports.ts';

export class Instance {
  readonly exports: Exports;
  readonly #memory: WebAssembly.Memory;
  #failure: Failure | undefined;
  #bytes: Uint8Array<ArrayBufferLike> = new Uint8Array();

  /** @param instance the first one on the memory */
  constructor(instance: WebAssembly.Instance, memory: WebAssembly.Memory) {
    this.#memory = memory;
    this.exports = exportsOf(instance);
    this.exports.__wasm_call_ctors();
  }

  /** The whole memory at its current length. A view is valid until more memory is allocated. */
  get bytes(): Uint8Array<ArrayBufferLike> {
    const { buffer } = this.#memory;
    if (this.#bytes.buffer !== buffer) this.#bytes = new Uint8Array(buffer);
    return this.#bytes;
  }

  floats(at: number, count: number): Float32Array<ArrayBufferLike> {
    return new Float32Array(this.bytes.buffer, at, count);
  }

  integers(at: number, count: number): Int32Array<ArrayBufferLike> {
    return new Int32Array(this.bytes.buffer, at, count);
  }

  /**
   * Memory for the caller, aligned to 64 bytes.
   *
   * @throws Failure `model-too-large`
   */
  allocate(bytes: number): number {
    const at = bytes < 2 ** 32 ? this.call(() => this.exports.allocate(bytes)) >>> 0 : 0;
    if (at === 0) throw tooLarge(bytes, this.heldBytes);
    return at;
  }

  release(at: number): void {
    if (this.#failure === undefined) this.exports.release(at);
  }

  /** Bytes that are in use. */
  get heldBytes(): number {
    return this.exports.heldBytes() >>> 0;
  }

  /** Makes the module read a program; 0 if it refuses. */
  load(words: Int32Array): number {
    const at = this.allocate(words.byteLength);
    this.integers(at, words.length).set(words);
    const program = this.call(() => this.exports.load(at, words.length));
    this.release(at);
    return program;
  }

  /** Frees a program that was read. */
  unload(program: number): void {
    if (this.#failure === undefined) this.exports.unload(program);
  }

  /**
   * Calls into the module.
   *
   * @throws Failure `model-too-large` if memory is exhausted, `engine-failed` if it traps, in any thread
   */
  call<Result>(run: () => Result): Result {
    if (this.#failure !== undefined) throw this.#failure;
    try {
      return run();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError)) throw error;
      const refused = this.exports.refusedBytes() >>> 0;
      this.#failure =
        refused > 0
          ? tooLarge(refused, this.heldBytes)
          : failure(
              'engine-failed',
              `the portable engine failed during a step (${error.message})`,
              'please report it, with the pipeline; `--engine native` runs the same steps by TensorFlow',
            );
      throw this.#failure;
    }
  }

  /** Nothing can be called afterwards. */
  close(): void {
    this.#failure ??= failure('engine-failed', 'the portable engine was closed');
    this.exports.close();
  }
}

function tooLarge(bytes: number, held: number): Failure {
  return failure(
    'model-too-large',
    `the portable engine needs ${megabytes(bytes)} MB more than the ${megabytes(held)} MB that it uses, and WebAssembly has no more than 4 GB`,
    'use a smaller `batch_size` or model, or `--engine native`',
  );
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
