/** PNG and JPEG files to bytes, by sharp. Hostile headers are refused before anything of their size is allocated. */
import sharp, { type OutputInfo } from 'sharp';
import { targetSize } from './image-size.ts';
import { errorCode } from './atomic.ts';
import { failure, type Failure } from '../core/diagnostic.ts';
import type { ImageShape } from '../core/stage-type.ts';

export interface DecodeOptions {
  /** The first row and column that are kept, and those after the last. */
  readonly crop: {
    readonly rows: readonly [number, number];
    readonly columns: readonly [number, number];
  } | null;
  /** Height and width, or a factor; null keeps the size. */
  readonly size: readonly [number, number] | number | null;
  readonly color: 'gray' | 'rgb';
}

export interface DecodedImage {
  readonly shape: ImageShape;
  /** Row-major [height, width, channels]. */
  readonly data: Uint8Array;
}

/** The largest image that is decoded, in pixels. */
const PIXEL_LIMIT = 2 ** 26;

// One image after the other: threads of its own would take those of the stages beside.
sharp.cache(false);

/** @throws Failure `data-corrupt`, whose message says what is wrong without naming the file */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const isPng = Buffer.from(bytes.subarray(0, 8)).equals(Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'));
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8;
  // libvips knows many more formats, with more ways to be hurt.
  if (!isPng && !isJpeg) throw corrupt('is neither PNG nor JPEG');
  try {
    const source = sharp(bytes, { limitInputPixels: PIXEL_LIMIT, failOn: 'error', sequentialRead: true });
    let { width, height } = await source.metadata();
    const { crop } = options;
    if (crop !== null) {
      const [[top, bottom], [left, right]] = [crop.rows, crop.columns];
      if (bottom > height || right > width) {
        throw corrupt(`is ${height}x${width} pixels, too small for the crop`);
      }
      [height, width] = [bottom - top, right - left];
      source.extract({ left, top, width, height });
    }
    const [rows, columns] = targetSize([height, width], options.size);
    if (rows !== height || columns !== width) source.resize({ width: columns, height: rows, fit: 'fill' });
    const gray = options.color === 'gray';
    const { data, info } = await source
      .flatten({ background: '#000' })
      .toColourspace(gray ? 'b-w' : 'srgb')
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return toShape(data, info, gray ? 1 : 3);
  } catch (error) {
    if (errorCode(error) === '' && error instanceof Error && error.name === 'Error') {
      throw corrupt(`cannot be decoded: ${error.message.split('\n')[0] ?? ''}`);
    }
    throw error;
  }
}

function toShape(data: Buffer, info: OutputInfo, channels: 1 | 3): DecodedImage {
  const pixels = info.width * info.height;
  const shape: ImageShape = [info.height, info.width, channels];
  if (info.channels === channels) return { shape, data };
  // A gray image may come with its channel repeated.
  const picked = new Uint8Array(pixels * channels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let channel = 0; channel < channels; channel++) {
      picked[pixel * channels + channel] =
        data[pixel * info.channels + Math.min(channel, info.channels - 1)] ?? 0;
    }
  }
  return { shape, data: picked };
}

function corrupt(what: string): Failure {
  return failure('data-corrupt', what);
}
