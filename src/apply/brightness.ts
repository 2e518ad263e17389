/** Compares the brightness of images with that of training images: drawings on paper are often inverted. */
import { openImages, toFloat32 } from '../formats/images.ts';
import { spreadRows } from '../engine/train/samples.ts';

/** How many training images are looked at. */
const LOOKED_AT = 1000;

/** How far the mean may be from that of the training images, as a share of the range, before it looks like a mistake. */
const FAR = 0.25;

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

/**
 * What is doubtful about the brightness of images: undefined if nothing is.
 *
 * @param values of the images, as the model receives them
 * @param range the values of black and white
 * @param means of the training images and, for a denoiser, of the clean ones
 */
export function brightnessProblem(
  values: Float32Array,
  [low, high]: readonly [number, number],
  means: readonly number[],
): { readonly message: string; readonly hint: string } | undefined {
  const own = meanOf(values);
  const distanceOf = (mean: number): number => Math.min(...means.map((each) => Math.abs(mean - each)));
  const distance = distanceOf(own);
  if (!(distance > FAR * (high - low))) return undefined;
  const text = (value: number): string => String(Number(value.toPrecision(2)));
  const message = `the mean of the images is ${text(own)}, that of the training images ${text(means[0] ?? 0)}`;
  return distanceOf(low + high - own) < distance / 2
    ? {
        message: `${message}: they look inverted, like black ink on white paper`,
        hint: 'add `--invert` to make black white, and white black',
      }
    : {
        message: `${message}: they are not like those that the model was trained on`,
        hint: 'compare input and output in the picture before you rely on the outputs',
      };
}
