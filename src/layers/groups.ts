/** The groups of values that `GroupNormalization` normalizes together. Independent of TensorFlow. */
import { sizeOf } from '../core/shape.ts';

/**
 * A sample's values as four axes: before the axis of the channels, groups, and the values of a group after it, which follow one
 * another in memory. The first axis is the batch, of length 1.
 *
 * @param shape without the batch
 * @param axis of the channels, counted from 0, the batch
 */
export function groupedShape(
  shape: readonly (number | null)[],
  { groups, axis }: { readonly groups: number; readonly axis: number },
): readonly [1, before: number, groups: number, inside: number] {
  const lengths = shape.map(Number);
  const count = groups === -1 ? (lengths[axis - 1] ?? 1) : groups;
  return [1, sizeOf(lengths.slice(0, axis - 1)), count, sizeOf(lengths.slice(axis - 1)) / count];
}
