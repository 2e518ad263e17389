/** The mean, summed up in the order of the values. NaN if there are none. */
export function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The standard error of the mean: the sample standard deviation divided by the square root of the number. NaN for one value. */
export function standardErrorOf(values: Float64Array): number {
  const mean = meanOf(values);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1) / values.length);
}

/**
 * The value below which a share of the sorted values lies, interpolated linearly between the two nearest.
 *
 * @param share from 0 to 1
 */
export function quantileOf(sorted: Float32Array | Float64Array, share: number): number {
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] ?? 0;
  const above = sorted[Math.ceil(place)] ?? 0;
  return below + (above - below) * (place - Math.floor(place));
}
