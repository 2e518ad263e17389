/** The compiled kernels of the package. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import { packageRoot } from '../../core/package-root.ts';
import { waysOut } from '../../core/system.ts';
import { makeMemory, MOST_BYTES, whyMissing, withoutSharing } from './binary.ts';

export interface ModuleOptions {
  /** Whether other threads share the memory. If that is not possible, it is not shared. */
  readonly shared: boolean;
  /** The most bytes that the memory may have; the lowest possible limit is 4 MiB. */
  readonly memoryLimit?: number;
}

export interface LoadedModule {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
}

/** By whether the memory is shared: compiled once in a process. */
const compiled = new Map<boolean, WebAssembly.Module>();

/** @throws Failure `webassembly-missing` if there is no WebAssembly, or none with vectors; `system-limit` */
export function loadModule({ shared, memoryLimit = MOST_BYTES }: ModuleOptions): LoadedModule {
  const missing = whyMissing();
  if (missing !== undefined) {
    throw failure(
      'webassembly-missing',
      missing,
      'use Node 20 or later without `--jitless`, on a processor with SSE4.1 or NEON',
    );
  }
  const together = shared ? makeMemory(true, memoryLimit) : undefined;
  const memory = together ?? makeMemory(false, memoryLimit);
  if (memory === undefined) {
    throw failure(
      'system-limit',
      'the system does not provide memory for WebAssembly',
      waysOut(['raise the limit of virtual memory with `ulimit -v`', 'close other programs']),
    );
  }
  const isShared = together !== undefined;
  const module = compiled.get(isShared) ?? compile(isShared);
  compiled.set(isShared, module);
  return { module, memory, shared: isShared };
}

/** Features of WebAssembly on this machine. */
export interface WebAssemblyFeatures {
  /** Vectors of 128 bits, which the module needs. */
  readonly simd: boolean;
  /** Memory that threads share; without it, one thread computes. */
  readonly threads: boolean;
}

export function webAssemblyFeatures(): WebAssemblyFeatures {
  return {
    simd: whyMissing() === undefined,
    threads: typeof WebAssembly !== 'undefined' && makeMemory(true, 0) !== undefined,
  };
}

function compile(shared: boolean): WebAssembly.Module {
  const bytes = moduleBytes();
  return new WebAssembly.Module(shared ? bytes : withoutSharing(bytes));
}

/** `hourglass.wasm` */
export function moduleBytes(): Uint8Array {
  return readFileSync(join(packageRoot, 'src', 'engine', 'webassembly', 'hourglass.wasm'));
}

/** Distinguishes builds of the module: results may differ in their low-order bits. */
export function moduleHash(): string {
  return createHash('sha256').update(moduleBytes()).digest('hex').slice(0, 12);
}
