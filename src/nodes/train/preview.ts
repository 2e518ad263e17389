/** Grids of reconstructions, drawn during training. They always show the same images, so that epochs can be compared. */
import { dirname, join } from 'node:path';
import { makeFolder } from '../../files/atomic.ts';
import { toFloat32, type ImageArray } from '../../formats/images.ts';
import { permutation } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';

export interface PreviewOptions {
  readonly rows: number;
  readonly columns: number;
  /** The stage's folder; figures are written to `previews/` in it. */
  readonly folder: string;
  /** Chooses the images. */
  readonly seed: Seed;
  /** The model's inputs. */
  readonly images: ImageArray;
  /** Intensities drawn as black and white: the range of the target. */
  readonly range: readonly [number, number];
  /** The model's outputs for some of the images. */
  readonly predict: (rows: Int32Array) => Promise<Float32Array>;
}

/** The PNG of an epoch, relative to the stage's folder. */
export function previewFile(epoch: number): string {
  return `${previewName(epoch)}.png`;
}

function previewName(epoch: number): string {
  return `previews/epoch-${String(epoch).padStart(3, '0')}`;
}

export class Previews {
  readonly #options: PreviewOptions;
  /** Numbers of the images shown: all of them if there are too few. */
  readonly #rows: Int32Array;

  constructor(options: PreviewOptions) {
    this.#options = options;
    const wanted = options.rows * options.columns;
    this.#rows = permutation(options.seed, options.images.count).subarray(0, wanted);
  }

  /** Draws the model's inputs: `previews/inputs.png`. */
  async drawInputs(): Promise<void> {
    await this.#draw('previews/inputs', 'Inputs', toFloat32(this.#options.images, this.#rows));
  }

  /**
   * Draws the model's outputs: `previews/epoch-001.png`.
   *
   * @returns the figure's files, relative to the stage's folder, the PNG first
   */
  async drawEpoch(epoch: number): Promise<readonly string[]> {
    const outputs = await this.#options.predict(this.#rows);
    return this.#draw(previewName(epoch), `Epoch ${epoch}`, outputs);
  }

  async #draw(path: string, title: string, values: Float32Array): Promise<readonly string[]> {
    const { imageGrid, imageTiles, inRows } = await import('../../figures/image-grid.ts');
    const { writeFigure } = await import('../../figures/figure.ts');
    const { folder } = this.#options;
    await makeFolder(join(folder, dirname(path)));
    const tiles = imageTiles(values, this.#options.images.shape, this.#options.range);
    const figure = imageGrid({ title, rows: inRows(tiles, this.#options.columns) });
    return writeFigure(figure, folder, path);
  }
}
