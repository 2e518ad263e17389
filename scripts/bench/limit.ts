/** The arithmetic limit of the machine: `limit.js <threads>` prints GFLOP/s of large products and convolutions. */
import type { Rank } from '@tensorflow/tfjs';
import { loadEngine } from '../../src/engine/load.ts';

export interface Limit {
  /** GFLOP/s of a product of two float32 matrices of 1,536 x 1,536. */
  readonly product: number;
  /** GFLOP/s of a 3x3 convolution of 32 images of 28x28 from 64 to 64 channels. */
  readonly convolution: number;
}

const { tf } = await loadEngine({ choice: 'native', threads: Number(process.argv[2]) });

/** The maximum GFLOP/s of several tries. */
function fastest(flops: number, run: () => { dispose(): void }): number {
  let best = 0;
  for (let attempt = 0; attempt < 12; attempt++) {
    const started = performance.now();
    run().dispose();
    best = Math.max(best, flops / (performance.now() - started) / 1e6);
  }
  return best;
}

const side = 1536;
const matrix = tf.randomUniform([side, side], -1, 1, 'float32', 1);
const images = tf.randomUniform<Rank.R4>([32, 28, 28, 64], -1, 1, 'float32', 1);
const kernel = tf.randomUniform<Rank.R4>([3, 3, 64, 64], -1, 1, 'float32', 1);
const limit: Limit = {
  product: fastest(2 * side ** 3, () => tf.matMul(matrix, matrix)),
  convolution: fastest(2 * 32 * 28 * 28 * 9 * 64 * 64, () => tf.conv2d(images, kernel, 1, 'same')),
};
process.stdout.write(JSON.stringify(limit));
