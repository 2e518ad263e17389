/** Counts the floating-point operations of a step from the layers. */
import { sizeOf } from '../../src/core/shape.ts';
import type { PlacedLayer } from '../../src/layers/shapes.ts';
import { placedLayers, type BenchCase } from './bench-case.ts';

/**
 * Multiplications and additions of one step in dense layers and convolutions: forward, and as many for the gradient of the weights
 * and for that of the inputs, which the first layer does not need. Other layers and the weight update are not counted.
 */
export function flopsOf(benchCase: BenchCase): number {
  const [first = 0, ...others] = placedLayers(benchCase)
    .map(productsOf)
    .filter((products) => products > 0);
  return benchCase.batch * others.reduce((sum, products) => sum + 6 * products, 4 * first);
}

/** Each weight of a kernel is multiplied with each pixel of the smaller image once. */
function productsOf({ layer, input, output, weights }: PlacedLayer): number {
  const kernel = weights.find(({ name }) => name === 'kernel');
  const pixels = sizeOf((layer.name === 'Conv2DTranspose' ? input : output).slice(0, -1));
  return kernel === undefined ? 0 : pixels * sizeOf(kernel.shape);
}
