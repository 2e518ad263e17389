/** Warns if keeping the first images of a sorted set drops whole classes. */

/**
 * A warning if the first images lack whole classes because the set is sorted by class.
 *
 * @param labels labels of all images, in order
 * @param kept how many of the images are kept
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
  return `${what} are sorted by class, and the first ${kept} contain only ${left} of ${all} classes`;
}
