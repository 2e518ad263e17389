/** Image arrays made of the rows of others. */
import { joinClasses, relabel } from './classes.ts';
import { joinNames, takeNames } from './image-names.ts';
import { toFloat32, type ImageArray } from './images.ts';

/** The images with these numbers, in this order, with their labels and names. */
export function takeRows(images: ImageArray, rows: Int32Array): ImageArray {
  const { data, count, labels, names } = images;
  const size = data.length / count;
  const taken = emptyLike(data, rows.length * size);
  rows.forEach((row, index) => taken.set(data.subarray(row * size, (row + 1) * size), index * size));
  return {
    ...images,
    data: taken,
    count: rows.length,
    ...(labels === undefined ? {} : { labels: takeLabels(labels, rows) }),
    ...(names === undefined ? {} : { names: takeNames(names, rows) }),
  };
}

function takeLabels(labels: Uint8Array | Int32Array, rows: Int32Array): Uint8Array | Int32Array {
  const taken = labels instanceof Uint8Array ? new Uint8Array(rows.length) : new Int32Array(rows.length);
  rows.forEach((row, index) => (taken[index] = labels[row] ?? 0));
  return taken;
}

/** Whether a stored value stands for the same intensity in both. */
export function areAlike(first: ImageArray, second: ImageArray): boolean {
  return (
    first.scale === second.scale &&
    first.offset === second.offset &&
    first.data instanceof Uint8Array === second.data instanceof Uint8Array
  );
}

/** The same images, stored as their intensities. */
export function toFloats(images: ImageArray): ImageArray {
  return { ...images, data: toFloat32(images), scale: 1, offset: 0 };
}

/**
 * The images of `first`, then those of `second`, of the same shape. Bytes stay bytes where a byte means the same in both;
 * labels and names stay where both have them. So do names of classes, by which labels are then numbered.
 */
export function joinImages(first: ImageArray, second: ImageArray): ImageArray {
  const [one, two] = areAlike(first, second) ? [first, second] : [toFloats(first), toFloats(second)];
  const classes = one.classes && two.classes && joinClasses([one.classes, two.classes]);
  const [a, b] = classes === undefined ? [one, two] : [relabel(one, classes), relabel(two, classes)];
  const data = emptyLike(a.data, a.data.length + b.data.length);
  data.set(a.data);
  data.set(b.data, a.data.length);
  const { labels: own, names, classes: _, ...rest } = a;
  const labels = joinLabels(own, b.labels);
  return {
    ...rest,
    data,
    count: a.count + b.count,
    ...(labels === undefined ? {} : { labels }),
    ...(labels === undefined || classes === undefined ? {} : { classes }),
    ...(names === undefined || b.names === undefined ? {} : { names: joinNames(names, b.names) }),
  };
}

function joinLabels(
  first: ImageArray['labels'],
  second: ImageArray['labels'],
): Uint8Array | Int32Array | undefined {
  if (first === undefined || second === undefined) return undefined;
  const bytes = first instanceof Uint8Array && second instanceof Uint8Array;
  const length = first.length + second.length;
  const labels = bytes ? new Uint8Array(length) : new Int32Array(length);
  labels.set(first);
  labels.set(second, first.length);
  return labels;
}

function emptyLike(data: ImageArray['data'], length: number): ImageArray['data'] {
  return data instanceof Uint8Array ? new Uint8Array(length) : new Float32Array(length);
}

/** Lowest and highest intensity. */
export function extremesOf({
  data,
  scale,
  offset,
}: Pick<ImageArray, 'data' | 'scale' | 'offset'>): readonly [number, number] {
  const [low, high] = lowestAndHighest(data);
  const ends = [low * scale + offset, high * scale + offset] as const;
  return scale < 0 ? [ends[1], ends[0]] : ends;
}

/** Lowest and highest of some numbers, of which NaN is none. Iterators take five times as long as an index. */
export function lowestAndHighest(data: ArrayLike<number>): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let index = 0; index < data.length; index++) {
    const value = data[index] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
