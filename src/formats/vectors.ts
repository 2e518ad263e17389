/** Vector sets as stages store them, with one vector per image: `vectors.json` and one `.npy` file per split. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { Split } from '../core/stage-type.ts';
import { isClasses, sharedClasses } from './classes.ts';
import { isNamesRecord, readNames, writeNames, type ImageNames, type NamesRecord } from './image-names.ts';
import { SPLITS } from './images.ts';
import { readJsonFile } from '../files/json-file.ts';
import { readNpy, writeNpy, writeNpyPieces, type NpyData } from './npy.ts';
import { openNumbers } from './number-file.ts';
import { typeOf, type Numbers, type NumberStream } from './numbers.ts';

/** Vectors of one split. */
export interface VectorArray {
  /** Row-major [count, size]. */
  readonly data: Float32Array;
  readonly count: number;
  /** Class labels, one per vector, from 0. */
  readonly labels?: Uint8Array | Int32Array;
  /** Names of the classes: label n is called `classes[n]`. Both splits of a set have the same. */
  readonly classes?: readonly string[];
  /** The numbers of the vectors' images, ascending; absent if vector n belongs to image n. */
  readonly rows?: Int32Array;
  /** The names of the vectors' images; absent if unknown. */
  readonly names?: ImageNames;
}

export interface VectorSet {
  /** Values of a vector. */
  readonly size: number;
  /** Names of the values, if they have any: `PCA 1`. */
  readonly axes?: readonly string[];
  readonly splits: Readonly<Partial<Record<Split, VectorArray>>>;
}

/** A vector set to be written. */
export interface WrittenVectors extends Omit<VectorSet, 'splits'> {
  readonly splits: Readonly<Partial<Record<Split, VectorArray | StreamedVectors>>>;
}

/** Vectors computed while they are written. */
export type StreamedVectors = Omit<VectorArray, 'data'> & { readonly data: NumberStream };

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
 * Writes `vectors.json` and for each split `<split>-vectors.npy`, with `<split>-labels.npy` and `<split>-rows.npy` if there are
 * any.
 *
 * @throws Failure `stage-failed` if two splits name their classes differently
 */
export async function writeVectorSet(folder: string, set: WrittenVectors): Promise<void> {
  const splits: Partial<Record<Split, VectorSplitRecord>> = {};
  for (const split of SPLITS) {
    const vectors = set.splits[split];
    if (vectors === undefined) continue;
    const { count, data, labels, rows, names } = vectors;
    const file = `${split}-vectors.npy`;
    const pieces = 'pieces' in data ? data.pieces() : [data];
    await writeNpyPieces(join(folder, file), { dtype: '<f4', shape: [count, set.size] }, pieces);
    const write = async (name: string, values: NpyData): Promise<string> => {
      await writeNpy(join(folder, `${split}-${name}.npy`), { shape: [count], data: values });
      return `${split}-${name}.npy`;
    };
    splits[split] = {
      count,
      vectors: file,
      ...(labels === undefined ? {} : { labels: await write('labels', labels) }),
      ...(rows === undefined ? {} : { rows: await write('rows', rows) }),
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

/** All vectors of a split, in memory. @throws Failure `missing-split`, `data-missing` or `data-corrupt` */
export function readVectors(folder: string, split: Split): Promise<VectorArray> {
  return readSplit(folder, split, async (path) => {
    const { shape, data } = await readNpy(path);
    return { shape, data: data instanceof Float32Array ? data : undefined };
  });
}

/** Vectors of a split; if they would take too much memory, they stay on disk. @throws as `readVectors` */
export function openVectors(folder: string, split: Split): Promise<OpenedVectors> {
  return readSplit(folder, split, async (path) => {
    const { shape, data } = await openNumbers(path);
    return { shape, data: data !== undefined && typeOf(data) === 'float32' ? data : undefined };
  });
}

export type OpenedVectors = Omit<VectorArray, 'data'> & { readonly data: Numbers };

async function readSplit<Data>(
  folder: string,
  split: Split,
  readData: (path: string) => Promise<{ readonly shape: readonly number[]; readonly data: Data | undefined }>,
): Promise<Omit<VectorArray, 'data'> & { readonly data: Data }> {
  const { size, splits, classes } = await readVectorSet(folder);
  const record = splits[split];
  if (record === undefined) throw failure('missing-split', `\`${folder}\` has no \`${split}\` vectors`);
  const { count } = record;
  const checked = <Found extends { readonly shape: readonly number[] }>(
    name: string,
    shape: readonly number[],
    found: Found,
  ): Found => {
    if (found.shape.join() === shape.join()) return found;
    const path = join(folder, name);
    throw failure('data-corrupt', `\`${path}\` does not have the shape that \`vectors.json\` describes`);
  };
  const read = async (name: string): Promise<NpyData> =>
    checked(name, [count], await readNpy(join(folder, name))).data;
  const { vectors } = record;
  const { data } = checked(vectors, [count, size], await readData(join(folder, vectors)));
  const labels = record.labels === undefined ? undefined : await read(record.labels);
  const rows = record.rows === undefined ? undefined : await read(record.rows);
  const names = record.names === undefined ? undefined : await readNames(folder, count, record.names);
  if (data === undefined || !isWhole(labels) || !(rows === undefined || rows instanceof Int32Array)) {
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

/** Checks file names, since an untrusted record must not refer to files outside its folder. */
function isFileName(value: Json | undefined): boolean {
  return typeof value === 'string' && /^[\w-]{1,64}\.npy$/.test(value);
}
