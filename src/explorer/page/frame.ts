/** Where the places of a plane are on the map, and what colours its points have. */
import { CLASS_COLORS } from '../../figures/style.ts';
import { extentOf } from './extent.ts';

export type Place = readonly [x: number, y: number];

/** The size of the map in its own pixels; the style may show it smaller. */
export const SIZE = 480;
/** The share of the width that stays free at each side. */
const BORDER = 0.06;

/** From places in the plane to the canvas and back; both axes have one scale. */
export interface Frame {
  toCanvas(place: Place): Place;
  toPlane(place: Place): Place;
}

export function frameFor(places: readonly Place[]): Frame {
  const ends = [0, 1].map((axis) => extentOf(places.map((place) => place[axis] ?? 0)));
  const span = Math.max(...ends.map(([low, high]) => high - low)) || 1;
  const width = span / (1 - 2 * BORDER);
  const [left = 0, bottom = 0] = ends.map(([low, high]) => (low + high - width) / 2);
  const scale = SIZE / width;
  return {
    toCanvas: ([x, y]) => [(x - left) * scale, SIZE - (y - bottom) * scale],
    toPlane: ([x, y]) => [left + x / scale, bottom + (SIZE - y) / scale],
  };
}

/** The colour of each label that occurs: the most frequent have their own, the others share the last one. */
export function colorsOf(labels: readonly (number | undefined)[]): ReadonlyMap<number, string> {
  const counts = new Map<number, number>();
  for (const label of labels) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1);
  const last = CLASS_COLORS.length - 1;
  const own = [...counts]
    .sort(([one, many], [other, more]) => more - many || one - other)
    .slice(0, counts.size > CLASS_COLORS.length ? last : CLASS_COLORS.length)
    .map(([label]) => label)
    .sort((one, other) => one - other);
  return new Map(
    [...counts.keys()]
      .sort((one, other) => one - other)
      .map((label) => [label, CLASS_COLORS[own.includes(label) ? own.indexOf(label) : last] ?? '']),
  );
}
