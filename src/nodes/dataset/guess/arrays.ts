/** Files of arrays -> the settings that read them, by the shapes and the names of the arrays. */
import { basename, dirname, join } from 'node:path';
import { identifyFile, readStart } from '../../../formats/containers.ts';
import type { ContainerName } from '../../../formats/container.ts';
import { readCsv } from '../../../formats/csv.ts';
import { parseIdxShape } from '../../../formats/idx.ts';
import { parseNpyHeader } from '../../../formats/npy.ts';
import { readNumpyFile } from '../../../formats/numpy.ts';
import { listNpz, readNpz, type ArrayEntry } from '../../../formats/npz.ts';
import { Failure, failure } from '../../../core/diagnostic.ts';
import type { Json, JsonObject } from '../../../core/json.ts';
import { textOf } from '../../../formats/text-chunks.ts';
import { guessArrays, type ArrayGuess } from '../arrays/guess-arrays.ts';
import {
  checkKnownFolder,
  FASHION_MNIST_FILES,
  MNIST_FILES,
  pinFor,
  readKnownFile,
  type IdxPin,
} from '../arrays/known-files.ts';
import { shownName } from '../names.ts';
import { channelsComeFirst } from '../shapes.ts';
import { kindsIn } from './files.ts';
import { notUsed, type Guess } from './guess.ts';

export async function guessNpz(path: string): Promise<Guess> {
  const entries = await listNpz(path);
  const arrays = guessArrays(entries);
  if (arrays === undefined) {
    for (const { name } of entries) await readNpz(path, name, FIRST_ROW);
    throw noImages(path, entries);
  }
  const test = arrays.test_images === null ? await testArchive(path, entries, arrays) : undefined;
  if (test !== undefined) return test;
  const usual = {
    train_images: 'x_train',
    train_labels: 'y_train',
    test_images: 'x_test',
    test_labels: 'y_test',
  };
  // Without test images, their labels are not needed.
  const named = Object.entries(usual).filter(
    ([key, name]) =>
      arrays[key as keyof ArrayGuess] !== name && !(key === 'test_labels' && arrays.test_images === null),
  );
  return {
    what: `an archive of NumPy arrays${notUsed(otherThan(entries, arrays))}`,
    settings: {
      source: 'npz',
      path,
      ...Object.fromEntries(named.map(([key]) => [key, arrays[key as keyof ArrayGuess]])),
      ...layoutOf(entries, arrays.train_images, path),
    },
  };
}

/** Reading an array reports why it cannot be read, for example because it contains Python objects. */
const FIRST_ROW = { rows: 1, above: 0 };

/** `test.npz` beside `train.npz`, with images of the same size: both have arrays with the same names, or with the usual ones. */
async function testArchive(
  path: string,
  entries: readonly ArrayEntry[],
  train: ArrayGuess,
): Promise<Guess | undefined> {
  const found = await otherSplit(path, 'npz');
  if (found === undefined) return undefined;
  const others = await listNpz(found);
  const test = guessArrays(others.map(({ name, ...entry }) => ({ ...entry, name: `test/${name}` })));
  const nameOf = (name: string | null | undefined): string | null => name?.slice('test/'.length) ?? null;
  const images = nameOf(test?.test_images ?? test?.train_images);
  const shapeOf = (list: readonly ArrayEntry[], name: string | null): string | undefined =>
    list
      .find((entry) => entry.name === name)
      ?.shape?.slice(1)
      .join();
  if (images === null || shapeOf(others, images) !== shapeOf(entries, train.train_images)) return undefined;
  return {
    what: 'an archive of NumPy arrays, beside one of test images',
    settings: {
      source: 'npz',
      path,
      test_path: found,
      ...{ train_images: train.train_images, train_labels: train.train_labels },
      ...{ test_images: images, test_labels: nameOf(test?.test_labels ?? test?.train_labels) },
      ...layoutOf(entries, train.train_images, path),
    },
  };
}

export async function guessNpy(path: string): Promise<Guess> {
  return guessSeparate(
    path,
    { source: 'npy', what: 'NumPy arrays' },
    (start, file) => parseNpyHeader(start, file).shape,
  );
}

const KNOWN = [
  ['mnist', 'MNIST', MNIST_FILES],
  ['fashion-mnist', 'Fashion-MNIST', FASHION_MNIST_FILES],
] as const;

