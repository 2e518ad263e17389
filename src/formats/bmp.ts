/**
 * Windows bitmaps to pixels, by NetSurf's libnsbmp in WebAssembly: libvips, which reads the other formats, does not support them.
 */
import { failure } from '../core/diagnostic.ts';

export interface Bitmap {
  readonly width: number;
  readonly height: number;
  /** Row-major [height, width, 4]: red, green, blue, opacity. */
  readonly data: Uint8Array;
}

/** Bytes up to the end of the sizes, in both kinds of headers. */
const HEADER = 26;

/** Length of the header of OS/2 1.x and Windows 2, which has 16-bit sizes. */
const OLD_HEADER = 12;

/**
 * @param limit maximum pixels
 * @throws Failure `data-corrupt`; the message does not name the file
 */
export async function decodeBitmap(bytes: Uint8Array, limit: number): Promise<Bitmap> {
  const [width, height] = bitmapSize(bytes);
  if (width * height > limit) throw corrupt(`has ${width}x${height} pixels, more than ${limit}`);
  const { decode } = await import('@cwasm/nsbmp');
  try {
    const { data } = decode(bytes);
    return { width, height, data: new Uint8Array(data.buffer, data.byteOffset, data.byteLength) };
  } catch {
    throw corrupt('cannot be decoded: it is damaged, or an unsupported kind of bitmap; save it as PNG');
  }
}

/** @throws Failure `data-corrupt` */
export function bitmapSize(bytes: Uint8Array): readonly [width: number, height: number] {
  if (bytes.length < HEADER) throw corrupt('is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isOld = view.getUint32(14, true) === OLD_HEADER;
  // A negative height means that the rows are stored from top to bottom.
  return isOld
    ? [view.getUint16(18, true), view.getUint16(20, true)]
    : [Math.abs(view.getInt32(18, true)), Math.abs(view.getInt32(22, true))];
}

function corrupt(what: string) {
  return failure('data-corrupt', what);
}
