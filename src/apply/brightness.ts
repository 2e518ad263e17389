/** Compares the brightness of images with that of training images: drawings on paper are often inverted. */
import { openImages, toFloat32 } from '../formats/images.ts';
import { spreadRows } from '../engine/train/samples.ts';

/** How many training images are looked at. */
const LOOKED_AT = 1000;

/** How far the mean may be from that of the training images, as a share of the range, before it looks like a mistake. */
const FAR = 0.25;

/** How far the means of noisy and of clean images are apart, as a share of the range, if noise changes the brightness. */
const APART = 0.1;

/** The mean value of training images. */
export async function trainingMean(folder: string): Promise<number> {
  const images = await openImages(folder, 'train');
  return meanOf(toFloat32(images, spreadRows(images.count, LOOKED_AT)));
}

function meanOf(values: Float32Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return sum / values.length;
}

interface Problem {
  readonly message: string;
  readonly hint: string;
}

type Range = readonly [low: number, high: number];

function distance(mean: number, means: readonly number[]): number {
  return Math.min(...means.map((each) => Math.abs(mean - each)));
}

function isFar(mean: number, [low, high]: Range, means: readonly number[]): boolean {
  return distance(mean, means) > FAR * (high - low);
}

function looksInverted(mean: number, [low, high]: Range, means: readonly number[]): boolean {
  return distance(low + high - mean, means) < distance(mean, means) / 2;
}

/** Which images of a mixed folder look inverted, where the images as a whole are not doubtful; parameters as below. */
export function someInverted(
  names: readonly string[],
  values: Float32Array,
  range: Range,
  means: readonly number[],
): Problem | undefined {
  const size = values.length / names.length;
  const inverted = names.filter((_, index) => {
    const mean = meanOf(values.subarray(index * size, (index + 1) * size));
    return isFar(mean, range, means) && looksInverted(mean, range, means);
  });
  const [first] = inverted;
  if (first === undefined) return undefined;
  const more = inverted.length === 1 ? '' : ` and ${inverted.length - 1} more`;
  return {
    message: `of ${names.length} images, ${inverted.length} ${inverted.length === 1 ? 'looks' : 'look'} inverted, like black ink on white paper: \`${first}\`${more}`,
    hint: 'apply the model to these alone, with `--invert`',
  };
}

/**
 * What is doubtful about the brightness of images: undefined if nothing is.
 *
 * @param values of the images, as the model receives them
 * @param range the values of black and white
 * @param means of the training images and, for a denoiser, of the clean ones
 */
export function brightnessProblem(
  values: Float32Array,
  range: Range,
  means: readonly number[],
): Problem | undefined {
  const own = meanOf(values);
  if (!isFar(own, range, means)) return undefined;
  const message = `the mean of the images is ${rounded(own)}, that of the training images ${rounded(means[0] ?? 0)}`;
  return looksInverted(own, range, means)
    ? {
        message: `${message}: they look inverted, like black ink on white paper`,
        hint: 'add `--invert` to make black white, and white black',
      }
    : {
        message: `${message}: they are not like those that the model was trained on`,
        hint: 'compare input and output in the picture before you rely on the outputs',
      };
}

/**
 * What is doubtful about images without noise for a denoiser whose noise changes the brightness: it subtracts that change from them,
 * too. Undefined if nothing is; parameters as above.
 */
export function withoutNoise(
  values: Float32Array,
  [low, high]: Range,
  [noisy, clean]: readonly number[],
): Problem | undefined {
  if (noisy === undefined || clean === undefined) return undefined;
  if (Math.abs(noisy - clean) <= APART * (high - low)) return undefined;
  const own = meanOf(values);
  if (Math.abs(own - clean) >= Math.abs(own - noisy)) return undefined;
  return {
    message: `the mean of the images is ${rounded(own)}, like that of images without noise: this model makes noisy images, of mean ${rounded(noisy)}, ${noisy > clean ? 'darker' : 'brighter'}, and yours, too`,
    hint: 'add the noise of its training to your images first, or apply a model that was trained on images without noise',
  };
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(2)));
}
