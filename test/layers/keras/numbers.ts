/** The numbers that inputs and weights are filled with, as `make-layers.py` makes them. */
import type { Tensor } from '@tensorflow/tfjs';
import { sizeOf } from '../../../src/core/shape.ts';
import type { Tf } from '../../../src/engine/engine.ts';
import type { Shape } from '../../../src/layers/layer.ts';

/** Samples of each input. */
export const BATCH = 2;

/** From -1 to 1. */
export function numbers(tf: Tf, shape: Shape, seed: number): Tensor {
  const values = Float32Array.from(
    { length: sizeOf(shape) },
    (_, index) => ((index * index * 31 + index * 17 + seed * 101) % 997) / 498.5 - 1,
  );
  return tf.tensor(values, [...shape]);
}