/** MNIST and Fashion-MNIST are known by the content of a file, others in this format by the names and shapes of their arrays. */
export async function guessIdx(path: string): Promise<Guess> {
  const folder = dirname(path);
  for (const [source, title, files] of KNOWN) {
    if (await areKnown(folder, files))
      return { what: `the files of ${title}`, settings: { source, path: folder } };
  }
  return guessSeparate(path, { source: 'idx', what: "files in MNIST's IDX format" }, parseIdxShape);
}

/** Whether a folder has the four files of a set, by the content of the smallest. */
async function areKnown(folder: string, files: readonly IdxPin[]): Promise<boolean> {
  if ((await checkKnownFolder({ path: folder, folder, key: 'path' }, files)).length > 0) return false;
  try {
    await readKnownFile(folder, pinFor(files, 'test', 'labels'), { title: '' });
    return true;
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** For arrays in separate files: other files in the folder belong to the set if their names and shapes say so. */
async function guessSeparate(
  path: string,
  { source, what }: { readonly source: 'npy' | 'idx'; readonly what: string },
  shapeOf: (start: Buffer, file: string) => readonly number[] | undefined,
): Promise<Guess> {
  const folder = dirname(path);
  const entries: ArrayEntry[] = [];
  for (const name of (await kindsIn(folder)).get(source) ?? []) {
    const start = await readStart(join(folder, name));
    const shape = start === undefined ? undefined : shapeIn(() => shapeOf(start, name));
    entries.push({ name, ...(shape === undefined ? {} : { shape }) });
  }
  const own = basename(path);
  const all = guessArrays(entries);
  const alone = entries.filter(({ name }) => name === own);
  const belongs = all !== undefined && Object.values(all).includes(own);
  const arrays = belongs ? all : guessArrays(alone);
  if (arrays === undefined) {
    if (source === 'npy') await readNumpyFile(path, 'x', FIRST_ROW);
    throw noImages(path, alone);
  }
  const named = Object.entries(arrays).flatMap(([key, name]): [string, Json][] =>
    name === null ? [] : [[key, join(folder, name)]],
  );
  return {
    what: `${what}${notUsed(otherThan(entries, arrays))}`,
    settings: {
      source,
      ...Object.fromEntries(named),
      ...layoutOf(entries, arrays.train_images, path),
    },
  };
}

/** Names of arrays that are not guessed. */
function otherThan(entries: readonly ArrayEntry[], arrays: ArrayGuess): readonly string[] {
  const named = new Set(Object.values(arrays));
  return entries.map(({ name }) => name).filter((name) => !named.has(name));
}

function shapeIn(read: () => readonly number[] | undefined): readonly number[] | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** How the images are stored in their array. */
function layoutOf(entries: readonly ArrayEntry[], images: string | null, path: string): JsonObject {
  const shape = entries.find(({ name }) => name === images)?.shape ?? [];
  if (shape.length === 4) return channelsComeFirst(shape) ? { data_format: 'channels_first' } : {};
  // As many rows as columns: a single picture. Reading it reports this.
  return shape.length === 2 && shape[0] !== shape[1] ? rowsOf(shape[1] ?? 0, path) : {};
}

/** The height and width of images that are rows of numbers. */
function rowsOf(numbers: number, path: string): JsonObject {
  const sides = squareOf(numbers) ?? squareOf(numbers / 3) ?? rectangleOf(numbers);
  if (sides === undefined) {
    throw failure(
      'data-corrupt',
      `each row of \`${shownName(basename(path))}\` has ${numbers} numbers, which is not the size of a usual image`,
      squareOf(numbers - 1) !== undefined || squareOf((numbers - 1) / 3) !== undefined
        ? 'leave out the column that is neither pixel nor label, such as the numbers of the rows: pandas has `to_csv(…, index=False)`'
        : 'use `source: npy`, `npz` or `csv` with `shape: [height, width]`',
    );
  }
  const channels = (sides[0] * sides[1] === numbers ? [] : [3]) satisfies readonly number[];
  // As in CIFAR's batches: first all reds, then all greens.
  return {
    shape: [...sides, ...channels],
    ...(channels.length > 0 ? { data_format: 'channels_first' } : {}),
  };
}

function squareOf(pixels: number): readonly [number, number] | undefined {
  const side = Math.sqrt(pixels);
  return Number.isInteger(side) && side > 1 ? [side, side] : undefined;
}

/** The two factors closest to each other, the larger one as the height: faces are taller than wide. */
function rectangleOf(pixels: number): readonly [number, number] | undefined {
  let width = Math.floor(Math.sqrt(pixels));
  while (width > 1 && pixels % width !== 0) width -= 1;
  const height = pixels / width;
  return width > 1 && height <= 2 * width ? [height, width] : undefined;
}

function noImages(path: string, entries: readonly ArrayEntry[]): Failure {
  const shapes = entries.map(
    ({ name, shape }) => `\`${shownName(name)}\` (${shape?.join(', ') ?? 'damaged'})`,
  );
  return failure(
    'data-corrupt',
    `\`${shownName(basename(path))}\` holds no images${shapes.length === 0 ? '' : `: ${shapes.join(', ')}`}`,
    'the shape of images is (count, height, width), (count, height, width, channels) or, in rows, (count, numbers)',
  );
}

/** Names of label columns that are found without a setting. */
const USUAL_LABEL = /^(?:label|class|target)s?$/i;

export async function guessTable(path: string): Promise<Guess> {
  const table = await readColumns(path);
  const name = basename(path);
  if (table === undefined)
    throw failure(
      'data-corrupt',
      `\`${shownName(name)}\` is a table without numbers`,
      'each row must have the pixels of one image',
    );
  const { width, label } = table;
  const test = await testTable(path, width);
  return {
    what: 'a table with a row of pixels for each image',
    settings: {
      source: 'csv',
      path,
      ...(test === undefined ? {} : { test_path: test }),
      ...(label === undefined ? {} : { label }),
      ...rowsOf(width, path),
    },
  };
}

/** How many pixels a row has, and which column is the label if a setting must name it. */
async function readColumns(
  path: string,
): Promise<{ readonly width: number; readonly label?: string | number } | undefined> {
  const lines = textOf((await readStart(path, 2 ** 20)) ?? Buffer.of()).split(/\r\n|\n|\r/);
  const separator = [',', ';', '\t'].find((each) => lines[0]?.includes(each)) ?? ',';
  const rows = lines.flatMap((line) => (readCsv(`${line}\n`, separator) ?? []).map(({ cells }) => cells));
  const [names = [], values = []] = rows;
  const columns = names.length;
  const hasNames = !names.every(isNumber) && values.length === columns;
  if (columns < 2 || (hasNames ? values : names).filter(isNumber).length < columns - 1) return undefined;
  if (hasNames && names.some((name) => USUAL_LABEL.test(name))) return { width: columns - 1 };
  // One number more than an image has: the label, which is usually the first.
  const isImage = (numbers: number): boolean => (squareOf(numbers) ?? squareOf(numbers / 3)) !== undefined;
  if (isImage(columns) || !isImage(columns - 1)) return { width: columns };
  const samples = (hasNames ? rows.slice(1) : rows).filter(({ length }) => length === columns);
  const isLast =
    !areLabels(samples.map(([cell = '']) => cell)) && areLabels(samples.map((row) => row.at(-1) ?? ''));
  const place = isLast ? columns - 1 : 0;
  return { width: columns - 1, label: hasNames ? (names[place] ?? place) : place };
}

function isNumber(cell: string): boolean {
  return cell.trim() !== '' && Number.isFinite(Number(cell));
}

/** Whether a column is labels rather than pixels: words, or few numbers close to each other, none of which is in most rows. */
function areLabels(cells: readonly string[]): boolean {
  if (!cells.every(isNumber)) return true;
  const counts = new Map<number, number>();
  for (const cell of cells) counts.set(Number(cell), (counts.get(Number(cell)) ?? 0) + 1);
  const isDense = Math.max(...counts.keys()) <= 2 * counts.size;
  const isSpread = Math.max(...counts.values()) <= 0.9 * cells.length;
  return counts.size > 1 && counts.size * 2 <= cells.length && isDense && isSpread;
}

/** `test.csv` beside `train.csv`, with the same number of pixels. */
async function testTable(path: string, width: number): Promise<string | undefined> {
  const found = await otherSplit(path, 'table');
  const table = found === undefined ? undefined : await readColumns(found);
  return table?.width === width ? found : undefined;
}

/** The file whose name has `test` where another one's has `train`. */
async function otherSplit(path: string, kind: ContainerName): Promise<string | undefined> {
  const name = basename(path);
  const other = name.replace(/train(?:ing)?/i, 'test');
  if (other === name) return undefined;
  const found = join(dirname(path), other);
  return (await identifyFile(found))?.name === kind ? found : undefined;
}
