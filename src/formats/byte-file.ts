/** Random access to a file. */
import { closeSync, openSync, readSync } from 'node:fs';
import { failure } from '../core/diagnostic.ts';

/** Maximum bytes per system call: some systems accept at most 2 GiB. */
const CHUNK = 2 ** 26;

/** Closes files that are no longer referenced. */
const closing = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** Opened at the first read, and closed when it is no longer referenced. Reading is synchronous. */
export class ByteFile {
  readonly #path: string;
  #descriptor: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Fills `bytes` from the file, starting at `position`.
   *
   * @throws Failure `data-missing` if the file cannot be opened, `data-corrupt` if it has become shorter
   */
  readInto(bytes: Uint8Array, position: number): void {
    const descriptor = this.#open();
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(CHUNK, bytes.length - done);
      const read = readSync(descriptor, bytes, done, length, position + done);
      if (read === 0) throw failure('data-corrupt', `\`${this.#path}\` became shorter while it was read`);
      done += read;
    }
  }

  #open(): number {
    if (this.#descriptor !== undefined) return this.#descriptor;
    try {
      this.#descriptor = openSync(this.#path, 'r');
    } catch {
      throw failure('data-missing', `\`${this.#path}\` cannot be read`);
    }
    closing.register(this, this.#descriptor);
    return this.#descriptor;
  }
}
