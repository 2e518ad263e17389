/** `kind: comparison`: originals, corrupted images and what a model makes of them, one below the other. */
import { join } from 'node:path';
import { readImageSet } from '../../artifacts/images.ts';
import type { ComparisonFigureSettings, FigureSettings } from '../../config/generated/settings.ts';
import { predictAll } from '../../engine/train/predict.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, type ImageRow } from '../../figures/image-grid.ts';
import { loadModel } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { chooseRows, inputFolder, inputImages, tilesFrom, tilesOf } from './tiles.ts';

export async function drawComparison(
  context: StageContext<FigureSettings>,
  settings: ComparisonFigureSettings,
): Promise<Figure> {
  const { split, samples, random, title } = settings;
  const isDenoising = settings.target !== undefined && settings.target !== settings.data;
  const key = isDenoising ? 'target' : 'data';
  const clean = await inputImages(context, key, split);
  const data = await inputImages(context, 'data', split);
  const { range } = await readImageSet(inputFolder(context, key));
  const rows = chooseRows(context, Math.min(clean.count, data.count), samples, random);

  const { tf } = await context.engine();
  const model = await loadModel(tf, join(inputFolder(context, 'model'), 'model', 'autoencoder'));
  const outputs = await predictAll(tf, model, data, rows, { batchSize: rows.length, signal: context.signal });
  model.dispose();

  const grid: ImageRow[] = [{ label: 'Original', images: tilesOf(clean, rows, range) }];
  if (isDenoising) grid.push({ label: 'Corrupted', images: tilesOf(data, rows, range) });
  grid.push({
    label: isDenoising ? 'Denoised' : 'Reconstruction',
    images: tilesFrom(outputs, clean.shape, range),
  });
  return imageGrid({ title, rows: grid });
}
