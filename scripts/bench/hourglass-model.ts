/** A task's model and images for Hourglass. */
import { readFileSync } from 'node:fs';
import { Philox } from '../../src/core/philox.ts';
import { deriveSeed } from '../../src/core/seed.ts';
import { sizeOf } from '../../src/core/shape.ts';
import type { Tf } from '../../src/engine/engine.ts';
import type { SamplePair, Samples } from '../../src/engine/train/samples.ts';
import { buildAutoencoder, type TrainableAutoencoder } from '../../src/layers/build.ts';
import { readMnist } from '../../src/nodes/dataset/sources/mnist.ts';
import type { Task } from './protocol.ts';

export function buildModels(tf: Tf, { architecture }: Task): TrainableAutoencoder {
  return buildAutoencoder(tf, architecture, (purpose) => deriveSeed(1, 'bench', purpose));
}

export async function readSamples({ images, rows, data, architecture }: Task): Promise<SamplePair> {
  const shape = architecture.input_shape;
  const bytes = Uint8Array.from(readFileSync(images)).subarray(0, rows * sizeOf(shape));
  const labels =
    architecture.classes === undefined ? {} : { labels: (await readMnist('train', 'labels')).data };
  const clean: Samples = { data: bytes, count: rows, shape, scale: 1 / 255, offset: 0, ...labels };
  return { x: data === 'noisy' ? { ...clean, data: corrupted(bytes), scale: 1 } : clean, y: clean };
}

function corrupted(bytes: Uint8Array): Float32Array {
  const data = new Float32Array(bytes.length);
  new Philox([1, 2]).normal(data);
  for (const [index, value] of data.entries()) {
    data[index] = Math.min(1, Math.max(0, (bytes[index] ?? 0) / 255 + 0.5 + 0.5 * value));
  }
  return data;
}
