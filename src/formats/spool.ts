/** Collects decoded images, in memory or, if they take too much of it, in a file. */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { failure } from '../core/diagnostic.ts';
import { mostHeld } from '../files/memory.ts';
import { joinPixels, WIDENED, type Pixels } from './decode.ts';
import { NumberSource, scaled, zeros, type HeldNumbers } from './numbers.ts';

/** A stored image. */
export type SpooledImage =
  | { readonly pixels: Pixels }
  | { /** Where its values begin in the file, in bytes. */ readonly at: number; readonly wide: boolean };

export interface SpooledRows {
  /** 16-bit values are floats if not all images are in memory. */
  readonly data: Pixels | NumberSource;
  /** Whether any image has 16 bits. Then 8-bit values are widened. */
  readonly wide: boolean;
}

export class Spool {
  readonly #path: string;
  readonly #mostHeld: number;
  #held = 0;
  #end = 0;
  #descriptor: number | undefined;

  /**
   * @param path path of the file, which is created when it is needed
   * @param most maximum bytes held in memory
   */
  constructor(path: string, most = mostHeld()) {
    this.#path = path;
    this.#mostHeld = most;
  }

  add(pixels: Pixels): SpooledImage {
    if (this.#held + pixels.byteLength <= this.#mostHeld) {
      this.#held += pixels.byteLength;
      return { pixels };
    }
    this.#descriptor ??= openSync(this.#path, 'wx+');
    const at = this.#end;
    const bytes = bytesOf(pixels);
    for (let done = 0; done < bytes.length;)
      done += writeSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
    this.#end += bytes.length;
    return { at, wide: pixels instanceof Uint16Array };
  }

  /** Images of one size, in this order. They can be read until the spool is disposed. */
  rows(images: readonly SpooledImage[], rowLength: number): SpooledRows {
    const wide = images.some((image) =>
      'pixels' in image ? image.pixels instanceof Uint16Array : image.wide,
    );
    const held = images.flatMap((image) => ('pixels' in image ? [image.pixels] : []));
    if (held.length === images.length) return { data: joinPixels(held), wide };
    const read = (image: SpooledImage): Pixels =>
      'pixels' in image ? image.pixels : this.#read(image, rowLength);
    return { data: new Rows(images, { rowLength, wide, read }), wide };
  }

  dispose(): void {
    if (this.#descriptor === undefined) return;
    closeSync(this.#descriptor);
    rmSync(this.#path, { force: true });
    this.#descriptor = undefined;
  }

  #read({ at, wide }: Extract<SpooledImage, { at: number }>, length: number): Pixels {
    if (this.#descriptor === undefined) throw new Error('the images are gone');
    const pixels = wide ? new Uint16Array(length) : new Uint8Array(length);
    const bytes = bytesOf(pixels);
    for (let done = 0; done < bytes.length;) {
      const read = readSync(this.#descriptor, bytes, done, bytes.length - done, at + done);
      if (read === 0) throw failure('data-corrupt', `\`${this.#path}\` has become shorter`);
      done += read;
    }
    return pixels;
  }
}

class Rows extends NumberSource {
  readonly #images: readonly SpooledImage[];
  readonly #read: (image: SpooledImage) => Pixels;

  constructor(
    images: readonly SpooledImage[],
    own: { rowLength: number; wide: boolean; read: (image: SpooledImage) => Pixels },
  ) {
    super(own.wide ? 'float32' : 'uint8', images.length * own.rowLength, own.rowLength);
    this.#images = images;
    this.#read = own.read;
  }

  read(start: number, end: number): HeldNumbers {
    const size = this.rowLength;
    const [first, last] = [Math.floor(start / size), Math.ceil(end / size)];
    const rows = zeros(this.type, (last - first) * size);
    this.#images.slice(first, last).forEach((image, index) => {
      const pixels = this.#read(image);
      const isWidened = this.type === 'float32' && pixels instanceof Uint8Array;
      rows.set(isWidened ? scaled(pixels, { scale: WIDENED, offset: 0 }) : pixels, index * size);
    });
    return rows.subarray(start - first * size, end - first * size);
  }
}

function bytesOf({ buffer, byteOffset, byteLength }: Pixels): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
