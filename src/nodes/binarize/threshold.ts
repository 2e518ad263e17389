/** Values above it become 1. */
export const THRESHOLD = 0.5;

/** What to say about a threshold that makes all values equal, unless they already are. */
export function sameForAll(
  threshold = THRESHOLD,
  [low, high]: readonly [number, number],
): { readonly message: string; readonly hint: string } | undefined {
  if (low >= high || (threshold >= low && threshold < high)) return undefined;
  return {
    message: `with \`threshold: ${threshold}\`, all values become ${threshold < low ? 1 : 0}: they are from ${low} to ${high}`,
    hint: `use a threshold of at least ${low} and below ${high}`,
  };
}
