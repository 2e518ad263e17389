/** `kind: images`: a grid of images as they are. */
import { readImageSet } from '../../artifacts/images.ts';
import type { FigureSettings, ImagesFigureSettings } from '../../config/generated/settings.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, type ImageRow } from '../../figures/image-grid.ts';
import type { StageContext } from '../contract.ts';
import { chooseRows, inputFolder, inputImages, tilesOf } from './tiles.ts';

export async function drawImages(
  context: StageContext<FigureSettings>,
  settings: ImagesFigureSettings,
): Promise<Figure> {
  const { rows, columns, split, random, labels, title } = settings;
  const images = await inputImages(context, 'data', split);
  const { range } = await readImageSet(inputFolder(context, 'data'));
  const chosen = chooseRows(context, images.count, rows * columns, random);
  const tiles = tilesOf(images, chosen, range);
  const captions = labels ? [...chosen].map((row) => String(images.labels?.[row] ?? '')) : undefined;
  const grid: ImageRow[] = [];
  for (let start = 0; start < tiles.length; start += columns) {
    grid.push({
      images: tiles.slice(start, start + columns),
      ...(captions === undefined ? {} : { captions: captions.slice(start, start + columns) }),
    });
  }
  const size = images.shape.join(' x ');
  const [low, high] = range.map((value) => Number(value.toFixed(2)));
  return imageGrid({ title, subtitle: `${size}, black ${low ?? ''}, white ${high ?? ''}`, rows: grid });
}
