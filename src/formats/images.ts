/** Image sets as stages store them: `images.json` and one `.npy` file per split. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, type Failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { ImageShape, Split } from '../core/stage-type.ts';
import {
  isNamesRecord,
  namesOf,
  readNames,
  writeNames,
  type ImageNames,
  type NamesRecord,
} from './image-names.ts';
import { isClasses, sharedClasses } from './classes.ts';
import { readJsonFile } from '../files/json-file.ts';
import { readNpy, writeNpy, writeNpyPieces } from './npy.ts';
import { openNumbers } from './number-file.ts';
import { hashOfPixels } from './pixel-hash.ts';
import {
  gatherInto,
  partOf,
  piecesOf,
  scaled,
  typeOf,
  zeros,
  type HeldNumbers,
  type Numbers,
  type NumberStream,
} from './numbers.ts';

/**
 * Images of one split. A stored value `v` means the intensity `v * scale + offset`. So MNIST stays in bytes: `scale` is 1/255
 * after `normalize: minmax`.
 */
export interface ImageArray {
  /** Row-major [count, height, width, channels]. */
  readonly data: Numbers;
  readonly count: number;
  readonly shape: ImageShape;
  readonly scale: number;
  readonly offset: number;
  /** Class labels, one per image, from 0. */
  readonly labels?: Uint8Array | Int32Array;
  /** Names of the classes: label n is called `classes[n]`. Both splits of a set have the same. */
  readonly classes?: readonly string[];
  /** Names of the images; if absent, new names are assigned when the set is written. */
  readonly names?: ImageNames;
}

/** Images in memory. */
export interface HeldImages extends ImageArray {
  readonly data: HeldNumbers;
}

/** Images written by a stage. */
export interface StoredImages extends ImageArray {
  readonly names: ImageNames;
}

/** Images computed while they are written. */
export interface StreamedImages extends Omit<StoredImages, 'data'> {
  readonly data: NumberStream;
}

/** The content of `images.json`. */
export interface ImageSetRecord {
  readonly shape: ImageShape;
  /** Lowest and highest intensity. */
  readonly range: readonly [number, number];
  readonly scale: number;
  readonly offset: number;
  readonly splits: Readonly<Partial<Record<Split, SplitRecord>>>;
  /** The clean training images, and the noise that training resamples at every step. */
  readonly resample?: {
    /** Name of a file beside `images.json`. */
    readonly images: string;
    readonly count: number;
    readonly scale: number;
    readonly offset: number;
    readonly noise: NoiseRecord;
  };
  /** Names of the classes, by label. */
  readonly classes?: readonly string[];
}

/** Normal noise, in units of the intensity, and the range to which the result is clipped. */
export interface NoiseRecord {
  readonly mean: number;
  readonly stddev: number;
  readonly clip: readonly [number, number] | null;
}

export interface SplitRecord {
  readonly count: number;
  /** Names of files beside `images.json`. */
  readonly images: string;
  readonly labels?: string;
  readonly names?: NamesRecord;
}

export interface ImageSet {
  readonly shape: ImageShape;
  /** Lowest and highest intensity. */
  readonly range: readonly [number, number];
  /** All with the same `scale` and `offset`. */
  readonly splits: Readonly<Partial<Record<Split, ImageArray>>>;
  readonly resample?: Resample;
}

/** An image set to be written. */
export interface WrittenSet extends Omit<ImageSet, 'range' | 'splits'> {
  /** A function if it is only known after all images are written. */
  readonly range: ImageSet['range'] | (() => ImageSet['range']);
  readonly splits: Readonly<Partial<Record<Split, ImageArray | StreamedImages>>>;
}

/** Images whose noise training resamples at every step. */
export interface Resample {
  readonly clean: ImageArray;
  readonly noise: NoiseRecord;
}

export const SPLITS: readonly Split[] = ['train', 'test'];

/**
 * Writes `images.json` and `<split>-images.npy`, `<split>-labels.npy` into a folder, and the names that are not implied.
 *
 * @param signal stops the writing of images that are not in memory
 * @throws Failure `stage-failed` if the numbers of names and images differ, or if the splits name their classes differently;
 *   `interrupted`
 */
