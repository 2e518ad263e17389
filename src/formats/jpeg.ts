/**
 * Plain JPEG files to pixels, by libjpeg-turbo in WebAssembly. libvips, which reads all other files, takes several times as long
 * for small ones, mostly for set-up. Both decoders return the same bits.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { JpegHeader } from './jpeg-header.ts';

/** Functions of libjpeg-turbo. Pointers and numbers are 32 bits. */
interface Library {
  readonly memory: WebAssembly.Memory;
  malloc(bytes: number): number;
  free(pointer: number): void;
  tjInitDecompress(): number;
  tjDestroy(handle: number): number;
  tjDecompressHeader3(
    handle: number,
    ...input: readonly [
      pointer: number,
      bytes: number,
      width: number,
      height: number,
      chroma: number,
      color: number,
    ]
  ): number;
  tjDecompress2(
    handle: number,
    ...input: readonly [
      ...[pointer: number, bytes: number, output: number],
      ...[width: number, pitch: number, height: number, format: number, flags: number],
    ]
  ): number;
}

/** Output formats of `tjDecompress2`. */
const [RGB, GRAY] = [0, 6];

/** Chroma subsampling by 1x1, 2x1 and 2x2, and gray. Versions of the library treat others differently. */
const CHROMA: ReadonlySet<number> = new Set([0, 1, 2, 3]);

/** RGB, YCbCr and gray. */
const COLORS: ReadonlySet<number> = new Set([0, 1, 2]);

export interface PlainPixels {
  /** Row-major [height, width, channels]. */
  readonly data: Uint8Array;
  readonly channels: 1 | 3;
}

/** Decodes one image at a time. */
export class JpegDecoder {
  readonly #module: WebAssembly.Module;
  #library: Library | undefined;
  #buffer = 0;
  #size = 0;

  /** @throws if WebAssembly is not available */
  constructor() {
    const path = createRequire(import.meta.url).resolve('@cwasm/jpeg-turbo/jpeg-turbo.wasm');
    this.#module = new WebAssembly.Module(readFileSync(path));
  }

  /** @returns undefined for files that are not plain or may be damaged: libvips reads them, or reports the error */
  decode(bytes: Uint8Array, header: JpegHeader): PlainPixels | undefined {
    try {
      const library = (this.#library ??= this.#start());
      // One handle per file: it would keep the tables of one file for the next, which may have none.
      const handle = library.tjInitDecompress();
      const pixels = this.#decodeBy(library, handle, bytes, header);
      library.tjDestroy(handle);
      return pixels;
    } catch {
      // After an exception, the memory of the library is in an unknown state.
      this.#library = undefined;
      return undefined;
    }
  }

  #decodeBy(
    library: Library,
    handle: number,
    bytes: Uint8Array,
    { width, height, components }: JpegHeader,
  ): PlainPixels | undefined {
    const channels = components === 1 ? 1 : 3;
    const length = width * height * channels;
    const input = this.#reserve(library, bytes.length + 32 + length);
    const facts = (input + bytes.length + 3) & ~3;
    new Uint8Array(library.memory.buffer).set(bytes, input);
    const places = [facts, facts + 4, facts + 8, facts + 12] as const;
    const isRead = library.tjDecompressHeader3(handle, input, bytes.length, ...places) === 0;
    // The buffer is replaced when memory grows.
    const [ownWidth, ownHeight, chroma = -1, color = -1] = new Int32Array(library.memory.buffer, facts, 4);
    if (!isRead || ownWidth !== width || ownHeight !== height) return undefined;
    if (!CHROMA.has(chroma) || !COLORS.has(color)) return undefined;
    const output = facts + 16;
    const size = [width, width * channels, height] as const;
    const format = channels === 1 ? GRAY : RGB;
    if (library.tjDecompress2(handle, input, bytes.length, output, ...size, format, 0) !== 0)
      return undefined;
    return { data: new Uint8Array(library.memory.buffer, output, length).slice(), channels };
  }

  #start(): Library {
    const refuse = (): never => {
      throw new Error('refused');
    };
    const [setjmp, none] = [() => 0, () => 0];
    const { exports } = new WebAssembly.Instance(this.#module, {
      env: { setjmp, longjmp: refuse },
      wasi_snapshot_preview1: {
        ...{ environ_sizes_get: none, environ_get: refuse, proc_exit: refuse },
        ...{ fd_close: refuse, fd_seek: refuse, fd_write: refuse },
      },
    });
    const library = exports as unknown as Library;
    [this.#buffer, this.#size] = [0, 0];
    return library;
  }

  #reserve(library: Library, bytes: number): number {
    if (bytes > this.#size) {
      if (this.#buffer !== 0) library.free(this.#buffer);
      this.#buffer = library.malloc(bytes);
      this.#size = bytes;
      if (this.#buffer === 0) throw new Error('no memory');
    }
    return this.#buffer;
  }
}
