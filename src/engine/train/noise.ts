/** Noise that is resampled at every training step, so that no epoch sees the same corrupted images. */
import type { Tensor } from '@tensorflow/tfjs';
import type { NoiseRecord } from '../../formats/images.ts';
import type { Seed } from '../../core/seed.ts';
import type { Tf } from '../engine.ts';
import { statelessNormal } from '../tfjs/uniform.ts';

export interface FreshNoise extends NoiseRecord {
  readonly seeds: { readonly radius: Seed; readonly angle: Seed };
}

/**
 * Adds a normal random number to each value. The numbers depend only on the seeds and the step.
 *
 * @param step int32 scalar, the number of the training step
 */
export function addFreshNoise(tf: Tf, images: Tensor, noise: FreshNoise, step: Tensor): Tensor {
  return tf.tidy(() => {
    const { mean, stddev, clip, seeds } = noise;
    const normal = statelessNormal(tf, images.shape, seeds, step);
    const noisy = images.add(normal.mul(stddev).add(mean));
    return clip === null ? noisy : noisy.clipByValue(...clip);
  });
}
