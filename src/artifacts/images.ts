/** Image sets as stages hand them on: `images.json` beside one `.npy` file a split. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { ImageShape, Split } from '../core/stage-type.ts';
import { readJsonFile } from './json-file.ts';
import { readNpy, writeNpy } from './npy.ts';

/**
 * Images of one split. A stored value `v` stands for the intensity `v * scale + offset`, so that MNIST stays in its
 * bytes: `scale` is 1/255 after `normalize: minmax`.
 */
export interface ImageArray {
  /** Row-major [count, height, width, channels]. */
  readonly data: Uint8Array | Float32Array;
  readonly count: number;
  readonly shape: ImageShape;
  readonly scale: number;
  readonly offset: number;
  /** Class labels, one an image, from 0. */
  readonly labels?: Uint8Array | Int32Array;
}

/** The content of `images.json`. */
export interface ImageSetRecord {
  readonly shape: ImageShape;
  /** Lowest and highest intensity. */
  readonly range: readonly [number, number];
  readonly scale: number;
  readonly offset: number;
  readonly splits: Readonly<Partial<Record<Split, SplitRecord>>>;
}

export interface SplitRecord {
  readonly count: number;
  /** Names of files beside `images.json`. */
  readonly images: string;
  readonly labels?: string;
}

export interface ImageSet {
  readonly shape: ImageShape;
  /** Lowest and highest intensity. */
  readonly range: readonly [number, number];
  /** All of one `scale` and `offset`. */
  readonly splits: Readonly<Partial<Record<Split, ImageArray>>>;
}

export const SPLITS: readonly Split[] = ['train', 'test'];

/** Writes `images.json` and `<split>-images.npy`, `<split>-labels.npy` into a folder. */
export async function writeImageSet(folder: string, set: ImageSet): Promise<void> {
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
    };
    await writeNpy(join(folder, `${split}-images.npy`), { shape: [count, ...set.shape], data: images.data });
    if (labels !== undefined)
      await writeNpy(join(folder, `${split}-labels.npy`), { shape: [count], data: labels });
  }
  const record: ImageSetRecord = { shape: set.shape, range: set.range, ...scaling, splits };
  await writeFile(join(folder, 'images.json'), `${JSON.stringify(record, null, 2)}\n`);
}

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readImageSet(folder: string): Promise<ImageSetRecord> {
  const path = join(folder, 'images.json');
  const value = await readJsonFile(path);
  if (!isImageSetRecord(value)) throw failure('data-corrupt', `\`${path}\` does not describe an image set`);
  return value;
}

/** @throws Failure `missing-split`, `data-missing` or `data-corrupt` */
export async function readImages(folder: string, split: Split): Promise<ImageArray> {
  const record = await readImageSet(folder);
  const found = record.splits[split];
  if (found === undefined) throw failure('missing-split', `\`${folder}\` has no \`${split}\` images`);
  const path = join(folder, found.images);
  const { data, shape } = await readNpy(path);
  const fits = shape.join() === [found.count, ...record.shape].join();
  if (!fits || data instanceof Int32Array || data instanceof Float64Array) {
    throw failure('data-corrupt', `\`${path}\` does not hold the images that \`images.json\` describes`);
  }
  const labels =
    found.labels === undefined ? undefined : await readLabels(join(folder, found.labels), found.count);
  return {
    data,
    count: found.count,
    shape: record.shape,
    scale: record.scale,
    offset: record.offset,
    ...(labels === undefined ? {} : { labels }),
  };
}

async function readLabels(path: string, count: number): Promise<Uint8Array | Int32Array> {
  const { data } = await readNpy(path);
  if (data.length !== count || data instanceof Float32Array || data instanceof Float64Array) {
    throw failure('data-corrupt', `\`${path}\` does not hold one label for each of ${count} images`);
  }
  return data;
}

/** Rows of an image array: a stretch, or a choice by number. */
export type Rows = { readonly start: number; readonly end: number } | Int32Array;

/** Intensities of some images or all, row-major [rows, height, width, channels]. */
export function toFloat32(images: ImageArray, rows: Rows = { start: 0, end: images.count }): Float32Array {
  const size = images.shape[0] * images.shape[1] * images.shape[2];
  const { data, scale, offset } = images;
  if (!(rows instanceof Int32Array)) {
    const part = data.subarray(rows.start * size, rows.end * size);
    return Float32Array.from(part, (value) => value * scale + offset);
  }
  const result = new Float32Array(rows.length * size);
  rows.forEach((row, index) => {
    for (let pixel = 0; pixel < size; pixel++) {
      result[index * size + pixel] = (data[row * size + pixel] ?? 0) * scale + offset;
    }
  });
  return result;
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
    )
  );
}

function isNumbers(value: Json | undefined, length: number): boolean {
  return Array.isArray(value) && value.length === length && value.every((item) => typeof item === 'number');
}

/** File names are checked: a record of a stranger must not lead out of its folder. */
function isSplit(value: Json): boolean {
  const isName = (name: Json | undefined): boolean =>
    typeof name === 'string' && /^[\w-]{1,64}\.npy$/.test(name);
  return (
    isJsonObject(value) &&
    typeof value['count'] === 'number' &&
    isName(value['images']) &&
    (value['labels'] === undefined || isName(value['labels']))
  );
}
