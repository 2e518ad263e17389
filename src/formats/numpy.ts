/**
 * NumPy arrays of users, with more types than Hourglass writes: `.npy` files and `.npz` archives of them. Declared sizes are
 * compared with the file before memory is allocated, and nothing is ever unpickled.
 */
import { basename } from 'node:path';
import { failure, Failure } from '../core/diagnostic.ts';
import { sizeOf } from '../core/shape.ts';
import { printable } from '../core/text.ts';
import { openToRead } from '../files/open.ts';
import { HEADER_LIMIT, parseNpyHeader } from './npy.ts';
import {
  decodeTexts,
  numbersOf,
  readDtype,
  ALL_ROWS,
  swapBytes,
  type FirstRows,
  toRowMajor,
  type NumberType,
  type Numbers,
  type TextType,
} from './numpy-types.ts';

/** Writes the Python line that saves a changed array; `change` turns `x` into, for example, `x.astype('float32')`. */
export type SaveLine = (change?: (variable: string) => string) => string;

/** An array's name in messages (a path, or an archive's path with the name of the array), and the line that saves it. */
export interface ArrayFile {
  readonly name: string;
  readonly save: SaveLine;
}

export interface NumpyArray extends ArrayFile {
  /** Shape of what was read; row-major, regardless of the order in the file. */
  readonly shape: readonly number[];
  /** Rows of the array in the file, if only the first were read. */
  readonly total?: number;
  readonly type: NumberType | TextType;
  /** Booleans are 0 and 1, half-precision floats are float32. Empty for texts. */
  readonly data: Numbers;
  /** The values of an array of texts. */
  readonly texts?: readonly string[];
}

/** Maximum bytes of an array. */
const SIZE_LIMIT = 2 ** 31;

/** Bytes read at once. */
const CHUNK = 2 ** 20;

/**
 * @param variable what the array is called in advice
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readNumpyFile(path: string, variable = 'x', first?: FirstRows): Promise<NumpyArray> {
  const file = await openToRead(path).catch(() => {
    throw missing(path, 'does not exist, or cannot be read');
  });
  try {
    const info = await file.stat();
    if (!info.isFile()) throw missing(path, 'is not a file');
    const stream = file.createReadStream({ autoClose: false, highWaterMark: CHUNK });
    return await readArray(stream, info.size, npySource(path, variable), first);
  } finally {
    await file.close();
  }
}

/** @param variable what the array is called in advice */
export function npySource(path: string, variable: string): ArrayFile {
  return {
    name: path,
    save: (change = (x) => x) => `\`np.save('${basename(path)}', ${change(variable)})\``,
  };
}

/** The content of a header, checked against the bytes that follow it. */
export interface Declared {
  readonly type: NumberType | TextType;
  /** Shape of the rows that are read. */
  readonly shape: readonly number[];
  readonly fortran: boolean;
  readonly swapped: boolean;
  /** Bytes of the rows that are read. */
  readonly kept: number;
  /** Bytes per row. */
  readonly rowBytes: number;
  /** Rows of the array in the file, if only the first are read. */
  readonly total?: number;
}

type Allocated = Declared & { readonly bytes: Uint8Array };

/**
 * Reads an array with its header, and only the requested rows.
 *
 * @param size bytes that the stream should have
 * @throws Failure `data-corrupt`
 */
export async function readArray(
  stream: AsyncIterable<Buffer>,
  size: number,
  source: ArrayFile,
  first: FirstRows = ALL_ROWS,
): Promise<NumpyArray> {
  let start = Buffer.alloc(0);
  let declared: Allocated | undefined;
  let done = 0;
  const take = (chunk: Uint8Array, { bytes, total }: Allocated): boolean => {
    const room = bytes.length - done;
    if (chunk.length > room && total === undefined) throw corrupt(source, 'holds more than it declares');
    bytes.set(chunk.subarray(0, room), done);
    done += Math.min(chunk.length, room);
    return total !== undefined && done === bytes.length;
  };
  for await (const chunk of stream) {
    if (declared !== undefined) {
      if (take(chunk, declared)) break;
      continue;
    }
    start = Buffer.concat([start, chunk]);
    if (start.length < Math.min(HEADER_LIMIT, size)) continue;
    const { end, ...header } = parseHeader(start, source);
    declared = allocate(declare(header, size - end, source, first), source);
    if (take(start.subarray(end), declared)) break;
  }
  if (declared === undefined || done < declared.bytes.length) {
    parseHeader(start, source);
    throw corrupt(source, 'ended while it was read');
  }
  const { type, shape, fortran, swapped, bytes, total } = declared;
  const read = { ...source, shape, type, ...(total === undefined ? {} : { total }) };
  if (!('view' in type)) return { ...read, ...textsOf(declared, source) };
  const values = numbersOf(bytes, type, swapped);
  return { ...read, data: fortran ? toRowMajor(values, shape) : values };
}

