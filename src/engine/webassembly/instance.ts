/** A running copy of the module: its memory, its threads, and its end. */
import { Worker } from 'node:worker_threads';
import { failure, type Failure } from '../../core/diagnostic.ts';
import { exportsOf, type Exports } from './exports.ts';
import { loadModule, type LoadedModule } from './module.ts';
import type { ThreadData } from './thread.ts';

export interface InstanceOptions {
  /** Threads that work, with the caller's. Without shared memory there is one. */
  readonly threads: number;
  readonly memoryLimit?: number;
}

const STACK_BYTES = 2 ** 19;

export class Instance {
  readonly exports: Exports;
  readonly #loaded: LoadedModule;
  readonly #workers: Worker[] = [];
  readonly #threads: number;
  #failure: Failure | undefined;
  #bytes: Uint8Array<ArrayBufferLike> = new Uint8Array();

  /** @throws Failure `webassembly-missing`, `system-limit` */
  constructor({ threads, memoryLimit }: InstanceOptions) {
    this.#loaded = loadModule({
      shared: threads > 1,
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
    });
    const { module, memory, shared } = this.#loaded;
    this.#threads = shared ? threads : 1;
    this.exports = exportsOf(new WebAssembly.Instance(module, { env: { memory } }));
    this.exports.__wasm_call_ctors();
    if (shared) this.exports.mayWait();
  }

  /** Threads that work, once all have started. */
  get threads(): number {
    return this.#threads;
  }

  /** All of the memory, as long as it is. A view is good until more memory is allocated. */
  get bytes(): Uint8Array<ArrayBufferLike> {
    const { buffer } = this.#loaded.memory;
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

  /** Frees a program that was read. */
  unload(program: number): void {
    if (this.#failure === undefined) this.exports.unload(program);
  }

  /** Bytes that are in use. */
  get heldBytes(): number {
    return this.exports.heldBytes() >>> 0;
  }

  /** Starts the other threads. The caller does not wait for them: they help as soon as they are there. */
  startThreads(): void {
    const { module, memory } = this.#loaded;
    while (this.#workers.length < this.#threads - 1) {
      const data: ThreadData = {
        module,
        memory,
        stack: this.allocate(STACK_BYTES) + STACK_BYTES,
        variables: this.allocate(this.exports.__tls_size.value),
      };
      const worker = new Worker(THREAD, { workerData: data, execArgv: [] });
      // A process ends although they wait. One that cannot start is no reason to stop: the others do its work.
      worker.unref();
      worker.on('error', () => undefined);
      this.#workers.push(worker);
    }
  }

  /**
   * Calls into the module.
   *
   * @throws Failure `model-too-large` if memory is exhausted, `engine-failed` if it traps, in whichever thread
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
              `the portable engine failed in the middle of a step (${error.message})`,
              'please report it, with the pipeline; `--engine native` runs the same steps by TensorFlow',
            );
      throw this.#failure;
    }
  }

  /** Ends the threads; nothing can be called afterwards. */
  async dispose(): Promise<void> {
    this.#failure ??= failure('engine-failed', 'the portable engine was closed');
    this.exports.close();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    this.#workers.length = 0;
  }
}

/** The file of a thread, compiled as this one is. */
const THREAD = new URL(`./thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);

function tooLarge(bytes: number, held: number): Failure {
  return failure(
    'model-too-large',
    `the portable engine needs ${megabytes(bytes)} MB more than the ${megabytes(held)} MB that it uses, and WebAssembly has no more than 4 GB`,
    'use a smaller batch or model, or `--engine native`',
  );
}

function megabytes(bytes: number): number {
  return Math.ceil(bytes / 1e6);
}
