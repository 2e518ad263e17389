/** The number types of NumPy's files, in both byte orders, and the order of their axes. */
import { sizeOf } from '../core/shape.ts';

export type Numbers =
  | Uint8Array
  | Int8Array
  | Uint16Array
  | Int16Array
  | Uint32Array
  | Int32Array
  | BigUint64Array
  | BigInt64Array
  | Float32Array
  | Float64Array;

export interface NumberType {
  /** NumPy's name of the type. */
  readonly name: string;
  /** Bytes per value. */
  readonly bytes: number;
  /** The bytes as numbers, without a copy; `float16` as its bits. */
  view(bytes: Uint8Array): Numbers;
}

/** Only the first `rows` are read from an array with more than `above` bytes. */
export interface FirstRows {
  readonly rows: number;
  readonly above: number;
}

export const ALL_ROWS: FirstRows = { rows: Infinity, above: Infinity };

type View = new (buffer: ArrayBufferLike) => Numbers;

function numberType(name: string, bytes: number, Type: View): NumberType {
  return { name, bytes, view: ({ buffer }) => new Type(buffer) };
}

/** By kind and size, as written in a `.npy` header after the byte order. */
const TYPES: ReadonlyMap<string, NumberType> = new Map([
  [
    'b1',
    {
      ...numberType('bool', 1, Uint8Array),
      view: (bytes: Uint8Array) => bytes.map((bit) => Number(bit > 0)),
    },
  ],
  ['u1', numberType('uint8', 1, Uint8Array)],
  ['i1', numberType('int8', 1, Int8Array)],
  ['u2', numberType('uint16', 2, Uint16Array)],
  ['i2', numberType('int16', 2, Int16Array)],
  ['u4', numberType('uint32', 4, Uint32Array)],
  ['i4', numberType('int32', 4, Int32Array)],
  ['u8', numberType('uint64', 8, BigUint64Array)],
  ['i8', numberType('int64', 8, BigInt64Array)],
  ['f2', numberType('float16', 2, Uint16Array)],
  ['f4', numberType('float32', 4, Float32Array)],
  ['f8', numberType('float64', 8, Float64Array)],
]);

/** Texts with a fixed number of characters, padded with NUL. A character has 4 bytes (`str`) or one (`bytes`). */
export interface TextType {
  readonly name: 'str' | 'bytes';
  /** Bytes per text. */
  readonly bytes: number;
}

type Dtype =
  | { readonly type: NumberType; readonly swapped: boolean }
  | { readonly text: TextType; readonly swapped: boolean }
  | {
      readonly refused: string;
      fix(variable: string): string;
      /** What the fix needs, or what to do if it does not work. */
      readonly more?: string;
    };

/** @param descr such as `<f4`; empty if the values do not have a single plain type */
export function readDtype(descr: string): Dtype {
  const [, order, code = '', kind = ''] = /^([<>=|])(([A-Za-z])\d*)$/.exec(descr) ?? [];
  const type = TYPES.get(code);
  if (type !== undefined) return { type, swapped: order === '>' };
  switch (kind) {
    case 'O':
      return {
        refused: 'Python objects, which are never unpickled (images of different sizes make such an array)',
        fix: (x) => `np.stack(${x}).astype('float32')`,
        more: 'if all images have one size; otherwise save each as a PNG file, and use `source: images` with `size`',
      };
    case 'U':
      return { text: { name: 'str', bytes: 4 * Number(code.slice(1)) }, swapped: order === '>' };
    case 'S':
      return { text: { name: 'bytes', bytes: Number(code.slice(1)) }, swapped: false };
    case 'c':
      return { refused: 'complex numbers', fix: (x) => `np.abs(${x}).astype('float32')` };
    default: {
      const refused = `not one of ${[...TYPES.values()].map(({ name }) => name).join(', ')}`;
      if (descr !== '')
        return { refused: `values of type \`${descr}\`, ${refused}`, fix: (x) => `${x}.astype('float32')` };
      return {
        refused: `records of several values, ${refused}`,
        fix: (x) => `rf.structured_to_unstructured(${x})`,
        more: 'after `import numpy.lib.recfunctions as rf`',
      };
    }
  }
}

/** Bytes of a file as numbers. Bytes in the other order are swapped in place. */
export function numbersOf(bytes: Uint8Array, type: NumberType, swapped: boolean): Numbers {
  const numbers = type.view(swapped ? swapBytes(bytes, type.bytes) : bytes);
  return type.name === 'float16' ? decodeHalf(numbers) : numbers;
}

/** Reverses the bytes of each value, in place. */
export function swapBytes(bytes: Uint8Array, size: number): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (size === 2) buffer.swap16();
  if (size === 4) buffer.swap32();
  if (size === 8) buffer.swap64();
  return bytes;
}

/** @throws RangeError for an invalid character */
export function decodeTexts(data: Uint8Array, { name, bytes }: TextType): readonly string[] {
  const count = bytes === 0 ? 0 : data.length / bytes;
  return Array.from({ length: count }, (_, index) => {
    const own = data.subarray(index * bytes, (index + 1) * bytes);
    if (name === 'bytes') return new TextDecoder().decode(own).replace(/\0+$/, '');
    const view = new DataView(own.buffer, own.byteOffset, own.byteLength);
    const points = Array.from({ length: bytes / 4 }, (__, at) => view.getUint32(at * 4, true));
    return String.fromCodePoint(...points.slice(0, points.findLastIndex((point) => point !== 0) + 1));
  });
}

/** Converts the bits of float16 values to float32. */
export function decodeHalf(bits: Numbers): Float32Array {
  return Float32Array.from(bits as Uint16Array, (half) => {
    const exponent = (half >> 10) & 31;
    const fraction = half & 1023;
    const sign = half >> 15 === 0 ? 1 : -1;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
  });
}

/** Converts values in Fortran order, in which the first axis varies fastest, to row-major order. */
export function toRowMajor(data: Numbers, shape: readonly number[]): Numbers {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(0, axis)));
  const place = shape.map(() => 0);
  const result = data.slice();
  let from = 0;
  for (let to = 0; to < data.length; to++) {
    result[to] = data[from] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const stride = strides[axis] ?? 0;
      const next = (place[axis] ?? 0) + 1;
      from += stride;
      if (next < (shape[axis] ?? 0)) {
        place[axis] = next;
        break;
      }
      from -= next * stride;
      place[axis] = 0;
    }
  }
  return result;
}
