/** The module as bytes, and the memory that it works on: in Node and in pages. */

/** Bytes of a page of memory. */
const PAGE = 65_536;

/** The fewest pages that the module starts with: its stack and its constants. */
const FIRST_PAGES = 32;

/** The most that the module takes, as `scripts/wasm/compile.ts` says. */
const MOST_PAGES = 65_535;
export const MOST_BYTES = MOST_PAGES * PAGE;

/** Why the module cannot run here; undefined if it can. */
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

/**
 * A memory with the largest limit that the system allows: shared memory takes its whole limit of addresses at once.
 *
 * @param limit in bytes; the least possible one is 4 MiB
 * @returns undefined if there is none
 */
export function makeMemory(shared: boolean, limit = MOST_BYTES): WebAssembly.Memory | undefined {
  if (shared && typeof SharedArrayBuffer === 'undefined') return undefined;
  const least = 2 * FIRST_PAGES;
  const most = Math.max(least, Math.min(MOST_PAGES, Math.floor(limit / PAGE)));
  for (let maximum = most; maximum >= least; maximum = Math.floor(maximum / 2)) {
    try {
      return new WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared });
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

/**
 * The module for a memory that is not shared: its atomic instructions are valid for that, too. In the flags of the limits of the
 * imported memory, the second bit says that it is shared (WebAssembly's threads proposal).
 */
export function withoutSharing(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  copy[memoryFlags(bytes)] = 1;
  return copy;
}

const IMPORTS = 2;
const MEMORY = 2;
const SHARED_WITH_MAXIMUM = 3;

/** Where the flags are. The memory is the only import. */
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
