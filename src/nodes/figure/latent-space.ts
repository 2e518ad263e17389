/** Maps images to latent vectors and back with a trained model, for figures of the latent space. */
import { join } from 'node:path';
import { toFloat32, type ImageArray } from '../../formats/images.ts';
import type { FigureSettings } from '../../schema/generated/settings.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Split } from '../../core/stage-type.ts';
import { modelShapes, predictAll } from '../../engine/train/predict.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import { imageTiles, type ImageTile } from '../../figures/image-grid.ts';
import { loadModel, loadVariational } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { imagesFor, requireImage, requireInput } from '../train/pairs.ts';

export interface LatentSpace {
  /** Values of a latent vector. */
  readonly size: number;
  readonly images: ImageArray;
  /** Row-major [images, size]: the latent vectors of all images of the split. */
  readonly latents: Float32Array;
  /** Images of the split as tiles. */
  show(rows: Int32Array): ImageTile[];
  /** Decodes vectors, row-major [count, size], into tiles. */
  decode(vectors: Float32Array): Promise<ImageTile[]>;
  /**
   * The mean divergence of each latent value from the standard normal distribution, in nats; undefined if the latent is not
   * variational.
   */
  divergences(): Promise<Float64Array | undefined>;
}

/** Small, since a model may have large images inside. Small images are put into larger batches anyway. */
const BATCH = 16;

/** Encodes a split, and calls `use` while the decoder is loaded. */
export async function withLatentSpace<Result>(
  { inputs, engine, signal, progress }: StageContext<FigureSettings>,
  split: Split,
  use: (space: LatentSpace) => Promise<Result>,
): Promise<Result> {
  const loaded = await engine();
  const data = requireInput(inputs, 'data');
  const folder = join(requireInput(inputs, 'model').folder, 'model');
  const encoder = await loadModel(loaded.tf, join(folder, 'encoder'));
  const decoder = await loadModel(loaded.tf, join(folder, 'decoder'));
  try {
    const source = await imagesFor(data, modelShapes(encoder).inputShape);
    const images = await source.read(split);
    const { inputShape, outputShape } = modelShapes(decoder);
    const size = sizeOf(inputShape);
    const options = { batchSize: BATCH, signal };
    const latents = await predictAll(loaded, encoder, images, rowNumbers(images.count), {
      ...options,
      onProgress: (fraction) => progress({ text: `${split} images`, fraction }),
    });
    const { range } = source.record;
    const shape = requireImage(outputShape);
    return await use({
      size,
      images,
      latents,
      show: (rows) => imageTiles(toFloat32(images, rows), images.shape, range),
      async decode(vectors) {
        const count = vectors.length / size;
        const samples = { data: vectors, count, shape: inputShape, scale: 1, offset: 0 };
        return imageTiles(
          await predictAll(loaded, decoder, samples, rowNumbers(count), options),
          shape,
          range,
        );
      },
      async divergences() {
        const parts = await loadVariational(loaded.tf, folder);
        if (parts === undefined) return undefined;
        try {
          const { distributions } = parts;
          const rows = rowNumbers(images.count);
          return meanDivergences(await predictAll(loaded, distributions, images, rows, options), size);
        } finally {
          parts.dispose();
        }
      },
    });
  } finally {
    encoder.dispose();
    decoder.dispose();
  }
}

/** @param distributions row-major [images, 2 size]: means, then logarithms of variances */
export function meanDivergences(distributions: Float32Array, size: number): Float64Array {
  const count = distributions.length / (2 * size);
  const sums = new Float64Array(size);
  for (let row = 0; row < count; row++) {
    for (let axis = 0; axis < size; axis++) {
      const mean = distributions[2 * row * size + axis] ?? 0;
      const logVariance = distributions[(2 * row + 1) * size + axis] ?? 0;
      const divergence = (Math.exp(logVariance) + mean * mean - 1 - logVariance) / 2;
      sums[axis] = (sums[axis] ?? 0) + divergence / count;
    }
  }
  return sums;
}

/** The latents along one axis, in ascending order. */
export function sortedAxis(
  { latents, size }: Pick<LatentSpace, 'latents' | 'size'>,
  axis: number,
): Float32Array {
  return Float32Array.from(
    { length: latents.length / size },
    (_, row) => latents[row * size + axis] ?? 0,
  ).sort();
}

/** Evenly spaced shares from 0 to 1; a single one is the middle. */
export function steps(count: number): readonly number[] {
  return count === 1 ? [0.5] : Array.from({ length: count }, (_, step) => step / (count - 1));
}
