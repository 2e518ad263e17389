/** A player of a page's content. */
import { Philox } from '../../core/philox.ts';
import { sizeOf } from '../../core/shape.ts';
import type { NoiseSettings } from '../../schema/generated/settings.ts';
import { isInteger } from './checks.ts';
import { extentOf } from './extent.ts';
import { MOST_STORED_LATENTS, type ExplorerData } from '../data.ts';
import { isNoise, withNoise } from './noise.ts';
import type { Player } from '../player.ts';
import type { Content } from './read.ts';

/** Runs a model's program. */
export type Run = (inputs: readonly Float32Array[]) => Float32Array;

export interface Runs {
  readonly encode: Run;
  readonly decode: Run;
  dispose(): void;
}

export class PagePlayer implements Player {
  readonly data: ExplorerData;
  readonly engine: Player['engine'];
  readonly inputSize: number;
  readonly latentSize: number;
  readonly outputSize: number;
  readonly latentRanges: Player['latentRanges'];
  readonly codes: Player['codes'];
  readonly #content: Content;
  readonly #runs: Runs;
  /** Latents of images that were computed here. */
  readonly #latents = new Map<number, Float32Array>();

  constructor(content: Content, engine: Player['engine'], runs: Runs) {
    const { data, latents, codes } = content;
    this.data = data;
    this.engine = engine;
    this.inputSize = sizeOf(data.input);
    this.latentSize = sizeOf(data.latent);
    this.outputSize = sizeOf(data.output);
    this.latentRanges =
      latents === undefined || latents.length === 0 ? undefined : rangesOf(latents, this.latentSize);
    this.codes = codes === undefined ? undefined : rowsOf(codes, data.latent.at(-1) ?? 1);
    this.#content = content;
    this.#runs = runs;
  }

  encode(pixels: Float32Array, label?: number): Float32Array {
    requireFloats(pixels, this.inputSize);
    return this.#runs.encode([pixels, ...this.#labels(label)]);
  }

  decode(latent: Float32Array, label?: number): Float32Array {
    requireFloats(latent, this.latentSize);
    return this.#runs.decode([latent, ...this.#labels(label)]);
  }

  reconstruct(pixels: Float32Array, label?: number): Float32Array {
    return this.decode(this.encode(pixels, label), label);
  }

  image(index: number): Float32Array {
    const { scale, offset } = this.data.images;
    const start = this.#place(index) * this.inputSize;
    return Float32Array.from(
      this.#content.pixels.subarray(start, start + this.inputSize),
      (byte) => byte * scale + offset,
    );
  }

  latentOf(index: number): Float32Array {
    const start = this.#place(index) * this.latentSize;
    const { latents } = this.#content;
    if (latents !== undefined) return latents.slice(start, start + this.latentSize);
    const known = this.#latents.get(index) ?? this.encode(this.image(index), this.labelOf(index));
    this.#latents.set(index, known);
    return known.slice();
  }

  labelOf(index: number): number | undefined {
    return this.data.images.labels?.[this.#place(index)];
  }

  className(label: number): string {
    return this.data.images.classes?.[label] ?? String(label);
  }

  addNoise(pixels: Float32Array, settings: NoiseSettings, seed: number): Float32Array {
    const { input, inputRange: range } = this.data;
    requireFloats(pixels, this.inputSize);
    if (!isNoise(settings, input, range))
      throw new RangeError('these are not settings of noise for the images');
    // Photons are counted, so there is no intensity below 0.
    const given = settings.kind === 'poisson' ? pixels.map((pixel) => Math.max(0, pixel)) : pixels;
    return withNoise(given, settings, { shape: input, range, seed: seedOf(seed) });
  }

  drawLatent(seed: number): Float32Array {
    if (this.data.prior === undefined) throw new TypeError('this model has no prior');
    const latent = new Float32Array(this.latentSize);
    new Philox([seedOf(seed) >>> 0, Math.floor(seed / 2 ** 32)]).normal(latent);
    return latent;
  }

  paint(pixels: Float32Array, kind: 'input' | 'output'): Uint8ClampedArray<ArrayBuffer> {
    requireFloats(pixels, kind === 'input' ? this.inputSize : this.outputSize);
    const { inputRange, outputRange, input, output } = this.data;
    const [low, high] = kind === 'input' ? inputRange : outputRange;
    const [height, width, channels] = kind === 'input' ? input : output;
    const colors = new Uint8ClampedArray(height * width * 4);
    for (let pixel = 0; pixel < height * width; pixel++) {
      for (let color = 0; color < 3; color++) {
        const value = pixels[pixel * channels + (channels < 3 ? 0 : color)] ?? 0;
        colors[pixel * 4 + color] = ((value - low) / (high - low)) * 255;
      }
      colors[pixel * 4 + 3] = 255;
    }
    return colors;
  }

  dispose(): void {
    this.#runs.dispose();
  }

  #place(index: number): number {
    if (isInteger(index, 0, this.data.images.count - 1)) return index;
    throw new RangeError(`there is no image ${index} among ${this.data.images.count}`);
  }

  /** The second input of a conditional model. */
  #labels(label: number | undefined): readonly Float32Array[] {
    const { classes } = this.data;
    if (classes === undefined) return [];
    if (isInteger(label, 0, classes - 1)) return [Float32Array.of(label)];
    throw new RangeError(`the model needs a label from 0 to ${classes - 1}`);
  }
}

function requireFloats(values: Float32Array, size: number): void {
  if (values.length !== size) throw new RangeError(`${values.length} numbers instead of ${size}`);
  if (!values.every(Number.isFinite)) throw new RangeError('numbers that are not finite');
}

function seedOf(seed: number): number {
  if (isInteger(seed, 0, Number.MAX_SAFE_INTEGER)) return seed;
  throw new RangeError('a seed is an integer from 0');
}

function rowsOf(values: Float32Array, size: number): readonly Float32Array[] {
  return Array.from({ length: values.length / size }, (_, row) =>
    values.subarray(row * size, (row + 1) * size),
  );
}

function rangesOf(latents: Float32Array, size: number): readonly (readonly [number, number])[] | undefined {
  if (size > MOST_STORED_LATENTS) return undefined;
  const rows = rowsOf(latents, size);
  return Array.from({ length: size }, (_, at) => extentOf(rows.map((row) => row[at] ?? 0)));
}
