/** Points in groups, for tests of projections. */
import { Philox } from '../../../src/core/philox.ts';
import type { Matrix } from '../../../src/nodes/encode/rows.ts';

/** Normal groups of one size in a row along the first axis, `distance` apart; point n is of the group n mod `groups`. */
export function grouped(count: number, size: number, groups: number, distance: number): Matrix {
  const data = new Float32Array(count * size);
  new Philox([count, size]).normal(data);
  for (let row = 0; row < count; row++)
    data[row * size] = (data[row * size] ?? 0) + distance * (row % groups);
  return { data, count, size };
}

/** Share of the points whose nearest neighbour is in their group. */
export function purity(points: ArrayLike<number>, groups: number): number {
  const count = points.length / 2;
  let pure = 0;
  for (let one = 0; one < count; one++) {
    let [nearest, least] = [-1, Infinity];
    for (let other = 0; other < count; other++) {
      const dx = (points[2 * one] ?? 0) - (points[2 * other] ?? 0);
      const dy = (points[2 * one + 1] ?? 0) - (points[2 * other + 1] ?? 0);
      const square = dx * dx + dy * dy;
      if (other !== one && square < least) [nearest, least] = [other, square];
    }
    if (nearest % groups === one % groups) pure++;
  }
  return pure / count;
}
