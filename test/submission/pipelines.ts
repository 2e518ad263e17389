/** Pipelines for tests of submissions. */
import type { Rig } from '../rig.ts';

/** IDX bytes of `count` images of 4x4. */
export function idxImages(count: number): Buffer {
  const header = Buffer.alloc(16);
  [0x0803, count, 4, 4].forEach((value, index) => header.writeUInt32BE(value, 4 * index));
  return Buffer.concat([
    header,
    Buffer.from(Array.from({ length: count * 16 }, (_, index) => (index * 7) % 256)),
  ]);
}

/** A pipeline without TensorFlow: images from the user, noise and a figure. */
export const PLAIN = `name: plain
seed: 20231234
params: { noise: 0.2 }
stages:
  own: { type: dataset, source: idx, train_images: data/own.idx }
  noisy: { type: noise, data: own, kind: gaussian, stddev: "\${params.noise}" }
  grid: { type: figure, kind: images, data: noisy, split: train, rows: 1, columns: 2 }
`;

/** Writes `plain.yaml` and its data, and runs it. */
export async function runPlain(rigged: Rig, file = 'plain.yaml', text = PLAIN): Promise<void> {
  rigged.write('data/own.idx', idxImages(6));
  rigged.write(file, text);
  const { code, stderr } = await rigged.run(['run', file]);
  if (code !== 0) throw new Error(stderr);
}
