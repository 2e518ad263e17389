/**
 * What the errors of a model are compared with: those of its inputs, and of the mean of the training images, computed from the
 * images of the run. What cannot be computed is absent.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../core/diagnostic.ts';
import type { Split } from '../core/stage-type.ts';
import { openImages, readImageSet, SPLITS, toFloat32, type StoredImages } from '../formats/images.ts';

export interface Baseline {
  readonly name: 'input' | 'mean' | 'exact' | 'pca';
  /** Components of `pca`. */
  readonly components?: number;
  /** Of `mean`: the stage with the training images, if it is not that of the measured ones. */
  readonly trained?: string;
  /** By metric, named as those of the stage. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What is known about the images of a split. */
export interface MeasuredSplit {
  readonly split: Split;
  readonly images: number;
  /** Highest minus lowest possible intensity. */
  readonly span: number;
  readonly baselines: readonly Baseline[];
}

/** What is known about the images that a stage measured. A baseline is of one split, as the names of its metrics are. */
export interface Measured extends Pick<MeasuredSplit, 'span' | 'baselines'> {
  /** The test images first. */
  readonly splits: readonly Pick<MeasuredSplit, 'split' | 'images'>[];
}

/** More values than this would take seconds to read. */
const MOST_VALUES = 2e8;
/** Values that are in memory at a time. */
const PART = 2e6;
/** Probabilities in a cross-entropy are at least this, as in training. */
const LEAST = 1e-7;
/** The peak signal-to-noise ratio of equal images, as in `evaluate`. */
const HIGHEST_PSNR = 100;

/** By the images: the trials of a sweep share them. */
const known = new Map<string, Promise<MeasuredSplit | undefined>>();
const MOST_KNOWN = 64;

/**
 * Compares the images that a stage measured with each other.
 *
 * @param data folder of the inputs of the model
 * @param target folder of the images that its outputs were compared with
 * @param trained folder of the images that the model learned to return; undefined if they are not known
 * @param entropy whether their cross-entropies are needed, which take the longest
 */
export async function measureBaselines(
  data: string,
  target: string,
  trained: string | undefined,
  split: Split,
  entropy: boolean,
): Promise<MeasuredSplit | undefined> {
  const folders = [data, target, ...(trained === undefined ? [] : [trained])];
  const key = [split, entropy, ...(await Promise.all(folders.map(identityOf)))].join('\n');
  const found = known.get(key) ?? measure(data, target, trained, split, entropy);
  if (known.size >= MOST_KNOWN) known.clear();
  known.set(key, found);
  return found;
}

/** Identifies the images in a folder: trials link the same files. */
async function identityOf(folder: string): Promise<string> {
  const files = ['images.json', ...SPLITS.map((split) => `${split}-images.npy`)];
  const found = await Promise.all(files.map((file) => stat(join(folder, file)).catch(() => undefined)));
  return found.map((file) => (file === undefined ? '' : `${file.dev} ${file.ino} ${file.mtimeMs}`)).join();
}

async function measure(
  data: string,
  target: string,
  trained: string | undefined,
  split: Split,
  entropy: boolean,
): Promise<MeasuredSplit | undefined> {
  try {
    const record = await readImageSet(target);
    const [low, high] = record.range;
    const span = high - low;
    const images = await openImages(target, split);
    if (images.count === 0 || sizeOf(images) * images.count > MOST_VALUES) return undefined;
    const inputs = data === target ? undefined : await imagesLike(images, data, split);
    const mean = trained === undefined ? undefined : await meanOfTraining(trained, images.shape);
    const compare = (others: StoredImages | Float32Array): Baseline['metrics'] =>
      errors(images, others, { span, entropy });
    return {
      split,
      images: images.count,
      span,
      baselines: [
        ...(inputs === undefined ? [] : [{ name: 'input', metrics: compare(inputs) } as const]),
        ...(mean === undefined ? [] : [{ name: 'mean', metrics: compare(mean) } as const]),
        ...(entropy && low >= 0 && high <= 1 ? [exact(compare(images))] : []),
      ],
    };
  } catch (error) {
    // Damaged or missing images.
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Of equal images, only the cross-entropy is not obvious: it is the least possible. */
function exact({ binary_crossentropy: least }: Baseline['metrics']): Baseline {
  return { name: 'exact', metrics: least === undefined ? {} : { binary_crossentropy: least } };
}

async function imagesLike(
  { count, shape }: StoredImages,
  folder: string,
  split: Split,
): Promise<StoredImages | undefined> {
  const images = await openImages(folder, split);
  return images.count === count && images.shape.join() === shape.join() ? images : undefined;
}

async function meanOfTraining(folder: string, like: readonly number[]): Promise<Float32Array | undefined> {
  const { splits, shape } = await readImageSet(folder);
  if (shape.join() !== like.join() || splits.train === undefined || splits.train.count === 0)
    return undefined;
  const images = await openImages(folder, 'train');
  const size = sizeOf(images);
  if (size * images.count > MOST_VALUES) return undefined;
  const sums = new Float64Array(size);
  for (const { values } of parts(images))
    for (let at = 0; at < values.length; at += size)
      for (let pixel = 0; pixel < size; pixel += 1)
        sums[pixel] = (sums[pixel] ?? 0) + (values[at + pixel] ?? 0);
  return Float32Array.from(sums, (sum) => sum / images.count);
}

/**
 * The means of the errors of all images.
 *
 * @param others an image for each, or one for all
 */
function errors(
  images: StoredImages,
  others: StoredImages | Float32Array,
  { span, entropy: hasEntropy }: { readonly span: number; readonly entropy: boolean },
): Readonly<Record<string, number>> {
  const size = sizeOf(images);
  let [squares, differences, ratios, entropies] = [0, 0, 0, 0];
  for (const { values, start, end } of parts(images)) {
    const other = others instanceof Float32Array ? others : toFloat32(others, { start, end });
    for (let at = 0; at < values.length; at += size) {
      const from = others instanceof Float32Array ? 0 : at;
      let [square, difference, entropy] = [0, 0, 0];
      for (let pixel = 0; pixel < size; pixel += 1) {
        const [wanted, given] = [values[at + pixel] ?? 0, other[from + pixel] ?? 0];
        square += (wanted - given) ** 2;
        difference += Math.abs(wanted - given);
        if (!hasEntropy) continue;
        const chance = Math.min(1 - LEAST, Math.max(LEAST, given));
        entropy -= wanted * Math.log(chance) + (1 - wanted) * Math.log(1 - chance);
      }
      squares += square / size;
      differences += difference / size;
      entropies += entropy / size;
      ratios += Math.min(HIGHEST_PSNR, 10 * Math.log10((span ** 2 * size) / square));
    }
  }
  const all = {
    mse: squares,
    mae: differences,
    squared_error: squares * size,
    psnr: ratios,
    ...(hasEntropy ? { binary_crossentropy: entropies } : {}),
  };
  return Object.fromEntries(
    Object.entries(all)
      .map(([name, sum]) => [name, sum / images.count] as const)
      .filter(([, value]) => Number.isFinite(value)),
  );
}

function* parts(
  images: StoredImages,
): Generator<{ readonly values: Float32Array; readonly start: number; readonly end: number }> {
  const rows = Math.max(1, Math.floor(PART / sizeOf(images)));
  for (let start = 0; start < images.count; start += rows) {
    const end = Math.min(images.count, start + rows);
    yield { values: toFloat32(images, { start, end }), start, end };
  }
}

function sizeOf({ shape: [height, width, channels] }: StoredImages): number {
  return height * width * channels;
}
