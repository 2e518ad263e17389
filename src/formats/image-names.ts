/**
 * Identifies images. The name of an image is its position in its source and, if it was read from a file, the path of that file.
 * Stages that select, reorder or join images pass their names on.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { Split } from '../core/stage-type.ts';
import { readJsonFile } from '../files/json-file.ts';
import { readNpy, writeNpy } from './npy.ts';

/** Names of the images of one split. For MNIST one string is enough: image n is at position n of `mnist/train`. */
export interface ImageNames {
  readonly count: number;
  /**
   * The sources of the images, usually one: a known set and its split, such as `mnist/train`, or a kind and the SHA-256 of the
   * data: `array/…`, `folder/…`, or `stage/…` for images of a stage that does not pass names on.
   */
  readonly sources: readonly string[];
  /** For each image, its index in `sources`; absent if there is only one source. */
  readonly origins?: Int32Array;
  /** For each image, its position in its source, from 0; absent if image n is at position n. */
  readonly places?: Int32Array;
  /**
   * For each image, the path of its file below the folder, with `/`; empty for an image without a file. Absent if no image has a
   * file.
   */
  readonly files?: readonly string[];
  /** Paths of files that were skipped because they could not be read or have another size. */
  readonly omitted?: readonly string[];
}

/** References to names in `images.json` and `vectors.json`; the values are names of files beside them. */
export interface NamesRecord {
  readonly sources: readonly string[];
  readonly origins?: string;
  readonly places?: string;
  readonly files?: string;
  readonly omitted?: string;
}

/** Names of all images of one source, in order. */
export function namesOf(source: string, count: number): ImageNames {
  return { count, sources: [source] };
}

/** The names of the images with these numbers, in the same order. */
export function takeNames(names: ImageNames, rows: Int32Array): ImageNames {
  const { sources, origins, places, files, omitted } = names;
  const taken = rows.map((row) => places?.[row] ?? row);
  return {
    count: rows.length,
    sources,
    ...(origins === undefined ? {} : { origins: rows.map((row) => origins[row] ?? 0) }),
    ...(taken.every((place, index) => place === index) ? {} : { places: taken }),
    ...(files === undefined ? {} : { files: Array.from(rows, (row) => files[row] ?? '') }),
    ...(omitted === undefined ? {} : { omitted }),
  };
}

/** The names of `first`, then those of `second`. */
export function joinNames(first: ImageNames, second: ImageNames): ImageNames {
  const sources = [...new Set([...first.sources, ...second.sources])];
  const both = [first, second] as const;
  const gather = (valueOf: (names: ImageNames, row: number) => number): Int32Array => {
    const values = new Int32Array(first.count + second.count);
    for (let row = 0; row < first.count; row++) values[row] = valueOf(first, row);
    for (let row = 0; row < second.count; row++) values[first.count + row] = valueOf(second, row);
    return values;
  };
  const omitted = both.flatMap((names) => names.omitted ?? []);
  const filesOf = ({ count, files }: ImageNames): readonly string[] =>
    files ?? Array.from({ length: count }, () => '');
  return {
    count: first.count + second.count,
    sources,
    ...(sources.length === 1
      ? {}
      : { origins: gather((names, row) => sources.indexOf(sourceOf(names, row))) }),
    places: gather(placeOf),
    ...(both.every(({ files }) => files === undefined) ? {} : { files: both.flatMap(filesOf) }),
    ...(omitted.length === 0 ? {} : { omitted }),
  };
}

/** The source of an image. */
export function sourceOf({ sources, origins }: ImageNames, row: number): string {
  return sources[origins?.[row] ?? 0] ?? '';
}

/** The position of an image in its source. */
export function placeOf({ places }: ImageNames, row: number): number {
  return places?.[row] ?? row;
}

/**
 * Writes the names of a split. Values that are not implied are written to `<split>-origins.npy`, `-places.npy`, `-files.json` and
 * `-omitted.json`.
 */
export async function writeNames(folder: string, split: Split, names: ImageNames): Promise<NamesRecord> {
  const { count, sources, origins, places, files, omitted } = names;
  const numbers = async (name: string, data: Int32Array): Promise<string> => {
    const file = `${split}-${name}.npy`;
    await writeNpy(join(folder, file), { shape: [count], data });
    return file;
  };
  const paths = async (name: string, values: readonly string[]): Promise<string> => {
    const file = `${split}-${name}.json`;
    await writeFile(join(folder, file), `${JSON.stringify(values)}\n`);
    return file;
  };
  return {
    sources,
    ...(origins === undefined ? {} : { origins: await numbers('origins', origins) }),
    ...(places === undefined ? {} : { places: await numbers('places', places) }),
    ...(files === undefined ? {} : { files: await paths('files', files) }),
    ...(omitted === undefined ? {} : { omitted: await paths('omitted', omitted) }),
  };
}

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readNames(folder: string, count: number, record: NamesRecord): Promise<ImageNames> {
  const corrupt = (file: string): Error =>
    failure('data-corrupt', `\`${join(folder, file)}\` does not have one name for each of ${count} images`);
  const numbers = async (file: string, limit: number): Promise<Int32Array> => {
    const { data } = await readNpy(join(folder, file));
    if (!(data instanceof Int32Array) || data.length !== count) throw corrupt(file);
    if (data.some((value) => value < 0 || value >= limit)) throw corrupt(file);
    return data;
  };
  const texts = async (file: string): Promise<readonly string[]> => {
    const paths = await readJsonFile(join(folder, file));
    if (!isTexts(paths)) throw corrupt(file);
    return paths;
  };
  const { sources, origins, places, files, omitted } = record;
  const paths = files === undefined ? undefined : await texts(files);
  if (files !== undefined && paths?.length !== count) throw corrupt(files);
  return {
    count,
    sources,
    ...(origins === undefined ? {} : { origins: await numbers(origins, sources.length) }),
    ...(places === undefined ? {} : { places: await numbers(places, Infinity) }),
    ...(paths === undefined ? {} : { files: paths }),
    ...(omitted === undefined ? {} : { omitted: await texts(omitted) }),
  };
}

/** Checks file names, since an untrusted record must not refer to files outside its folder. */
export function isNamesRecord(value: Json): boolean {
  const isFile = (name: Json | undefined, extension: string): boolean =>
    name === undefined ||
    (typeof name === 'string' &&
      /^[\w-]{1,64}$/.test(name.slice(0, -extension.length)) &&
      name.endsWith(extension));
  return (
    isJsonObject(value) &&
    isTexts(value['sources']) &&
    value['sources'].length > 0 &&
    isFile(value['origins'], '.npy') &&
    isFile(value['places'], '.npy') &&
    isFile(value['files'], '.json') &&
    isFile(value['omitted'], '.json')
  );
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
