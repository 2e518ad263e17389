/**
 * UMAP: L. McInnes, J. Healy, J. Melville, "UMAP: uniform manifold approximation and projection for dimension reduction", 2018,
 * computed by umap-js, with exact neighbours and random numbers from Philox.
 */
import { UMAP } from 'umap-js';
import { Philox } from '../../core/philox.ts';
import type { Seed } from '../../core/seed.ts';
import type { Neighbors } from '../probe/neighbors.ts';

export interface UmapOptions {
  readonly components: number;
  readonly minDistance: number;
  readonly seed: Seed;
  /** Awaited before each epoch. */
  readonly before: (epoch: number, epochs: number) => Promise<void>;
}

/**
 * @param neighbors nearest neighbours of each point, without itself
 * @returns row-major [points, components]
 */
export async function umap(
  { k, indices, distances }: Neighbors,
  { components, minDistance, seed, before }: UmapOptions,
): Promise<Float32Array> {
  const generator = new Philox(seed);
  const count = indices.length / k;
  const numbers = Array.from({ length: count }, (_, point) => point);
  const layout = new UMAP({
    nComponents: components,
    // umap-js counts a point as its own neighbour.
    nNeighbors: k + 1,
    minDist: minDistance,
    random: () => generator.next() / 2 ** 32,
  });
  layout.setPrecomputedKNN(
    numbers.map((point) => [point, ...indices.subarray(point * k, (point + 1) * k)]),
    numbers.map((point) => [0, ...distances.subarray(point * k, (point + 1) * k)]),
  );
  // With given neighbours, umap-js uses only the number of points.
  const epochs = layout.initializeFit(numbers.map(() => [0]));
  for (let epoch = 0; epoch < epochs; epoch++) {
    await before(epoch, epochs);
    layout.step();
  }
  return Float32Array.from(layout.getEmbedding().flat());
}
