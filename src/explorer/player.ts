/**
 * What a page can do with a model. In a page, `hourglass.open(element)` returns a promise of a player; see `page.ts`.
 *
 * Pixels, latents and outputs are row-major, in the model's own numbers: pixels lie in `data.inputRange`, outputs near
 * `data.outputRange`, and neither is clipped. All arrays that a player returns are new, except those of properties, which nobody
 * may change. All methods are synchronous, and throw a RangeError for arrays of a wrong length, for numbers that are not finite,
 * and for labels that do not exist.
 */
import type { NoiseSettings } from '../schema/generated/settings.ts';
import type { ExplorerData } from './data.ts';

export interface Player {
  /** Checked. */
  readonly data: ExplorerData;
  /** What computes: WebAssembly, or plain JavaScript where the browser does not allow that. Outputs agree within 1e-5. */
  readonly engine: 'webassembly' | 'javascript';
  /** How many values an input image, a latent and an output image have. */
  readonly inputSize: number;
  readonly latentSize: number;
  readonly outputSize: number;
  /** Lowest and highest of each latent value over the images; undefined if a latent has more than 64 values. */
  readonly latentRanges: readonly (readonly [low: number, high: number])[] | undefined;
  /** Of a quantised latent: its codes. */
  readonly codes: readonly Float32Array[] | undefined;

  /** The latent of an image. `label`: of a conditional model, where it is required; others ignore it. */
  encode(pixels: Float32Array, label?: number): Float32Array;
  /** The image of a latent. */
  decode(latent: Float32Array, label?: number): Float32Array;
  /** `decode(encode(pixels))` */
  reconstruct(pixels: Float32Array, label?: number): Float32Array;

  /** The pixels of one of the images, from 0. */
  image(index: number): Float32Array;
  /** The latent of one of the images; computed once if the page does not contain it. */
  latentOf(index: number): Float32Array;
  /** The label of one of the images; undefined if they have none. */
  labelOf(index: number): number | undefined;
  /** The name of a label: of the class, or its number. */
  className(label: number): string;

  /**
   * The pixels with noise, as a `noise` stage adds it, clipped if the settings say so.
   *
   * @param settings one of `data.noise`, changed or not, or any other settings of a `noise` stage with all values filled in
   * @param seed an integer from 0; equal seeds give equal noise
   */
  addNoise(pixels: Float32Array, settings: NoiseSettings, seed: number): Float32Array;
  /** A latent drawn from the prior. @throws TypeError if the model has none: see `data.prior` */
  drawLatent(seed: number): Float32Array;

  /**
   * Red, green, blue and opacity of each pixel, to be drawn on a canvas as `new ImageData(…, width)`. Values are clipped to the
   * range of `kind`; one channel is shown as gray.
   */
  paint(pixels: Float32Array, kind: 'input' | 'output'): Uint8ClampedArray;

  /** Frees its memory; it cannot be used afterwards. */
  dispose(): void;
}

/** What of an element of a page is used. */
export interface DataElement {
  readonly textContent: string | null;
}

/**
 * @param element with the JSON text of an `ExplorerData`
 * @param wasm with `hourglass.wasm`, packed; without it, or if it cannot be started, plain JavaScript computes
 * @throws DamagedModel, with a sentence for the reader, if the text is not one that Hourglass wrote
 */
export type Open = (element: DataElement, wasm?: DataElement | null) => Promise<Player>;
