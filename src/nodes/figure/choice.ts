import { permutation } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';

/**
 * Numbers of the images that a figure shows, in ascending order: the first ones or, with a seed, a random choice.
 *
 * @param count number of images available; if fewer than wanted, all are shown
 */
export function chooseImages(count: number, wanted: number, seed: Seed | undefined): Int32Array {
  const shown = Math.min(count, wanted);
  if (seed === undefined) return Int32Array.from({ length: shown }, (_, index) => index);
  return permutation(seed, count).slice(0, shown).sort();
}
