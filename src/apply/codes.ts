/** The codes of a quantised latent. */
import { failure } from '../core/diagnostic.ts';
import { readSavedModel } from '../layers/saved-files.ts';
import type { Rows } from './compute.ts';

/**
 * The number of the code of each vector in latents.
 *
 * @param folder of the saved encoder
 * @returns row-major, as many for each image as its latent has vectors; undefined if the latent is not quantised
 */
export async function codesOf(
  folder: string,
  { values, shape: [size = 0] }: Rows,
): Promise<CodeRows | undefined> {
  const { latent, weights } = await readSavedModel(folder);
  if (latent?.kind !== 'quantizer') return undefined;
  const book = weights.find(({ name }) => name === `${latent.label}/kernel`);
  const [count = 0, width = 0] = book?.shape ?? [];
  if (book === undefined || width === 0 || size % width !== 0)
    throw failure('data-corrupt', 'the saved encoder has a latent that does not fit its codes');
  const codes = new Int32Array(values.length / width);
  for (let vector = 0; vector < codes.length; vector++) {
    let [best, least] = [0, Infinity];
    for (let code = 0; code < count; code++) {
      let distance = 0;
      for (let at = 0; at < width; at++)
        distance += ((values[vector * width + at] ?? 0) - (book.values[code * width + at] ?? 0)) ** 2;
      if (distance < least) [best, least] = [code, distance];
    }
    codes[vector] = best;
  }
  return { codes, perImage: size / width };
}

export interface CodeRows {
  readonly codes: Int32Array;
  readonly perImage: number;
}
