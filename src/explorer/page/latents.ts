/** What the controls know of the latents of the page's images. */
import type { Player } from '../player.ts';
import { meanOf, variancesOf } from './plane.ts';

/** The most sliders that are shown. */
export const MOST_SLIDERS = 16;

export interface Latents {
  /** By image. */
  readonly all: readonly Float32Array[];
  readonly mean: Float32Array;
  /** Lowest and highest of each latent value. */
  readonly ranges: readonly (readonly [low: number, high: number])[];
  /** Places of the values in a latent, those with the largest variance first. */
  readonly byVariance: readonly number[];
}

export function summarize(all: readonly Float32Array[]): Latents {
  const mean = Float32Array.from(meanOf(all));
  const ranges = Array.from(mean, (_, axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (const latent of all) {
      low = Math.min(low, latent[axis] ?? 0);
      high = Math.max(high, latent[axis] ?? 0);
    }
    return [low, high] as const;
  });
  const variances = variancesOf(all);
  const byVariance = Array.from(mean, (_, axis) => axis).sort(
    (one, other) => (variances[other] ?? 0) - (variances[one] ?? 0) || one - other,
  );
  return { all, mean, ranges, byVariance };
}

/** The axes that have sliders, in the order of the latent: all of a small latent, else those with the largest variance. */
export function axesOfSliders({ byVariance }: Latents): readonly number[] {
  return byVariance.slice(0, MOST_SLIDERS).sort((one, other) => one - other);
}

/** The latent on the way between two latents: `share` 0 is the first. */
export function between(one: Float32Array, other: Float32Array, share: number): Float32Array {
  return one.map((value, axis) => value + share * ((other[axis] ?? 0) - value));
}

/** The number of the latent that is nearest. */
export function nearestTo(latent: Float32Array, all: readonly Float32Array[]): number {
  let [nearest, least] = [0, Infinity];
  for (const [index, other] of all.entries()) {
    let distance = 0;
    for (let axis = 0; axis < latent.length && distance < least; axis++)
      distance += ((latent[axis] ?? 0) - (other[axis] ?? 0)) ** 2;
    if (distance < least) [nearest, least] = [index, distance];
  }
  return nearest;
}

/** A latent that the decoder knows: of a quantised one, each vector is replaced by the nearest code. */
export function quantized(latent: Float32Array, codes: Player['codes']): Float32Array {
  const width = codes?.[0]?.length ?? 0;
  if (codes === undefined || width === 0) return latent;
  const result = new Float32Array(latent.length);
  for (let start = 0; start < latent.length; start += width) {
    const code = codes[nearestTo(latent.subarray(start, start + width), codes)];
    if (code !== undefined) result.set(code, start);
  }
  return result;
}
