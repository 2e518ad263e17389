/** One split as its source gives it, before it is cut to `limit` and scaled. */
import type { ImageNames } from '../../artifacts/image-names.ts';
import { sha256 } from '../../core/json.ts';
import type { Skipped } from './skipped.ts';

export interface RawSplit {
  /** [count, height, width] or [count, height, width, channels]. */
  readonly images: { readonly shape: readonly number[]; readonly data: Uint8Array | Float32Array };
  readonly labels?: { readonly shape: readonly number[]; readonly data: Uint8Array | Int32Array };
  /** Names of the classes, by label. */
  readonly classes?: readonly string[];
  /** Image files that are left out, and why. */
  readonly skipped?: readonly Skipped[];
  /** Which images they are: as many names as images. */
  readonly names: ImageNames;
  /** Names for messages. */
  readonly imagesName: string;
}

/** The source of images that were read from an array: the same for the same values, whatever file they lie in. */
export function arraySource(data: Uint8Array | Float32Array): string {
  return `array/${sha256(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))}`;
}
