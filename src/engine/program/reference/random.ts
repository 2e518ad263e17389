/** Stateless random numbers: they depend only on seed and step. */
import { Philox } from '../../../core/philox.ts';
import { sizeOf } from '../../../core/shape.ts';
import type { Attributes } from '../program.ts';
import { numberAt, type Tensor } from './tensor.ts';

/**
 * The numbers of Philox4x32-10 in order, from the counter `step * 2^32` on: the lower 23 bits of each word times 2^-23 or, with
 * `halves`, the lower and the upper half of each word times 2^-16.
 */
export function uniform(step: Tensor, { shape, seed, halves }: Attributes['uniform']): Tensor {
  const generator = new Philox(seed, numberAt(step.elements, 0) * 2 ** 32);
  const elements = new Float32Array(sizeOf(shape));
  if (halves) generator.uniformHalves(elements);
  else generator.uniform(elements);
  return { type: { dtype: 'float32', shape }, elements };
}
