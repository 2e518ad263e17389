/** A thread of the portable engine: what a worker runs. It takes parts of the main thread's work until the main thread ends it. */
import { parentPort, workerData } from 'node:worker_threads';
import { exportsOf } from './exports.ts';

export interface ThreadData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  /** The end of the thread's stack, which grows downwards. */
  readonly stack: number;
  /** Memory for the thread's own variables. */
  readonly variables: number;
}

if (parentPort !== null) {
  const { module, memory, stack, variables } = workerData as ThreadData;
  const exports = exportsOf(new WebAssembly.Instance(module, { env: { memory } }));
  exports.__stack_pointer.value = stack;
  exports.__wasm_init_tls(variables);
  try {
    exports.serve();
  } catch {
    exports.fail();
  }
}
