/** The parts of WebAssembly's JavaScript interface that are used here. The types of Node 20 do not declare them. */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    readonly initial: number;
    readonly maximum?: number;
    readonly shared?: boolean;
  }

  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: ArrayBuffer | SharedArrayBuffer;
  }

  class Global {
    value: number;
  }

  interface Module {
    readonly [Symbol.toStringTag]: 'WebAssembly.Module';
  }

  const Module: new (bytes: Uint8Array) => Module;

  type Imports = Readonly<Record<string, Readonly<Record<string, Memory | (() => number)>>>>;

  class Instance {
    constructor(module: Module, imports: Imports);
    readonly exports: object;
  }

  class RuntimeError extends Error {}

  /** Does not block: a page may not wait for it. */
  function compile(bytes: Uint8Array): Promise<Module>;

  function instantiate(module: Module, imports: Imports): Promise<Instance>;

  function validate(bytes: Uint8Array): boolean;
}
