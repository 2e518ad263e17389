/** Warns if keeping the first images of a sorted set loses whole classes. */

/**
 * A warning where the first images lack whole classes because the set is sorted by class.
 *
 * @param labels of all images that could be kept, in order
 * @param kept how many of them are
 */
export function lostClasses(
  labels: Uint8Array | Int32Array | undefined,
  kept: number,
  what: string,
): string | undefined {
  if (labels === undefined || kept >= labels.length) return undefined;
  if (labels.some((label, index) => index > 0 && label < (labels[index - 1] ?? 0))) return undefined;
  const all = new Set(labels).size;
  const left = new Set(labels.subarray(0, kept)).size;
  if (left === all) return undefined;
  return `${what} are sorted by class, and the first ${kept} are of ${left} of ${all} classes`;
}
