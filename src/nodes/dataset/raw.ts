/** One split as its source gives it, before it is cut to `limit` and scaled. */
import type { Skipped } from './collect.ts';

export interface RawSplit {
  /** [count, height, width] or [count, height, width, channels]. */
  readonly images: { readonly shape: readonly number[]; readonly data: Uint8Array | Float32Array };
  readonly labels?: { readonly shape: readonly number[]; readonly data: Uint8Array | Int32Array };
  /** Names of the classes, by label. */
  readonly classes?: readonly string[];
  /** Image files that are left out, and why. */
  readonly skipped?: readonly Skipped[];
  /** Names for messages. */
  readonly imagesName: string;
}
