/** NumPy arrays that are too large for memory: their values are converted to pixels in pieces, directly from the file. */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { sizeOf } from '../core/shape.ts';
import { mostHeld } from '../files/memory.ts';
import { ByteFile } from './byte-file.ts';
import { HEADER_LIMIT } from './npy.ts';
import { hashOfPixels } from './pixel-hash.ts';
import { NumberSource, type HeldNumbers, type NumberType as PixelType } from './numbers.ts';
import { declare, npySource, parseHeader, toPixels, type ArrayFile, type Declared } from './numpy.ts';
import { ALL_ROWS, numbersOf, type FirstRows, type Numbers, type NumberType } from './numpy-types.ts';

export interface LargeArray extends ArrayFile {
  readonly shape: readonly number[];
  /** Rows of the array in the file, if only the first are read. */
  readonly total?: number;
  readonly type: NumberType;
  /** Pixels as `toPixels` returns them, but 16-bit ones as floats. */
  readonly pixels: NumberSource;
  readonly wide: boolean;
  /** SHA-256 of the pixels as `toPixels` returns them. */
  readonly hash: string;
}

/** The position of an array, including its header. */
export interface ArrayPlace {
  readonly path: string;
  readonly begin: number;
  /** In bytes. */
  readonly size: number;
}

/**
 * Opens an array if it, or its pixels, would take more than `most` bytes, and checks its values.
 *
 * @param most maximum bytes held in memory
 * @returns undefined for smaller arrays, and for those that can only be read as a whole
 * @throws Failure `data-corrupt` as `toPixels`
 */
export async function openLargeArray(
  { path, begin, size }: ArrayPlace,
  source: ArrayFile,
  first: FirstRows = ALL_ROWS,
  most = mostHeld(),
): Promise<LargeArray | undefined> {
  if (size * MOST_PIXEL_BYTES <= most) return undefined;
  const file = new ByteFile(path);
  const start = Buffer.alloc(Math.min(HEADER_LIMIT, size));
  file.readInto(start, begin);
  const { end, ...header } = parseHeader(start, source);
  const declared = declare(header, size - end, source, first);
  const { type, shape, fortran, total } = declared;
  if (!('view' in type) || (fortran && shape.length > 1)) return undefined;
  const isByte = type.name === 'bool' || type.name === 'uint8';
  const pixelBytes = (declared.kept / type.bytes) * (isByte ? 1 : 4);
  if (Math.max(declared.kept, pixelBytes) <= most) return undefined;
  const place = { file, begin: begin + end, declared, type };
  const found = await check(new FilePixels(place, 'float32'), source);
  const isFloat = type.name.startsWith('float');
  const pixels = new FilePixels(place, isFloat || found.wide ? 'float32' : 'uint8');
  const own = { ...source, shape, type, pixels, wide: found.wide, ...(total === undefined ? {} : { total }) };
  return { ...own, hash: found.hash ?? hashOfPixels(pixels, found.wide) };
}

/** Opens the array of a `.npy` file; `undefined` also if the file does not exist. @throws as `openLargeArray` */
export async function openNumpyFile(
  path: string,
  variable = 'x',
  first?: FirstRows,
): Promise<LargeArray | undefined> {
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true) return undefined;
  return openLargeArray({ path, begin: 0, size: info.size }, npySource(path, variable), first);
}

/** Maximum bytes of pixels per byte of a file. */
const MOST_PIXEL_BYTES = 4;

interface Place {
  readonly file: ByteFile;
  readonly begin: number;
  readonly declared: Declared;
  readonly type: NumberType;
}

class FilePixels extends NumberSource {
  readonly #place: Place;

  constructor(place: Place, type: PixelType) {
    const { shape } = place.declared;
    const rowLength = sizeOf(shape.slice(1));
    super(type, (shape[0] ?? 0) * rowLength, rowLength);
    this.#place = place;
  }

  read(start: number, end: number): HeldNumbers {
    const numbers = this.numbers(start, end);
    if (this.type === 'uint8')
      return numbers instanceof Uint8Array ? numbers : new Uint8Array(toDoubles(numbers));
    return numbers instanceof Float32Array ? numbers : new Float32Array(toDoubles(numbers));
  }

  /** The numbers as stored in the file. */
  numbers(start: number, end: number): Numbers {
    const { file, begin, declared, type } = this.#place;
    const bytes = new Uint8Array((end - start) * type.bytes);
    file.readInto(bytes, begin + start * type.bytes);
    return numbersOf(bytes, type, declared.swapped);
  }
}

function toDoubles(numbers: Numbers): ArrayLike<number> {
  if (!(numbers instanceof BigInt64Array || numbers instanceof BigUint64Array)) return numbers;
  return Float64Array.from({ length: numbers.length }, (_, index) => Number(numbers[index] ?? 0));
}

interface Checked {
  /** Whether any value has 16 bits. */
  readonly wide: boolean;
  /** Present if it is known after one pass over the values. */
  readonly hash?: string;
}

/** About how many values are checked at once. */
const PIECE = 2 ** 18;

/** Checks all values, like `toPixels`. */
async function check(values: FilePixels, source: ArrayFile): Promise<Checked> {
  const hash = createHash('sha256');
  const kinds = new Set<string>();
  const step = Math.max(1, Math.floor(PIECE / values.rowLength)) * values.rowLength;
  for (let start = 0; start < values.length; start += step) {
    await nextTurn();
    const pixels = toPixels({
      ...source,
      data: values.numbers(start, Math.min(start + step, values.length)),
    });
    kinds.add(pixels.constructor.name);
    hash.update(pixels);
  }
  // Some pieces of an array of integers may have 8 bits, and others 16.
  const isKnown = kinds.size === 1;
  return { wide: kinds.has('Uint16Array'), ...(isKnown ? { hash: hash.digest('hex') } : {}) };
}
