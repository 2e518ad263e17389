/** What is used of WebAssembly's JavaScript interface, which the types of Node 20 do not declare. */
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

  /** Without holding up the page, which may not wait for it. */
  function compile(bytes: Uint8Array): Promise<Module>;

  function instantiate(module: Module, imports: Imports): Promise<Instance>;

  function validate(bytes: Uint8Array): boolean;
}
