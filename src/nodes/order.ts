/** Ranges in the wrong order. */
import type { Finding } from '../core/stage-type.ts';

/**
 * An error if the first number of a range is not the lower one.
 *
 * @param key the setting
 */
export function outOfOrder(key: string, range: readonly [number, number] | null): Finding | undefined {
  if (range === null || range[0] < range[1]) return undefined;
  return {
    code: 'out-of-range',
    message: `\`${key}\` goes from ${range[0]} to ${range[1]}: the first number must be the lower one`,
    ...(range[0] === range[1] ? {} : { hint: `write \`[${range[1]}, ${range[0]}]\`` }),
    at: [key],
  };
}
