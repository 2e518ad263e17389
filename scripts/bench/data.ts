/** The training images: bytes in files that all engines read. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Philox } from '../../src/core/philox.ts';
import { sizeOf } from '../../src/core/shape.ts';
import { writeFileAtomic } from '../../src/files/atomic.ts';
import type { Architecture } from '../../src/layers/layer.ts';
import { readMnist } from '../../src/nodes/dataset/sources/mnist.ts';

/**
 * - `mnist`: four of five values are zero;
 * - `noisy`: noisy inputs, with the clean images as targets;
 * - `uniform`: noise without zeros, of any shape.
 */
export type DataName = 'mnist' | 'noisy' | 'uniform';

/** Bytes of each file: 60,000 images of 28x28. */
const BYTES = 60_000 * 784;

/** Number of images of the case's shape in a file. */
export function rowsOf({
  architecture,
}: {
  readonly architecture: Pick<Architecture, 'input_shape'>;
}): number {
  return Math.floor(BYTES / sizeOf(architecture.input_shape));
}

/** The image files in a folder; writes missing ones. */
export async function writeImages(folder: string): Promise<Readonly<Record<DataName, string>>> {
  const mnist = join(folder, 'mnist.u8');
  const uniform = join(folder, 'uniform.u8');
  if (!existsSync(mnist)) await writeFileAtomic(mnist, (await readMnist('train', 'images')).data);
  if (!existsSync(uniform)) await writeFileAtomic(uniform, uniformBytes(BYTES));
  return { mnist, noisy: mnist, uniform };
}

/** Random bytes from 1 to 255. */
function uniformBytes(count: number): Uint8Array {
  const draws = new Float32Array(count);
  new Philox([3, 1]).uniform(draws);
  return Uint8Array.from(draws, (draw) => 1 + Math.floor(draw * 255));
}
