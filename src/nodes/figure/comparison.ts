/** `kind: comparison`: originals, corrupted images and a model's outputs, in rows. */
import { join } from 'node:path';
import { toFloat32 } from '../../formats/images.ts';
import { writeNpy } from '../../formats/npy.ts';
import type { ComparisonFigureSettings, FigureSettings } from '../../schema/generated/settings.ts';
import { modelShapes, predictAll } from '../../engine/train/predict.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, imageTiles, type ImageRow, type ImageTile } from '../../figures/image-grid.ts';
import { loadModel } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { imageSource, requireInput } from '../train/pairs.ts';
import { chooseImages } from './choice.ts';
import { readJson } from './records.ts';

/**
 * All rows are drawn on the scale of the originals: brighter values are drawn white. On that scale, from 0 to 1, the first and
 * the last row are saved as `original.npy` and `output.npy`, so that sweeps can compare several models in one figure.
 */
export async function drawComparison(
  { inputs, folder: own, seed, engine, signal }: StageContext<FigureSettings>,
  { split, samples, random, title }: ComparisonFigureSettings,
): Promise<Figure> {
  const loaded = await engine();
  const { folder } = requireInput(inputs, 'model');
  const { denoiser } = await readJson(join(folder, 'training.json'));
  const model = await loadModel(loaded.tf, join(folder, 'model', 'autoencoder'));
  try {
    const source = await imageSource(inputs, modelShapes(model));
    const { x, y } = await source.read(split);
    const chosen = chooseImages(x.count, samples, random ? seed('choice') : undefined);
    const outputs = await predictAll(loaded, model, x, chosen, { batchSize: chosen.length, signal });

    const row = (label: string, values: Float32Array): ImageRow => ({
      label,
      images: imageTiles(values, y.shape, source.target.range),
    });
    const original = row('Original', toFloat32(y, chosen));
    const corrupted = x === y ? [] : [row('Corrupted', toFloat32(x, chosen))];
    // A model that was not trained on noise only reconstructs.
    const last = row(denoiser === true && x !== y ? 'Denoised' : 'Reconstruction', outputs);
    await writeTiles(join(own, 'original.npy'), original.images);
    await writeTiles(join(own, 'output.npy'), last.images);
    return imageGrid({ title, rows: [original, ...corrupted, last] });
  } finally {
    model.dispose();
  }
}

/** @param tiles of one size: [count, height, width, channels] */
async function writeTiles(path: string, tiles: readonly ImageTile[]): Promise<void> {
  const [first] = tiles;
  if (first === undefined) return;
  const size = first.height * first.width * first.channels;
  const data = new Float32Array(tiles.length * size);
  tiles.forEach(({ values }, index) => data.set(values, index * size));
  await writeNpy(path, { data, shape: [tiles.length, first.height, first.width, first.channels] });
}
