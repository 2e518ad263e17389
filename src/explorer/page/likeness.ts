/** How close two images are, as the metrics `mse` and `psnr` of `evaluate` measure it. */

/** The ratio of equal images, which would be infinite, in decibels. */
const HIGHEST_PSNR = 100;

export interface Likeness {
  /** Mean squared error. */
  readonly mse: number;
  /** Peak signal-to-noise ratio, in decibels. */
  readonly psnr: number;
}

/** @param span highest minus lowest possible value of a pixel */
export function likenessOf(one: Float32Array, other: Float32Array, span: number): Likeness {
  let sum = 0;
  for (let index = 0; index < one.length; index++) sum += ((one[index] ?? 0) - (other[index] ?? 0)) ** 2;
  const mse = sum / one.length;
  return { mse, psnr: Math.min(10 * Math.log10(span ** 2 / mse), HIGHEST_PSNR) };
}

/** Differences of pixels are drawn in full colour from this share of the range. */
export const FULL_COLOR = 0.5;

/**
 * Colours of the differences of two images, averaged over channels: white where they are equal, blue where `one` is lower, orange
 * where it is higher.
 */
export function differenceColors(
  one: Float32Array,
  other: Float32Array,
  channels: number,
  span: number,
): Uint8ClampedArray {
  const colors = new Uint8ClampedArray((one.length / channels) * 4);
  for (let pixel = 0; pixel < one.length / channels; pixel++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) {
      const index = pixel * channels + channel;
      sum += (one[index] ?? 0) - (other[index] ?? 0);
    }
    const strength = Math.max(-1, Math.min(1, sum / channels / (span * FULL_COLOR)));
    const full = strength < 0 ? LOWER : HIGHER;
    for (const [channel, value] of full.entries())
      colors[pixel * 4 + channel] = 255 + (value - 255) * Math.abs(strength);
    colors[pixel * 4 + 3] = 255;
  }
  return colors;
}

/** Blue and orange of the palette of the charts. */
const LOWER = [0x00, 0x72, 0xb2];
const HIGHER = [0xd5, 0x5e, 0x00];
