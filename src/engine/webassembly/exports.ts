/** What the compiled module exports: `kernels/wasm.cc`. A pointer is an offset in the memory, which may come as a negative number. */
export interface Exports {
  readonly __stack_pointer: WebAssembly.Global;
  readonly __tls_size: WebAssembly.Global;
  /** Prepares the memory; called by the first instance on it. */
  __wasm_call_ctors(): void;
  /** Prepares a thread's own variables in memory of `__tls_size` bytes. */
  __wasm_init_tls(memory: number): void;
  /** Memory aligned to 64 bytes; 0 if there is no more. */
  allocate(bytes: number): number;
  release(memory: number): void;
  heldBytes(): number;
  /** Bytes of the last request that was refused. */
  refusedBytes(): number;
  /** Reads a program of this many words; 0 if it is refused. */
  load(words: number, count: number): number;
  unload(program: number): void;
  /** Does the work that is described in memory, see `executor.ts`. */
  run(program: number, call: number): void;
  runTask(program: number, index: number): void;
  /** Tells that the main thread may sleep. */
  mayWait(): void;
  /** Takes parts of the main thread's work until `close`. */
  serve(): void;
  /** Threads that are in `serve`. */
  serving(): number;
  close(): void;
  /** Makes the main thread trap: called where another thread has trapped. */
  fail(): void;
}

export function exportsOf(instance: WebAssembly.Instance): Exports {
  const exports: unknown = instance.exports;
  return exports as Exports;
}
