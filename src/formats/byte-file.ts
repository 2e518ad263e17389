/** A file of which parts are read, wherever they are. */
import { closeSync, openSync, readSync } from 'node:fs';
import { failure } from '../core/diagnostic.ts';

/** Bytes that are moved by one system call: some systems take no more than 2 GiB at once. */
const CHUNK = 2 ** 26;

/** Closes files that nothing reads any more. */
const closing = new FinalizationRegistry<number>((descriptor) => closeSync(descriptor));

/** Opened when it is first read, and closed when nothing refers to it. Reading waits for the disk. */
export class ByteFile {
  readonly #path: string;
  #descriptor: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Fills `bytes` with those of the file from `position` on.
   *
   * @throws Failure `data-missing` if the file cannot be opened, `data-corrupt` where it has become shorter
   */
  readInto(bytes: Uint8Array, position: number): void {
    const descriptor = this.#open();
    for (let done = 0; done < bytes.length;) {
      const length = Math.min(CHUNK, bytes.length - done);
      const read = readSync(descriptor, bytes, done, length, position + done);
      if (read === 0) throw failure('data-corrupt', `\`${this.#path}\` has become shorter while it was read`);
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
