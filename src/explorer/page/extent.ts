/** Lowest and highest of some numbers, such as the values of one latent over the images of a page. */
export function extentOf(values: readonly number[]): readonly [low: number, high: number] {
  return [Math.min(...values), Math.max(...values)];
}
