/** The first images of a split, in rows of a picture. */
import { toFloat32, type ImageArray } from '../../formats/images.ts';
import { resizer } from '../../formats/resample.ts';
import type { ImageShape, Split } from '../../core/stage-type.ts';
import { imageTiles, inRows, type ImageRow } from '../../figures/image-grid.ts';

/** How many images are drawn, and at most how many in a row. */
const [DRAWN, COLUMNS] = [20, 10];
/** The longest side of a drawn image in pixels; larger images are scaled down. */
const LONGEST = 128;

/** Whether images are gray or in colour. */
export function isDrawable([, , channels]: ImageShape): boolean {
  return channels === 1 || channels === 3;
}

/**
 * Rows of images with their classes below.
 *
 * @param range the intensities that are drawn as black and as white
 * @throws Failure unless the images can be drawn
 */
export function firstRows(
  split: Split,
  images: ImageArray,
  range: readonly [number, number],
): readonly ImageRow[] {
  const { values, shape } = firstOf(images);
  const { labels, classes } = images;
  return inRows(imageTiles(values, shape, range), COLUMNS).map((row, index) => ({
    ...row,
    ...(index === 0 ? { label: split } : {}),
    ...(labels === undefined
      ? {}
      : {
          captions: row.images.map((_, column) => {
            const label = labels[index * COLUMNS + column] ?? 0;
            return classes?.[label] ?? String(label);
          }),
        }),
  }));
}

/** Intensities, row-major [count, height, width, channels]. */
function firstOf(images: ImageArray): { readonly values: Float32Array; readonly shape: ImageShape } {
  const [height, width, channels] = images.shape;
  const count = Math.min(DRAWN, images.count);
  const values = toFloat32(images, { start: 0, end: count });
  const share = LONGEST / Math.max(height, width);
  if (share >= 1) return { values, shape: images.shape };
  const [rows, columns] = [height, width].map((side) => Math.max(1, Math.round(side * share))) as [
    number,
    number,
  ];
  const resize = resizer(images.shape, [rows, columns]);
  const [before, after] = [height * width * channels, rows * columns * channels];
  const smaller = new Float32Array(count * after);
  for (let image = 0; image < count; image++)
    smaller.set(resize(values.subarray(image * before, (image + 1) * before)), image * after);
  return { values: smaller, shape: [rows, columns, channels] };
}
