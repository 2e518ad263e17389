/**
 * What a page contains of a trained model, so that a reader can try it there: one JSON element for each model. `write/content.ts`
 * writes it; `page/read.ts` reads it in the page, and trusts nothing: afterwards all sizes, shapes and numbers are what is
 * promised here.
 */
import type { ImageShape } from '../core/stage-type.ts';
import type { NoiseSettings } from '../schema/generated/settings.ts';

export const FORMAT = 'hourglass-explorer-1';

/** Latents with more values than this are not in the page: they are computed there when they are needed. */
export const MOST_STORED_LATENTS = 64;

export interface ExplorerData {
  readonly format: typeof FORMAT;
  /** The name of the stage that trained the model. */
  readonly stage: string;
  /** Shape of the images that the encoder takes, and of those that the decoder returns: [height, width, channels]. */
  readonly input: ImageShape;
  readonly output: ImageShape;
  /** Lowest and highest value of the pixels that go in, and of those that should come out, such as [0, 1]. */
  readonly inputRange: readonly [low: number, high: number];
  readonly outputRange: readonly [low: number, high: number];
  /** The shape of a latent: [16], or [7, 7, 16] of convolutional layers and codes. */
  readonly latent: readonly number[];
  /** Of a conditional model: the number of classes. It needs a label, from 0, whenever it encodes or decodes. */
  readonly classes?: number;
  /** Whether it was trained to remove noise: images with noise went in, and the same images without it were the target. */
  readonly denoiser: boolean;
  /** Where new latents can be drawn from: the normal distribution that a variational model or its regularizer follows. */
  readonly prior?: 'normal';
  /** Of a quantised latent, whose last axis is always one of these vectors: row-major [count, length of the last axis]. */
  readonly codes?: { readonly count: number; readonly values: Packed };
  readonly images: ExplorerImages;
  /** Noise of the pipeline on these images, in the order of the stages. */
  readonly noise: readonly { readonly stage: string; readonly settings: NoiseSettings }[];
  readonly weights: {
    /**
     * `int16`: kernels are rounded to multiples of a step, of which the largest weight of a variable has 2^14. In as many bytes,
     * float16 has fewer digits of all weights but the smallest, and several times the error.
     */
    readonly type: 'int16' | 'float32';
    /**
     * Of `int16`: the largest difference of outputs from those with float32 weights, over test images, as a share of the output's
     * range.
     */
    readonly error?: number;
  };
  readonly encoder: ModelData;
  readonly decoder: ModelData;
}

/** Some test images (or training images, if there are no others) without noise, evenly spaced over the data set. */
export interface ExplorerImages {
  /** The stage whose images they are. */
  readonly stage: string;
  readonly split: 'train' | 'test';
  readonly count: number;
  /** The place of each in the split, from 0. */
  readonly places: readonly number[];
  /** A byte for each value: row-major [count, ...input]. A byte `b` stands for the pixel `b * scale + offset`. */
  readonly pixels: Packed;
  readonly scale: number;
  readonly offset: number;
  /** Class labels, from 0. */
  readonly labels?: readonly number[];
  /** Names of the classes: label n is called `classes[n]`. */
  readonly classes?: readonly string[];
  /** The latents of the images: float32, row-major [count, ...latent]. Absent if a latent has more than `MOST_STORED_LATENTS` values. */
  readonly latents?: Packed;
}

export interface ModelData {
  /**
   * The forward pass for one image, as `engine/program/print.ts` writes it. Its first input is an image or a latent; of a
   * conditional model, the second one is the label. Its only result is the output.
   */
  readonly program: string;
  /**
   * The elements of the program's variables, float32, one after the other; of `int16`, only those of vectors, which are not
   * rounded.
   */
  readonly weights: Packed;
  /**
   * Of `int16`: the elements of the other variables, one after the other, each as an integer plus 2^15. First come the lower bytes
   * of all elements, then the upper ones, which compresses better.
   */
  readonly integers?: Packed;
  /** What the integer 1 stands for, for each of these variables. */
  readonly scales?: readonly number[];
}

/** Numbers as text: little-endian bytes, compressed by zlib (RFC 1950), in base64. */
export type Packed = string;
