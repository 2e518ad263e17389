/** Height and width after resizing to a size or by a factor, at least 1; null keeps them. */
export function targetSize(
  [height, width]: readonly [number, number],
  size: readonly [number, number] | number | null,
): readonly [number, number] {
  if (size === null) return [height, width];
  if (typeof size !== 'number') return size;
  return [Math.max(1, Math.floor(height * size)), Math.max(1, Math.floor(width * size))];
}