function textsOf(
  { type, shape, fortran, swapped, bytes }: Allocated,
  source: ArrayFile,
): Pick<NumpyArray, 'data' | 'texts'> {
  if (fortran && shape.length > 1) throw corrupt(source, 'holds texts in Fortran order');
  try {
    const texts = decodeTexts(swapped ? swapBytes(bytes, 4) : bytes, type as TextType);
    return { data: new Uint8Array(), texts };
  } catch {
    throw corrupt(source, 'holds texts with invalid characters');
  }
}

/** @throws Failure `data-corrupt` */
export function parseHeader(start: Buffer, source: ArrayFile): ReturnType<typeof parseNpyHeader> {
  try {
    return parseNpyHeader(start, source.name);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    throw failure('data-corrupt', error.message, `save it again: ${source.save()}`);
  }
}

/**
 * @param present bytes after the header
 * @throws Failure `data-corrupt`
 */
export function declare(
  { dtype, shape, fortran }: Omit<ReturnType<typeof parseNpyHeader>, 'end'>,
  present: number,
  source: ArrayFile,
  first: FirstRows,
): Declared {
  const found = readDtype(dtype);
  if ('refused' in found) {
    const { refused, fix, more } = found;
    const hint = `save it as numbers: ${source.save(fix)}${more === undefined ? '' : `, ${more}`}`;
    throw corrupt(source, `holds ${refused}`, hint);
  }
  const { swapped } = found;
  const type = 'text' in found ? found.text : found.type;
  const bytes = sizeOf(shape) * type.bytes;
  if (bytes !== present)
    throw corrupt(
      source,
      `declares ${bytes} bytes of data, ${type.name} of the shape ${tuple(shape)}, but holds ${present}`,
    );
  const [count = 0, ...row] = shape;
  const rowBytes = sizeOf(row) * type.bytes;
  // In Fortran order, a row is spread over the whole file.
  const isCut = bytes > first.above && first.rows < count && (!fortran || shape.length === 1);
  const own = { type, fortran, swapped, rowBytes };
  return isCut
    ? { ...own, shape: [first.rows, ...row], kept: first.rows * rowBytes, total: count }
    : { ...own, shape, kept: bytes };
}

function allocate(declared: Declared, source: ArrayFile): Allocated {
  const { kept, rowBytes } = declared;
  if (kept > SIZE_LIMIT) {
    const rows = Math.floor(SIZE_LIMIT / rowBytes);
    const hint =
      `set \`limit: ${rows}\`, or save it as a \`.npy\` file, which is read in pieces: ` +
      "`np.save('x.npy', np.ascontiguousarray(x))`";
    throw corrupt(source, `is too large: ${kept} bytes, but the maximum is ${SIZE_LIMIT}`, hint);
  }
  return { ...declared, bytes: new Uint8Array(kept) };
}

/** A shape as Python writes it. */
export function tuple(shape: readonly number[]): string {
  return shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
}

/**
 * Converts to pixels: unsigned bytes and 16-bit integers stay unchanged, other integers become the narrower of these two types
 * that holds all values, floats become float32.
 *
 * @throws Failure `data-corrupt` for integers that are negative or beyond 65,535, and for values that are not finite
 */
