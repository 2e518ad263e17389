/** How large and how deep a value is, which limits what parameters may insert. */
import { partsOf, type Located } from './located.ts';

/** The number of values in a tree, with texts counted as for `MAX_WEIGHT`. */
export function weightOf(value: Located): number {
  if (value.kind === 'scalar') return 1 + (typeof value.value === 'string' ? value.value.length >> 4 : 0);
  return partsOf(value).reduce((sum, part) => sum + weightOf(part), 1);
}

/** Levels of maps and lists in a value: 0 for a scalar. */
export function depthOf(value: Located): number {
  if (value.kind === 'scalar') return 0;
  return partsOf(value).reduce((deepest, part) => Math.max(deepest, depthOf(part) + 1), 1);
}
