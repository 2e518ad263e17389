/** An instance with threads, which are workers of Node on the same memory. */
import { Worker } from 'node:worker_threads';
import { Instance } from './instance.ts';
import { loadModule, type LoadedModule } from './module.ts';
import type { ThreadData } from './thread.ts';

export interface InstanceOptions {
  /** Threads that work, with the caller's. Without shared memory there is one. */
  readonly threads: number;
  readonly memoryLimit?: number;
}

const STACK_BYTES = 2 ** 19;

export class ThreadedInstance extends Instance {
  readonly #loaded: LoadedModule;
  readonly #workers: Worker[] = [];
  readonly #threads: number;

  /** @throws Failure `webassembly-missing`, `system-limit` */
  constructor({ threads, memoryLimit }: InstanceOptions) {
    const loaded = loadModule({
      shared: threads > 1,
      ...(memoryLimit === undefined ? {} : { memoryLimit }),
    });
    const { module, memory, shared } = loaded;
    super(new WebAssembly.Instance(module, { env: { memory } }), memory);
    this.#loaded = loaded;
    this.#threads = shared ? threads : 1;
    if (shared) this.exports.mayWait();
  }

  /** Threads that work, once all have started. */
  get threads(): number {
    return this.#threads;
  }

  /** Starts the other threads. The caller does not wait for them: they help as soon as they have started. */
  startThreads(): void {
    const { module, memory } = this.#loaded;
    while (this.#workers.length < this.#threads - 1) {
      const data: ThreadData = {
        module,
        memory,
        stack: this.allocate(STACK_BYTES) + STACK_BYTES,
        variables: this.allocate(this.exports.__tls_size.value),
      };
      const worker = startWorker(data);
      // One that cannot start is no reason to stop: the others do its work.
      if (worker === undefined) break;
      // Waiting threads do not keep the process alive.
      worker.unref();
      worker.on('error', () => undefined);
      this.#workers.push(worker);
    }
  }

  /** Ends the threads; nothing can be called afterwards. */
  async dispose(): Promise<void> {
    this.close();
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    this.#workers.length = 0;
  }
}

/** Undefined if the system provides no thread, or Node may not start one. */
function startWorker(data: ThreadData): Worker | undefined {
  try {
    return new Worker(THREAD, { workerData: data, execArgv: [] });
  } catch {
    return undefined;
  }
}

/** The file of a thread, compiled as this one is. */
const THREAD = new URL(`./thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url);