export function toPixels(
  array: ArrayFile & Pick<NumpyArray, 'data' | 'texts'>,
): Uint8Array | Uint16Array | Float32Array {
  const { data, save, texts } = array;
  if (texts !== undefined) throw textsFailure(array, texts);
  if (data instanceof Uint8Array || data instanceof Uint16Array) return data;
  if (data instanceof Float32Array || data instanceof Float64Array) {
    const pixels = data instanceof Float32Array ? data : Float32Array.from(data);
    const bad = pixels.findIndex((value) => !Number.isFinite(value));
    if (bad < 0) return pixels;
    if (Number.isFinite(data[bad])) {
      const hint = `make the numbers smaller: ${save((x) => `${x} / np.abs(${x}).max()`)}`;
      throw corrupt(array, `holds ${data[bad]}, which is beyond float32`, hint);
    }
    const hint = `replace such values with numbers: ${save((x) => `np.nan_to_num(${x})`)}`;
    throw corrupt(array, `holds ${data[bad]}, which is not an intensity`, hint);
  }
  let highest = 0;
  for (const value of data) {
    const number = Number(value);
    if (number < 0 || number > 65_535) {
      const hint = `save them as floats: ${save((x) => `${x}.astype('float32')`)}`;
      throw corrupt(array, `holds the integer ${value}: pixels are from 0 to 65535`, hint);
    }
    if (number > highest) highest = number;
  }
  const pixels = highest > 255 ? new Uint16Array(data.length) : new Uint8Array(data.length);
  for (let index = 0; index < pixels.length; index++) pixels[index] = Number(data[index] ?? 0);
  return pixels;
}

function textsFailure(array: ArrayFile, texts: readonly string[]): Failure {
  const [text = ''] = texts;
  const such = text === '' ? '' : `, such as \`${printable(text.slice(0, 40))}\``;
  const hint =
    text.trim() !== '' && Number.isFinite(Number(text))
      ? `save them as numbers: ${array.save((x) => `${x}.astype('float32')`)}`
      : 'name labels with `train_labels` or `test_labels`; pictures that are named by their paths are read by `source: images`';
  return corrupt(array, `holds texts${such}: pixels are numbers`, hint);
}

/** Labels as numbers, or as names of classes. */
export type ArrayLabels =
  | { readonly numbers: Uint8Array | Int32Array; readonly texts?: undefined }
  | { readonly texts: readonly string[]; readonly numbers?: undefined };

/**
 * Labels of the shape [count], [count, 1] or [1, count]: integers, floats that are integers, or texts; or one-hot,
 * of the shape [count, classes].
 *
 * @throws Failure `data-corrupt` for other shapes, and for values that are not integers from 0 to 2^31 - 1
 */
export function toLabels(array: NumpyArray): ArrayLabels {
  const { shape, data, texts, save } = array;
  // MATLAB has no one-dimensional arrays.
  const isRow = shape.length === 1 || (shape.length === 2 && shape.includes(1));
  if (!isRow) {
    const classes = oneHot(array);
    if (classes !== undefined) return { numbers: classes };
    throw corrupt(
      array,
      `has the shape ${tuple(shape)}: labels have the shape (count,) or, if they are one-hot, (count, classes)`,
      `save one integer for each image: ${save((y) => `${y}.argmax(axis=1)`)}, if each row has one value per class`,
    );
  }
  if (texts !== undefined) return { texts };
  if (data instanceof Uint8Array) return { numbers: data };
  const labels = new Int32Array(data.length);
  for (const [index, value] of data.entries()) {
    if (!Number.isInteger(Number(value)))
      throw corrupt(
        array,
        `holds ${value}: labels are integers`,
        `number the different values: ${save(renumbered)}, or leave the labels out`,
      );
    if (value < 0 || value >= 2 ** 31) {
      const hint = `number the classes from 0: ${save(renumbered)}`;
      throw corrupt(array, `holds the label ${value}: labels are from 0 to 2147483647`, hint);
    }
    labels[index] = Number(value);
  }
  return { numbers: labels };
}

/** The column of the only 1 in each row; undefined if any row is not one-hot. */
function oneHot({ shape, data }: NumpyArray): Int32Array | undefined {
  const [rows = 0, columns = 0] = shape;
  if (shape.length !== 2 || rows < 2 || data.length !== rows * columns) return undefined;
  const classes = new Int32Array(rows).fill(-1);
  for (const [index, value] of data.entries()) {
    const number = Number(value);
    if (number === 0) continue;
    const row = Math.floor(index / columns);
    if (number !== 1 || classes[row] !== -1) return undefined;
    classes[row] = index % columns;
  }
  return classes.includes(-1) ? undefined : classes;
}

function renumbered(variable: string): string {
  return `np.unique(${variable}, return_inverse=True)[1]`;
}

function missing(path: string, what: string, hint = 'paths are relative to the pipeline file'): Failure {
  return failure('data-missing', `\`${path}\` ${what}`, hint);
}

function corrupt({ name, save }: ArrayFile, what: string, hint = `save it again: ${save()}`): Failure {
  return failure('data-corrupt', `\`${name}\` ${what}`, hint);
}
