import type { Tensor } from '@tensorflow/tfjs';
import { sizeOf } from '../../core/shape.ts';

/** Each row `count` times, one after another: such as the targets of several samples of each image. */
export function repeatRows(values: Tensor, count: number): Tensor {
  const [rows = 0, ...shape] = values.shape;
  const size = sizeOf(shape);
  return values
    .reshape([rows, 1, size])
    .tile([1, count, 1])
    .reshape([rows * count, ...shape]);
}
