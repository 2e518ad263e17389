/** The compiled kernels, and the memory that they work on. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import { packageRoot } from '../../core/package-root.ts';

/** Bytes of a page of memory. */
const PAGE = 65_536;

/** Pages that the module has from the beginning, at least: its stack and its constants. */
const FIRST_PAGES = 32;

/** The most that the module takes, as `scripts/wasm/compile.ts` says. */
const MOST_PAGES = 65_535;

export interface ModuleOptions {
  /** Whether other threads are to share the memory. Where that cannot be, it is not shared. */
  readonly shared: boolean;
  /** Bytes that the memory may have at most; the least possible limit is 4 MiB. */
  readonly memoryLimit?: number;
}

export interface LoadedModule {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly shared: boolean;
}

/** By whether the memory is shared: compiled once in a process. */
const compiled = new Map<boolean, WebAssembly.Module>();

/** @throws Failure `webassembly-missing` where there is no WebAssembly, or none with vectors; `system-limit` */
export function loadModule({ shared, memoryLimit = MOST_PAGES * PAGE }: ModuleOptions): LoadedModule {
  const missing = whyMissing();
  if (missing !== undefined) {
    throw failure(
      'webassembly-missing',
      missing,
      'use Node 20 or later without `--jitless`, on a processor with SSE4.1 or NEON',
    );
  }
  const pages = Math.max(FIRST_PAGES * 2, Math.min(MOST_PAGES, Math.floor(memoryLimit / PAGE)));
  const together = shared ? makeMemory(true, pages) : undefined;
  const memory = together ?? makeMemory(false, pages);
  if (memory === undefined) {
    throw failure(
      'system-limit',
      'the system gives WebAssembly no memory',
      'raise the limit of virtual memory with `ulimit -v`',
    );
  }
  const isShared = together !== undefined;
  const module = compiled.get(isShared) ?? compile(isShared);
  compiled.set(isShared, module);
  return { module, memory, shared: isShared };
}

/** What WebAssembly has on this machine. */
export interface WebAssemblyFeatures {
  /** Vectors of 128 bits, which the module needs. */
  readonly simd: boolean;
  /** Memory that threads share; without it, one thread computes. */
  readonly threads: boolean;
}

export function webAssemblyFeatures(): WebAssemblyFeatures {
  return {
    simd: whyMissing() === undefined,
    threads: typeof WebAssembly !== 'undefined' && makeMemory(true, 2 * FIRST_PAGES) !== undefined,
  };
}

/** Why the module cannot run here; undefined where it can. */
export function whyMissing(): string | undefined {
  if (typeof WebAssembly === 'undefined') return 'this JavaScript engine runs without WebAssembly';
  return WebAssembly.validate(SIMD_MODULE)
    ? undefined
    : 'WebAssembly has no vector instructions on this machine';
}

/** A function that returns a vector of zeros. */
const SIMD_MODULE = Uint8Array.of(
  ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
  ...[0x01, 0x05, 0x01, 0x60, 0x00, 0x01, 0x7b],
  ...[0x03, 0x02, 0x01, 0x00],
  ...[0x0a, 0x08, 0x01, 0x06, 0x00, 0x41, 0x00, 0xfd, 0x0f, 0x0b],
);

function compile(shared: boolean): WebAssembly.Module {
  const bytes = moduleBytes();
  return new WebAssembly.Module(shared ? bytes : withoutSharing(bytes));
}

function moduleBytes(): Uint8Array {
  return readFileSync(join(packageRoot, 'src', 'engine', 'webassembly', 'hourglass.wasm'));
}

/** Tells one build of the module from another: results may differ in their last digits. */
export function moduleHash(): string {
  return createHash('sha256').update(moduleBytes()).digest('hex').slice(0, 12);
}

/** A memory with the largest limit that the system allows: shared memory takes its whole limit of addresses at once. */
function makeMemory(shared: boolean, pages: number): WebAssembly.Memory | undefined {
  if (shared && typeof SharedArrayBuffer === 'undefined') return undefined;
  for (let maximum = pages; maximum >= FIRST_PAGES * 2; maximum = Math.floor(maximum / 2)) {
    try {
      return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

/**
 * The module for a memory that is not shared: its atomic instructions are valid on that, too. In the flags of the limits of the
 * imported memory, the second bit says that it is shared (WebAssembly's threads proposal).
 */
export function withoutSharing(bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  copy[memoryFlags(bytes)] = 1;
  return copy;
}

const IMPORTS = 2;
const MEMORY = 2;
const SHARED_WITH_MAXIMUM = 3;

/** Where the flags lie. The memory is the only thing that is imported. */
function memoryFlags(bytes: Uint8Array): number {
  let at = 8;
  const number = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  const skip = (): void => {
    const length = number();
    at += length;
  };
  while (at < bytes.length) {
    if (bytes[at++] !== IMPORTS) {
      skip();
      continue;
    }
    // The length of the section and the number of imports; then the names of the module and of the memory.
    number();
    number();
    skip();
    skip();
    if (bytes[at] === MEMORY && bytes[at + 1] === SHARED_WITH_MAXIMUM) return at + 1;
    break;
  }
  throw new TypeError('hourglass.wasm imports no shared memory');
}
