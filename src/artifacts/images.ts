/** Image sets as stages hand them on: `images.json` beside one `.npy` file a split. */
import type { ImageShape, Split } from '../core/stage-type.ts';

/**
 * Images of one split. A stored value `v` stands for the intensity `v * scale + offset`, so that MNIST stays in its
 * bytes: `scale` is 1/255 after `normalize: minmax`.
 */
export interface ImageArray {
  /** Row-major [count, height, width, channels]. */
  readonly data: Uint8Array | Float32Array;
  readonly count: number;
  readonly shape: ImageShape;
  readonly scale: number;
  readonly offset: number;
  /** Class labels, one an image, from 0. */
  readonly labels?: Uint8Array | Int32Array;
}

/** The content of `images.json`. */
export interface ImageSetRecord {
  readonly shape: ImageShape;
  /** Lowest and highest intensity. */
  readonly range: readonly [number, number];
  readonly scale: number;
  readonly offset: number;
  readonly splits: Readonly<
    Partial<Record<Split, { readonly count: number; readonly images: string; readonly labels?: string }>>
  >;
}
