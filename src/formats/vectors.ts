/** Vectors as stages hand them on, one for each image: `vectors.json` beside one `.npy` file a split. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { Split } from '../core/stage-type.ts';
import { isClasses, sharedClasses } from './classes.ts';
import { isNamesRecord, readNames, writeNames, type ImageNames, type NamesRecord } from './image-names.ts';
import { SPLITS } from './images.ts';
import { readJsonFile } from '../files/json-file.ts';
import { readNpy, writeNpy, type NpyData } from './npy.ts';

/** Vectors of one split. */
export interface VectorArray {
  /** Row-major [count, size]. */
  readonly data: Float32Array;
  readonly count: number;
  /** Class labels, one a vector, from 0. */
  readonly labels?: Uint8Array | Int32Array;
  /** Names of the classes: label n is called `classes[n]`. Both splits of a set have the same. */
  readonly classes?: readonly string[];
  /** The numbers of the images behind the vectors, ascending; absent where vector n belongs to image n. */
  readonly rows?: Int32Array;
  /** Which images are behind the vectors; absent where not known. */
  readonly names?: ImageNames;
}

export interface VectorSet {
  /** Values of a vector. */
  readonly size: number;
  /** What the values are called, where they have names: `PCA 1`. */
  readonly axes?: readonly string[];
  readonly splits: Readonly<Partial<Record<Split, VectorArray>>>;
}

/** The content of `vectors.json`. */
export interface VectorSetRecord {
  readonly size: number;
  readonly axes?: readonly string[];
  readonly splits: Readonly<Partial<Record<Split, VectorSplitRecord>>>;
  /** Names of the classes, by label. */
  readonly classes?: readonly string[];
}

export interface VectorSplitRecord {
  readonly count: number;
  /** Names of files beside `vectors.json`. */
  readonly vectors: string;
  readonly labels?: string;
  readonly rows?: string;
  readonly names?: NamesRecord;
}

/**
 * Writes `vectors.json` and for each split `<split>-vectors.npy`, with `<split>-labels.npy` and `<split>-rows.npy` where there are any.
 *
 * @throws Failure `stage-failed` if two splits name their classes differently
 */
export async function writeVectorSet(folder: string, set: VectorSet): Promise<void> {
  const splits: Partial<Record<Split, VectorSplitRecord>> = {};
  for (const split of SPLITS) {
    const vectors = set.splits[split];
    if (vectors === undefined) continue;
    const { count, data, labels, rows, names } = vectors;
    const write = async (name: string, shape: readonly number[], values: NpyData): Promise<string> => {
      const file = `${split}-${name}.npy`;
      await writeNpy(join(folder, file), { shape, data: values });
      return file;
    };
    splits[split] = {
      count,
      vectors: await write('vectors', [count, set.size], data),
      ...(labels === undefined ? {} : { labels: await write('labels', [count], labels) }),
      ...(rows === undefined ? {} : { rows: await write('rows', [count], rows) }),
      ...(names === undefined ? {} : { names: await writeNames(folder, split, names) }),
    };
  }
  const { size, axes } = set;
  const classes = sharedClasses(SPLITS.flatMap((split) => set.splits[split] ?? []));
  const record: VectorSetRecord = {
    size,
    ...(axes === undefined ? {} : { axes }),
    splits,
    ...(classes === undefined ? {} : { classes }),
  };
  await writeFile(join(folder, 'vectors.json'), `${JSON.stringify(record, undefined, 2)}\n`);
}

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readVectorSet(folder: string): Promise<VectorSetRecord> {
  const path = join(folder, 'vectors.json');
  const value = await readJsonFile(path);
  if (!isVectorSetRecord(value)) throw failure('data-corrupt', `\`${path}\` does not describe vectors`);
  return value;
}

/** @throws Failure `missing-split`, `data-missing` or `data-corrupt` */
export async function readVectors(folder: string, split: Split): Promise<VectorArray> {
  const { size, splits, classes } = await readVectorSet(folder);
  const record = splits[split];
  if (record === undefined) throw failure('missing-split', `\`${folder}\` has no \`${split}\` vectors`);
  const { count } = record;
  const read = async (name: string, shape: readonly number[]): Promise<NpyData> => {
    const path = join(folder, name);
    const array = await readNpy(path);
    if (array.shape.join() === shape.join()) return array.data;
    throw failure('data-corrupt', `\`${path}\` has not the shape that \`vectors.json\` describes`);
  };
  const data = await read(record.vectors, [count, size]);
  const labels = record.labels === undefined ? undefined : await read(record.labels, [count]);
  const rows = record.rows === undefined ? undefined : await read(record.rows, [count]);
  const names = record.names === undefined ? undefined : await readNames(folder, count, record.names);
  if (
    !(data instanceof Float32Array) ||
    !isWhole(labels) ||
    !(rows === undefined || rows instanceof Int32Array)
  ) {
    throw failure(
      'data-corrupt',
      `the arrays of \`${folder}\` hold numbers of another type than \`vectors.json\` needs`,
    );
  }
  return {
    data,
    count,
    ...(labels === undefined ? {} : { labels }),
    ...(labels === undefined || classes === undefined ? {} : { classes }),
    ...(rows === undefined ? {} : { rows }),
    ...(names === undefined ? {} : { names }),
  };
}

function isWhole(data: NpyData | undefined): data is Uint8Array | Int32Array | undefined {
  return data === undefined || data instanceof Uint8Array || data instanceof Int32Array;
}

function isVectorSetRecord(value: unknown): value is VectorSetRecord {
  return (
    isJsonObject(value) &&
    isCount(value['size']) &&
    (value['axes'] === undefined || isNames(value['axes'], value['size'])) &&
    (value['classes'] === undefined || isClasses(value['classes'])) &&
    isJsonObject(value['splits']) &&
    Object.entries(value['splits']).every(
      ([split, record]) => SPLITS.some((name) => name === split) && isSplitRecord(record),
    )
  );
}

function isNames(value: Json, size: Json | undefined): boolean {
  return isClasses(value) && value.length === size;
}

function isSplitRecord(value: Json): boolean {
  return (
    isJsonObject(value) &&
    isCount(value['count']) &&
    isFileName(value['vectors']) &&
    [value['labels'], value['rows']].every((name) => name === undefined || isFileName(name)) &&
    (value['names'] === undefined || isNamesRecord(value['names']))
  );
}

function isCount(value: Json | undefined): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** File names are checked: a record of a stranger must not lead out of its folder. */
function isFileName(value: Json | undefined): boolean {
  return typeof value === 'string' && /^[\w-]{1,64}\.npy$/.test(value);
}