export async function writeImageSet(folder: string, set: WrittenSet, signal?: AbortSignal): Promise<void> {
  const splits: Partial<Record<Split, SplitRecord>> = {};
  let scaling = { scale: 1, offset: 0 };
  for (const split of SPLITS) {
    const images = set.splits[split];
    if (images === undefined) continue;
    const { count, labels, scale, offset } = images;
    scaling = { scale, offset };
    splits[split] = {
      count,
      images: `${split}-images.npy`,
      ...(labels === undefined ? {} : { labels: `${split}-labels.npy` }),
      names: await writeNames(folder, split, nameAll(images, split)),
    };
    await writePixels(join(folder, `${split}-images.npy`), [count, ...set.shape], images.data, signal);
    if (labels !== undefined)
      await writeNpy(join(folder, `${split}-labels.npy`), { shape: [count], data: labels });
  }
  const resample =
    set.resample === undefined ? {} : { resample: await writeResample(folder, set.resample, signal) };
  const classes = sharedClasses(SPLITS.flatMap((split) => set.splits[split] ?? []));
  const record: ImageSetRecord = {
    shape: set.shape,
    range: typeof set.range === 'function' ? set.range() : set.range,
    ...scaling,
    splits,
    ...resample,
    ...(classes === undefined ? {} : { classes }),
  };
  await writeFile(join(folder, 'images.json'), `${JSON.stringify(record, null, 2)}\n`);
}

async function writePixels(
  path: string,
  shape: readonly number[],
  data: Numbers | NumberStream,
  signal: AbortSignal | undefined,
): Promise<void> {
  const dtype = ('type' in data ? data.type : typeOf(data)) === 'uint8' ? '|u1' : '<f4';
  const pieces = 'pieces' in data ? data.pieces() : piecesOf(data);
  await writeNpyPieces(path, { dtype, shape }, untilAborted(pieces, signal));
}

