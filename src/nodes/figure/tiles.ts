/** Images of a set as tiles of a figure. */
import { readImages, toFloat32, type ImageArray } from '../../artifacts/images.ts';
import { failure } from '../../core/diagnostic.ts';
import { permutation } from '../../core/philox.ts';
import type { Split } from '../../core/stage-type.ts';
import type { ImageTile } from '../../figures/image-grid.ts';
import type { StageContext } from '../contract.ts';

/** Folder of the stage that a setting names. */
export function inputFolder({ inputs }: Pick<StageContext<unknown>, 'inputs'>, key: string): string {
  const folder = inputs[key]?.folder;
  if (folder === undefined) throw failure('missing-key', `the figure needs \`${key}\``);
  return folder;
}

/** The images of the stage that a setting names. */
export function inputImages(
  context: Pick<StageContext<unknown>, 'inputs'>,
  key: string,
  split: Split,
): Promise<ImageArray> {
  return readImages(inputFolder(context, key), split);
}

/** Which images are drawn: the first, or a random choice in ascending order, so that it looks like a sample of the split. */
export function chooseRows(
  context: Pick<StageContext<unknown>, 'seed'>,
  count: number,
  wanted: number,
  random: boolean,
): Int32Array {
  const size = Math.min(count, wanted);
  if (!random) return Int32Array.from({ length: size }, (_, row) => row);
  return permutation(context.seed('choice'), count).slice(0, size).sort();
}

/** Tiles of some images; `range` is drawn from black to white. */
export function tilesOf(
  images: ImageArray,
  rows: Int32Array,
  [low, high]: readonly [number, number],
): ImageTile[] {
  return tilesFrom(toFloat32(images, rows), images.shape, [low, high]);
}

/** Tiles of intensities, row-major [count, ...shape]. */
export function tilesFrom(
  values: Float32Array,
  [height, width, channels]: readonly number[],
  [low, high]: readonly [number, number],
): ImageTile[] {
  if (height === undefined || width === undefined || (channels !== 1 && channels !== 3)) {
    throw failure('shape-mismatch', 'only images of 1 or 3 channels can be drawn');
  }
  const size = height * width * channels;
  const scale = high > low ? 1 / (high - low) : 1;
  return Array.from({ length: values.length / size }, (_, index) => ({
    height,
    width,
    channels,
    values: values.slice(index * size, (index + 1) * size).map((value) => (value - low) * scale),
  }));
}
