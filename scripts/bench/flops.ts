/** Counts the floating-point operations of a step from the layers. */
import { sizeOf } from '../../src/core/shape.ts';
import type { PlacedLayer } from '../../src/layers/shapes.ts';
import { placedLayers, type BenchCase } from './bench-case.ts';

/**
 * Multiplications and additions of one step in dense layers and convolutions: forward, and twice as many for the gradients. Other
 * layers and the weight update are not counted.
 */
export function flopsOf(benchCase: BenchCase): number {
  const products = placedLayers(benchCase).reduce((sum, place) => sum + productsOf(place), 0);
  return 6 * benchCase.batch * products;
}

/** Each weight of a kernel is multiplied with each pixel of the smaller image once. */
function productsOf({ layer, input, output, weights }: PlacedLayer): number {
  const kernel = weights.find(({ name }) => name === 'kernel');
  const pixels = sizeOf((layer.name === 'Conv2DTranspose' ? input : output).slice(0, -1));
  return kernel === undefined ? 0 : pixels * sizeOf(kernel.shape);
}
