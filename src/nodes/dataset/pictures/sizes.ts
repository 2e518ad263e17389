/** The size of a set's images if they differ in size. */
import { failure, type Failure } from '../../../core/diagnostic.ts';
import type { ImageShape } from '../../../core/stage-type.ts';

interface SizeCount {
  readonly shape: ImageShape;
  readonly count: number;
}

/** How many sizes a message lists. */
const SHOWN = 3;

/** The longer side of the suggested size: users rarely want to train on larger images. */
const LONGEST_SIDE = 128;

/**
 * The most frequent size; among equally frequent ones, the largest.
 *
 * @param wanted the size to keep, instead of the most frequent one
 * @throws Failure `shape-mismatch` if fewer than half of the images have it
 */
export function chooseShape(shapes: readonly ImageShape[], wanted?: ImageShape): ImageShape | undefined {
  const counts = countShapes(shapes);
  const chosen = wanted ?? counts[0]?.shape;
  const kept = counts.find(({ shape }) => shape.join() === chosen?.join())?.count ?? 0;
  if (kept * 2 < shapes.length) throw sizesFailure(counts, shapes.length, wanted);
  return chosen;
}

function countShapes(shapes: readonly ImageShape[]): readonly SizeCount[] {
  const counts = new Map<string, SizeCount>();
  for (const shape of shapes) {
    const name = shape.join();
    counts.set(name, { shape, count: (counts.get(name)?.count ?? 0) + 1 });
  }
  const area = ([height, width]: ImageShape): number => height * width;
  return [...counts.values()].sort(
    (a, b) => b.count - a.count || area(b.shape) - area(a.shape) || b.shape[0] - a.shape[0],
  );
}

/** The error if images have so many sizes that too few could be kept. */
function sizesFailure(counts: readonly SizeCount[], total: number, wanted?: ImageShape): Failure {
  const list = counts.slice(0, SHOWN).map(({ shape, count }) => `${shape[0]}x${shape[1]} (${count})`);
  const more = counts.length > SHOWN ? `, and ${counts.length - SHOWN} more` : '';
  const against = wanted === undefined ? '' : `, while the training images have ${wanted[0]}x${wanted[1]}`;
  const [height, width] = advisedSize(wanted ?? counts[0]?.shape ?? [1, 1, 1]);
  return failure(
    'shape-mismatch',
    `${total} images have ${counts.length === 1 ? 'the size' : `${counts.length} sizes`} ${list.join(', ')}${more}${against}`,
    `add \`size: [${height}, ${width}]\` (height and width), which scales all images to one size`,
  );
}

/** A size to suggest for images of several sizes, or for large images: height and width. */
export function adviseSize(shapes: readonly ImageShape[]): readonly [number, number] {
  return advisedSize(countShapes(shapes)[0]?.shape ?? [1, 1, 1]);
}

function advisedSize([height, width]: ImageShape): readonly [number, number] {
  const factor = Math.min(1, LONGEST_SIDE / Math.max(height, width));
  return [Math.max(1, Math.round(height * factor)), Math.max(1, Math.round(width * factor))];
}
