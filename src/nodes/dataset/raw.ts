/** One split as its source returns it, before it is checked, cut to `limit` and scaled. */
import type { ImageNames } from '../../formats/image-names.ts';
import type { HeldNumbers, NumberSource } from '../../formats/numbers.ts';
import { hashOfPixels } from '../../formats/pixel-hash.ts';
import type { FirstRows } from '../../formats/numpy-types.ts';
import type { SaveLine } from '../../formats/numpy.ts';
import type { DatasetSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';
import type { Skipped } from './pictures/skipped.ts';

/** An array of the user, with its names for messages. */
export interface RawArray<Data> {
  readonly shape: readonly number[];
  /** The number of rows in the file, if only the first were read. */
  readonly total?: number;
  readonly data: Data;
  /** In backticks if it is a file or an array. */
  readonly name: string;
  /** The setting that names it. */
  readonly at?: string;
  readonly save?: SaveLine;
}

/**
 * The type of the values. `integer`: more than 16 bits or signed, but pixels all the same. `file`: the values of image files, with
 * 8 or 16 bits.
 */
export type PixelKind = 'bool' | 'uint8' | 'uint16' | 'integer' | 'float' | 'file';

/** 16-bit values are floats if they are read in pieces. */
export type RawPixels = HeldNumbers | Uint16Array | NumberSource;

export interface RawImages extends RawArray<RawPixels> {
  /** Whether values that are read in pieces have 16 bits. */
  readonly wide?: boolean;
  readonly kind: PixelKind;
  /** As NumPy calls it. */
  readonly dtype: string;
}

export interface RawSplit {
  /** [count, height, width] or [count, height, width, channels]. */
  readonly images: RawImages;
  readonly labels?: RawArray<Uint8Array | Int32Array>;
  /** The clean images of the pairs, in the same order. */
  readonly clean?: RawImages;
  /** Names of the classes, by label. */
  readonly classes?: readonly string[];
  /** Skipped image files, with the reasons. */
  readonly skipped?: readonly Skipped[];
  /** The identity of each image: as many names as images. */
  readonly names: ImageNames;
}

export type RawSplits = Readonly<Partial<Record<Split, RawSplit>>>;

/** The range of images of bytes. */
export function byteRange(normalize: DatasetSettings['normalize']): readonly [number, number] {
  return normalize === 'minmax' ? [0, 1] : [0, 255];
}

/** How many images of a split are kept at most. */
export function limitOf({ limit }: Pick<DatasetSettings, 'limit'>, split: Split): number {
  const own = typeof limit === 'number' ? limit : limit?.[split];
  return own ?? Infinity;
}

/** Arrays and tables up to this size in bytes are read whole, even if `limit` keeps only a part: this shows whether classes are lost. */
const WHOLE_BYTES = 2 ** 27;

/** The part of an array or a table that is read. */
export function firstRows(settings: Pick<DatasetSettings, 'limit'>, split: Split): FirstRows {
  return { rows: limitOf(settings, split), above: WHOLE_BYTES };
}

/** The source of images from an array: the same for the same values, whichever file contains them. */
export function arraySource(data: HeldNumbers | Uint16Array): string {
  return `array/${hashOfPixels(data, false)}`;
}