async function* untilAborted<Piece>(
  pieces: Iterable<Piece> | AsyncIterable<Piece>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Piece> {
  for await (const piece of pieces) {
    if (signal?.aborted === true) throw failure('interrupted', 'stopped while writing images');
    yield piece;
  }
}

/** Checks the names of images. Images without names are named by their numbers. */
function nameAll({ data, count, names }: ImageArray | StreamedImages, split: Split): ImageNames {
  if (names === undefined && !('pieces' in data)) return namesOf(`stage/${hashOfPixels(data, false)}`, count);
  if (names?.count === count) return names;
  throw failure(
    'stage-failed',
    `the stage writes ${count} ${split} images but ${names?.count ?? 0} names`,
    'in its code, select images with `takeRows`, which also selects their names, or leave `names` out',
  );
}

async function writeResample(
  folder: string,
  { clean: { data, count, shape, scale, offset }, noise }: Resample,
  signal: AbortSignal | undefined,
): Promise<ImageSetRecord['resample']> {
  const images = 'train-clean-images.npy';
  await writePixels(join(folder, images), [count, ...shape], data, signal);
  return { images, count, scale, offset, noise };
}

/**
 * The clean images for which training resamples noise, for sets with `resample: true`; undefined for all others.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readResample(folder: string): Promise<Resample | undefined> {
  const record = await readImageSet(folder);
  if (record.resample === undefined) return undefined;
  const { images, count, scale, offset, noise } = record.resample;
  const data = await readPixels(join(folder, images), count, record.shape);
  return { clean: { data, count, shape: record.shape, scale, offset }, noise };
}

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readImageSet(folder: string): Promise<ImageSetRecord> {
  const path = join(folder, 'images.json');
  const value = await readJsonFile(path);
  if (!isImageSetRecord(value)) throw failure('data-corrupt', `\`${path}\` does not describe an image set`);
  return value;
}

/**
 * Images of a split. Images that would take more than a quarter of the memory stay on disk and are read in pieces.
 *
 * @throws Failure `missing-split`, `data-missing` or `data-corrupt`
 */
export async function openImages(folder: string, split: Split): Promise<StoredImages> {
  return readSplit(folder, split, readPixels);
}

/** All images of a split, in memory. @throws as `openImages` */
export async function readImages(folder: string, split: Split): Promise<StoredImages & HeldImages> {
  return readSplit(folder, split, readHeldPixels);
}

async function readSplit<Data extends Numbers>(
  folder: string,
  split: Split,
  read: (path: string, count: number, image: ImageShape) => Promise<Data>,
): Promise<StoredImages & { readonly data: Data }> {
  const record = await readImageSet(folder);
  const found = record.splits[split];
  if (found === undefined) throw failure('missing-split', `\`${folder}\` has no \`${split}\` images`);
  const data = await read(join(folder, found.images), found.count, record.shape);
  const labels =
    found.labels === undefined ? undefined : await readLabels(join(folder, found.labels), found.count);
  return {
    data,
    count: found.count,
    shape: record.shape,
    scale: record.scale,
    offset: record.offset,
    ...(labels === undefined ? {} : { labels }),
    ...(labels === undefined || record.classes === undefined ? {} : { classes: record.classes }),
    names: await namesOfSplit(folder, found),
  };
}

/**
 * The names of the images in a split.
 *
 * @throws Failure `missing-split`, `data-missing` or `data-corrupt`
 */
export async function readImageNames(folder: string, split: Split): Promise<ImageNames> {
  const { splits } = await readImageSet(folder);
  const found = splits[split];
  if (found === undefined) throw failure('missing-split', `\`${folder}\` has no \`${split}\` images`);
  return namesOfSplit(folder, found);
}

/** Sets written by other programs have no names: their images are identified by their numbers. */
async function namesOfSplit(folder: string, { count, names }: SplitRecord): Promise<ImageNames> {
  return names === undefined ? namesOf('stage/unnamed', count) : readNames(folder, count, names);
}

async function readPixels(path: string, count: number, image: ImageShape): Promise<Numbers> {
  const { data, shape } = await openNumbers(path);
  if (data !== undefined && shape.join() === [count, ...image].join()) return data;
  throw otherImages(path);
}

async function readHeldPixels(path: string, count: number, image: ImageShape): Promise<HeldNumbers> {
  const { data, shape } = await readNpy(path);
  const fits = shape.join() === [count, ...image].join();
  if (fits && (data instanceof Uint8Array || data instanceof Float32Array)) return data;
  throw otherImages(path);
}

function otherImages(path: string): Failure {
  return failure('data-corrupt', `\`${path}\` does not contain the images that \`images.json\` describes`);
}

async function readLabels(path: string, count: number): Promise<Uint8Array | Int32Array> {
  const { data } = await readNpy(path);
  if (data.length !== count || data instanceof Float32Array || data instanceof Float64Array) {
    throw failure('data-corrupt', `\`${path}\` does not contain one label for each of ${count} images`);
  }
  return data;
}

/** Rows of an image array: a range, or row numbers. */
export type Rows = { readonly start: number; readonly end: number } | Int32Array;

/** Intensities of some or all images, row-major [rows, height, width, channels]. */
export function toFloat32(images: ImageArray, rows: Rows = { start: 0, end: images.count }): Float32Array {
  const size = images.shape[0] * images.shape[1] * images.shape[2];
  const { data } = images;
  if (!(rows instanceof Int32Array)) {
    return scaled(partOf(data, rows.start * size, rows.end * size), images);
  }
  const chosen = zeros(typeOf(data), rows.length * size);
  gatherInto(chosen, data, rows, size);
  return scaled(chosen, images);
}

function isImageSetRecord(value: unknown): value is ImageSetRecord {
  return (
    isJsonObject(value) &&
    isNumbers(value['shape'], 3) &&
    isNumbers(value['range'], 2) &&
    typeof value['scale'] === 'number' &&
    typeof value['offset'] === 'number' &&
    isJsonObject(value['splits']) &&
    Object.entries(value['splits']).every(
      ([split, record]) => SPLITS.some((name) => name === split) && isSplit(record),
    ) &&
    (value['resample'] === undefined || isResample(value['resample'])) &&
    (value['classes'] === undefined || isClasses(value['classes']))
  );
}

function isResample(value: Json): boolean {
  if (!isJsonObject(value) || !isSplit(value) || !isJsonObject(value['noise'])) return false;
  const { mean, stddev, clip } = value['noise'];
  const isNumber = (number: Json | undefined): boolean => typeof number === 'number';
  return (
    [value['scale'], value['offset'], mean, stddev].every(isNumber) && (clip === null || isNumbers(clip, 2))
  );
}

function isNumbers(value: Json | undefined, length: number): boolean {
  return Array.isArray(value) && value.length === length && value.every((item) => typeof item === 'number');
}

/** Checks file names, since an untrusted record must not refer to files outside its folder. */
function isSplit(value: Json): boolean {
  const isName = (name: Json | undefined): boolean =>
    typeof name === 'string' && /^[\w-]{1,64}\.npy$/.test(name);
  return (
    isJsonObject(value) &&
    typeof value['count'] === 'number' &&
    isName(value['images']) &&
    (value['labels'] === undefined || isName(value['labels'])) &&
    (value['names'] === undefined || isNamesRecord(value['names']))
  );
}
