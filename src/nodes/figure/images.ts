/** `kind: images`: images as they are, in a grid. */
import { readImages, readImageSet, toFloat32 } from '../../artifacts/images.ts';
import type { FigureSettings, ImagesFigureSettings } from '../../config/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { ImageShape } from '../../core/stage-type.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, imageTiles, inRows, type ImageRow } from '../../figures/image-grid.ts';
import type { StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';
import { chooseImages } from './choice.ts';

/** The set's range of intensities is drawn from black to white, and written below the title. */
export async function drawImages(
  { inputs, seed }: StageContext<FigureSettings>,
  { split, rows, columns, random, labels, title }: ImagesFigureSettings,
): Promise<Figure> {
  const { folder, stage } = requireInput(inputs, 'data');
  const { range } = await readImageSet(folder);
  const images = await readImages(folder, split);
  const chosen = chooseImages(images.count, rows * columns, random ? seed('choice') : undefined);
  if (chosen.length === 0) throw failure('missing-split', `\`${stage}\` has no ${split} images`);

  let grid: readonly ImageRow[] = inRows(imageTiles(toFloat32(images, chosen), images.shape, range), columns);
  if (labels) {
    const { labels: classes } = images;
    if (classes === undefined) {
      throw failure('bad-setting', `the images of \`${stage}\` have no class labels`, 'leave `labels` out');
    }
    const captions = [...chosen].map((image) => String(classes[image]));
    grid = grid.map((row, index) => ({
      ...row,
      captions: captions.slice(index * columns, (index + 1) * columns),
    }));
  }
  return imageGrid({ title, subtitle: describe(images.shape, range), rows: grid });
}

/** `28 × 28 pixels, values 0 to 1` */
function describe([height, width, channels]: ImageShape, range: readonly [number, number]): string {
  const color = channels === 3 ? ' in colour' : '';
  const [low, high] = range.map((value) => String(Number(value.toPrecision(3))).replace('-', '−'));
  return `${width} × ${height} pixels${color}, values ${low} to ${high}`;
}
