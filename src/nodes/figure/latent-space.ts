/** Maps images to latent vectors and back with a trained model, for figures of the latent space. */
import { join } from 'node:path';
import { extremesOf } from '../../formats/image-rows.ts';
import { readImageSet, toFloat32, type ImageArray } from '../../formats/images.ts';
import type { FigureSettings } from '../../schema/generated/settings.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Split } from '../../core/stage-type.ts';
import { modelShapes, predictAll } from '../../engine/train/predict.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import { imageTiles, type ImageTile } from '../../figures/image-grid.ts';
import { loadModel, loadVariational } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { labelArray } from '../label.ts';
import { imagesFor, requireImage, requireInput } from '../train/pairs.ts';

/** Latents as a decoder takes them. */
export interface DecodedLatents {
  /** Values of a latent vector. */
  readonly size: number;
  /** Of a conditional model. */
  readonly classes?: number | undefined;
  /**
   * Decodes vectors, row-major [count, size], into tiles.
   *
   * @param labels of the vectors, for a conditional model
   */
  decode(vectors: Float32Array, labels?: readonly number[]): Promise<ImageTile[]>;
}

export interface LatentSpace extends DecodedLatents {
  readonly images: ImageArray;
  /** Row-major [images, size]: the latent vectors of all images of the split. */
  readonly latents: Float32Array;
  /** Images of the split as tiles. */
  show(rows: Int32Array): ImageTile[];
  /**
   * The mean divergence of each latent value from the standard normal distribution, in nats; undefined if the latent is not
   * variational.
   */
  divergences(): Promise<Float64Array | undefined>;
}

/** Small, since a model may have large images inside. Small images are put into larger batches anyway. */
const BATCH = 16;

/** Calls `use` while the decoder is loaded. Images are drawn in the range of those of `data`, or else in their own. */
export async function withDecoder<Result>(
  { inputs, engine, signal }: StageContext<FigureSettings>,
  use: (space: DecodedLatents) => Promise<Result>,
): Promise<Result> {
  const loaded = await engine();
  const { data } = inputs;
  const range = data === undefined ? undefined : (await readImageSet(data.folder)).range;
  const folder = join(requireInput(inputs, 'model').folder, 'model');
  const decoder = await loadModel(loaded.tf, join(folder, 'decoder'));
  try {
    const { inputShape, outputShape, classes } = modelShapes(decoder);
    const size = sizeOf(inputShape);
    const shape = requireImage(outputShape);
    return await use({
      size,
      classes,
      async decode(vectors, labels) {
        const count = vectors.length / size;
        const samples = {
          ...{ data: vectors, count, shape: inputShape, scale: 1, offset: 0 },
          ...(labels === undefined || classes === undefined ? {} : { labels: labelArray(labels, classes) }),
        };
        const options = { batchSize: BATCH, signal };
        const outputs = await predictAll(loaded, decoder, samples, rowNumbers(count), options);
        return imageTiles(outputs, shape, range ?? extremesOf({ data: outputs, scale: 1, offset: 0 }));
      },
    });
  } finally {
    decoder.dispose();
  }
}

/** Encodes a split, and calls `use` while the decoder is loaded. */
export async function withLatentSpace<Result>(
  context: StageContext<FigureSettings>,
  split: Split,
  use: (space: LatentSpace) => Promise<Result>,
): Promise<Result> {
  const { inputs, engine, signal, progress } = context;
  const loaded = await engine();
  const data = requireInput(inputs, 'data');
  const folder = join(requireInput(inputs, 'model').folder, 'model');
  const encoder = await loadModel(loaded.tf, join(folder, 'encoder'));
  try {
    const source = await imagesFor(data, modelShapes(encoder));
    const images = await source.read(split);
    const latents = await predictAll(loaded, encoder, images, rowNumbers(images.count), {
      ...{ batchSize: BATCH, signal },
      onProgress: (fraction) => progress({ text: `${split} images`, fraction }),
    });
    const { range } = source.record;
    const show = (rows: Int32Array): ImageTile[] => imageTiles(toFloat32(images, rows), images.shape, range);
    const divergences = async (): Promise<Float64Array | undefined> => {
      const parts = await loadVariational(loaded.tf, folder);
      if (parts === undefined) return undefined;
      try {
        const { distributions } = parts;
        const rows = rowNumbers(images.count);
        const size = sizeOf(modelShapes(encoder).outputShape);
        const options = { batchSize: BATCH, signal };
        return meanDivergences(await predictAll(loaded, distributions, images, rows, options), size);
      } finally {
        parts.dispose();
      }
    };
    return await withDecoder(context, (decoded) => use({ ...decoded, images, latents, show, divergences }));
  } finally {
    encoder.dispose();
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
