/** Photon counts: numbers of a Poisson distribution, drawn by d3-random from Philox's bits. */
import { randomPoisson } from 'd3-random';
import { failure } from '../../core/diagnostic.ts';
import type { Philox } from '../../core/philox.ts';

/** Distributions that are kept: images of bytes have at most 256 different values. */
const KEPT = 4096;

/**
 * Draws a count for each value.
 *
 * @param images intensities, 0 or more
 * @param photons mean count at an intensity of 1
 * @throws Failure `bad-setting` at an intensity below 0
 */
export function drawPhotons(
  counts: Float32Array,
  images: Float32Array,
  photons: number,
  generator: Philox,
): void {
  const poisson = randomPoisson.source(() => generator.next() * 2 ** -32);
  const known = new Map<number, () => number>();
  for (let index = 0; index < images.length; index++) {
    const intensity = images[index] ?? 0;
    if (intensity < 0) {
      throw failure(
        'bad-setting',
        `\`kind: poisson\` counts photons, and ${intensity} is no intensity of light`,
        'put this noise before a step that makes intensities negative',
      );
    }
    if (intensity === 0) {
      counts[index] = 0;
      continue;
    }
    let draw = known.get(intensity);
    if (draw === undefined) {
      draw = poisson(intensity * photons);
      if (known.size < KEPT) known.set(intensity, draw);
    }
    counts[index] = draw();
  }
}
