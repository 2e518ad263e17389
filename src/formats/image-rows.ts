/** Image arrays assembled from rows of others. */
import { joinClasses, relabel } from './classes.ts';
import { joinNames, takeNames } from './image-names.ts';
import { toFloat32, type HeldImages, type ImageArray } from './images.ts';
import {
  gatherInto,
  JoinedNumbers,
  NumberSource,
  piecesOf,
  ScaledNumbers,
  TakenRows,
  typeOf,
  zeros,
  type HeldNumbers,
  type Numbers,
} from './numbers.ts';
import { sizeOf } from '../core/shape.ts';

/** The images with these numbers, in the same order, with their labels and names. Images on disk are read when they are used. */
export function takeRows(images: HeldImages, rows: Int32Array): HeldImages;
export function takeRows(images: ImageArray, rows: Int32Array): ImageArray;
export function takeRows(images: ImageArray, rows: Int32Array): ImageArray {
  const { data, labels, names, shape } = images;
  return {
    ...images,
    data: data instanceof NumberSource ? new TakenRows(data, rows) : copyRows(data, rows, sizeOf(shape)),
    count: rows.length,
    ...(labels === undefined ? {} : { labels: takeLabels(labels, rows) }),
    ...(names === undefined ? {} : { names: takeNames(names, rows) }),
  };
}

function copyRows(data: HeldNumbers, rows: Int32Array, size: number): HeldNumbers {
  const taken = zeros(typeOf(data), rows.length * size);
  gatherInto(taken, data, rows, size);
  return taken;
}

function takeLabels(labels: Uint8Array | Int32Array, rows: Int32Array): Uint8Array | Int32Array {
  const taken = labels instanceof Uint8Array ? new Uint8Array(rows.length) : new Int32Array(rows.length);
  rows.forEach((row, index) => (taken[index] = labels[row] ?? 0));
  return taken;
}

/** Whether stored values mean the same intensities in both. */
export function areAlike(first: ImageArray, second: ImageArray): boolean {
  return (
    first.scale === second.scale &&
    first.offset === second.offset &&
    typeOf(first.data) === typeOf(second.data)
  );
}

/** The same images, stored as their intensities. */
export function toFloats(images: ImageArray): ImageArray {
  const { data, shape } = images;
  return {
    ...images,
    data: data instanceof NumberSource ? new ScaledNumbers(data, sizeOf(shape), images) : toFloat32(images),
    scale: 1,
    offset: 0,
  };
}

/**
 * The images of `first`, then those of `second`, which have the same shape. Bytes stay bytes if they mean the same intensities in
 * both. Labels and names are kept if both have them, and so are names of classes; labels are then renumbered by class name.
 */
export function joinImages(first: HeldImages, second: HeldImages): HeldImages;
export function joinImages(first: ImageArray, second: ImageArray): ImageArray;
export function joinImages(first: ImageArray, second: ImageArray): ImageArray {
  const [one, two] = areAlike(first, second) ? [first, second] : [toFloats(first), toFloats(second)];
  const classes = one.classes && two.classes && joinClasses([one.classes, two.classes]);
  const [a, b] = classes === undefined ? [one, two] : [relabel(one, classes), relabel(two, classes)];
  const { labels: own, names, classes: _, ...rest } = a;
  const labels = joinLabels(own, b.labels);
  return {
    ...rest,
    data: joinNumbers(a.data, b.data, sizeOf(a.shape)),
    count: a.count + b.count,
    ...(labels === undefined ? {} : { labels }),
    ...(labels === undefined || classes === undefined ? {} : { classes }),
    ...(names === undefined || b.names === undefined ? {} : { names: joinNames(names, b.names) }),
  };
}

function joinNumbers(first: Numbers, second: Numbers, size: number): Numbers {
  if (first instanceof NumberSource || second instanceof NumberSource)
    return new JoinedNumbers(first, second, size);
  const data = zeros(typeOf(first), first.length + second.length);
  data.set(first);
  data.set(second, first.length);
  return data;
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

/** Lowest and highest intensity. */
export function extremesOf({
  data,
  scale,
  offset,
}: Pick<ImageArray, 'data' | 'scale' | 'offset'>): readonly [number, number] {
  const [low, high] = extremesOfNumbers(data);
  const ends = [low * scale + offset, high * scale + offset] as const;
  return scale < 0 ? [ends[1], ends[0]] : ends;
}

/** Cached extremes of numbers on disk, since several checks need them. */
const found = new WeakMap<NumberSource, readonly [number, number]>();

/** Lowest and highest stored value. */
export function extremesOfNumbers(data: Numbers): readonly [number, number] {
  const known = data instanceof NumberSource ? found.get(data) : undefined;
  if (known !== undefined) return known;
  let [low, high] = [Infinity, -Infinity];
  for (const piece of piecesOf(data)) {
    const [least, most] = piece instanceof Uint8Array ? extremesOfBytes(piece) : lowestAndHighest(piece);
    low = Math.min(low, least);
    high = Math.max(high, most);
    if (piece instanceof Uint8Array && low === 0 && high === MOST) break;
  }
  if (data instanceof NumberSource) found.set(data, [low, high]);
  return [low, high];
}

/** The maximum of a byte. */
const MOST = 255;

/** Without infinities as initial values: comparing integers is several times as fast. */
function extremesOfBytes(bytes: Uint8Array): readonly [number, number] {
  let [low, high] = [MOST, 0];
  for (let index = 0; index < bytes.length; index++) {
    const value = bytes[index] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
    // These are the extremes of a byte.
    if ((index & STRETCH) === 0 && low === 0 && high === MOST) break;
  }
  return bytes.length === 0 ? [Infinity, -Infinity] : [low, high];
}

/** Mask for checking every 4,096th index. */
const STRETCH = 4095;

/** Lowest and highest number, ignoring NaN. Iterators take five times as long as an index. */
export function lowestAndHighest(data: ArrayLike<number>): readonly [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (let index = 0; index < data.length; index++) {
    const value = data[index] ?? 0;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}

/** Mean and standard deviation of all intensities (population standard deviation, like NumPy's `std`), in two passes. */
export function momentsOf({ data, scale, offset }: Pick<ImageArray, 'data' | 'scale' | 'offset'>): {
  readonly mean: number;
  readonly deviation: number;
} {
  let sum = 0;
  for (const piece of piecesOf(data))
    for (let index = 0; index < piece.length; index++) sum += piece[index] ?? 0;
  const mean = sum / data.length;
  let squares = 0;
  for (const piece of piecesOf(data))
    for (let index = 0; index < piece.length; index++) squares += ((piece[index] ?? 0) - mean) ** 2;
  return { mean: mean * scale + offset, deviation: Math.sqrt(squares / data.length) * Math.abs(scale) };
}
