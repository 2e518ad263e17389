/** Grids of reconstructions, drawn while training: always of the same images, so that epochs can be compared. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { toFloat32, type ImageArray } from '../../artifacts/images.ts';
import { failure } from '../../core/diagnostic.ts';
import { permutation } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';
import type { ImageShape } from '../../core/stage-type.ts';
import type { ImageTile } from '../../figures/image-grid.ts';

export interface PreviewOptions {
  readonly rows: number;
  readonly columns: number;
  /** The stage's folder; figures go into `previews/` in it. */
  readonly folder: string;
  /** Chooses the images. */
  readonly seed: Seed;
  /** Images that go into the model. */
  readonly images: ImageArray;
  /** Intensities that are drawn black and white: those of the target. */
  readonly range: readonly [number, number];
  /** The model's outputs for some of the images. */
  readonly predict: (rows: Int32Array) => Promise<Float32Array>;
}

export class Previews {
  readonly #options: PreviewOptions;
  /** Numbers of the images shown: all of them, if there are too few. */
  readonly #rows: Int32Array;

  constructor(options: PreviewOptions) {
    this.#options = options;
    const wanted = options.rows * options.columns;
    this.#rows = permutation(options.seed, options.images.count).subarray(0, wanted);
  }

  /** Draws the images as they go into the model: `previews/inputs.png`. */
  async drawInputs(): Promise<void> {
    await this.#draw('inputs', 'Inputs', toFloat32(this.#options.images, this.#rows));
  }

  /**
   * Draws what the model makes of them: `previews/epoch-001.png`.
   *
   * @returns the path of the figure, relative to the stage's folder
   */
  async drawEpoch(epoch: number): Promise<string> {
    const outputs = await this.#options.predict(this.#rows);
    return this.#draw(`epoch-${String(epoch).padStart(3, '0')}`, `Epoch ${epoch}`, outputs);
  }

  async #draw(name: string, title: string, values: Float32Array): Promise<string> {
    const { imageGrid, inRows } = await import('../../figures/image-grid.ts');
    const { writeFigure } = await import('../../figures/figure.ts');
    const folder = join(this.#options.folder, 'previews');
    await mkdir(folder, { recursive: true });
    const tiles = tilesOf(values, this.#options.images.shape, this.#options.range);
    await writeFigure(imageGrid({ title, rows: inRows(tiles, this.#options.columns) }), folder, name);
    return `previews/${name}.png`;
  }
}

/** Images with their range of intensities drawn from black to white. */
function tilesOf(
  values: Float32Array,
  [height, width, channels]: ImageShape,
  [low, high]: readonly [number, number],
): ImageTile[] {
  if (channels !== 1 && channels !== 3) {
    throw failure(
      'bad-setting',
      `previews show images of 1 or 3 channels, not ${channels}`,
      'leave `preview` out',
    );
  }
  const size = height * width * channels;
  const span = high - low || 1;
  return Array.from({ length: values.length / size }, (_, index) => ({
    height,
    width,
    channels,
    values: values.subarray(index * size, (index + 1) * size).map((value) => (value - low) / span),
  }));
}
