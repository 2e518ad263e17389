/** Seeds of random numbers. Each use has its own, so adding a stage does not change the random numbers of another stage. */
import { createHash } from 'node:crypto';

/** Two unsigned 32-bit words: the key of a counter-based generator such as Philox. */
export type Seed = readonly [number, number];

/**
 * The seed for one purpose in one stage: the first 8 bytes of SHA-256 over `pipeline seed / stage / purpose`.
 *
 * @param pipelineSeed the pipeline's `seed`, an integer from 0 to 2^53 - 1
 * @param purpose such as `init`, `shuffle`, `dropout`, `noise/train`, `preview`
 */
export function deriveSeed(pipelineSeed: number, stage: string, purpose: string): Seed {
  const digest = createHash('sha256').update(`${pipelineSeed}/${stage}/${purpose}`).digest();
  return [digest.readUInt32LE(0), digest.readUInt32LE(4)];
}
