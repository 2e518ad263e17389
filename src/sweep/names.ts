/** Names of the settings that a sweep varies. */
import { pathOf } from '../config/override.ts';

/** The dotted path of a parameter: `latent_size` is `params.latent_size`. */
export function pathOfParameter(name: string): string {
  return pathOf(name).length > 1 ? name : `params.${name}`;
}

/** Whether one path leads to, or through, the other. */
export function overlap(one: readonly string[], other: readonly string[]): boolean {
  const [short, long] = one.length < other.length ? [one, other] : [other, one];
  return short.every((step, index) => step === long[index]);
}
