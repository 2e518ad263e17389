/**
 * Image files to pixels, by libvips, libjpeg-turbo (small JPEG files) and libnsbmp (BMP). Images that are too large, according to
 * their header, are refused before memory is allocated.
 */
import type { default as SharpFactory, Metadata, Sharp } from 'sharp';
import { errorCode } from '../files/atomic.ts';
import { bitmapSize, decodeBitmap } from './bmp.ts';
import { Budget, type Room } from './budget.ts';
import { JpegDecoder } from './jpeg.ts';
import { DECODED_FORMATS, decodedFormats, formatOf } from './image-format.ts';
import { targetSize } from './image-size.ts';
import { jpegHeader, type JpegHeader } from './jpeg-header.ts';
import { resizer } from './resample.ts';
import { loadSharp } from './sharp.ts';
import { failure, type Failure } from '../core/diagnostic.ts';
import type { ImageShape } from '../core/stage-type.ts';

export interface DecodeOptions {
  /** The first row and column to keep, and those after the last. */
  readonly crop: {
    readonly rows: readonly [number, number];
    readonly columns: readonly [number, number];
  } | null;
  /** Height and width, or a factor; null keeps the size. */
  readonly size: readonly [number, number] | number | null;
  readonly color: 'gray' | 'rgb';
  /** Background of transparent images: red, green and blue from 0 to 255. Without it, transparency is ignored. */
  readonly background?: Color;
  /** The budget of pixels, if threads share one. By default, that of this thread. */
  readonly room?: Room;
}

export type Color = readonly [red: number, green: number, blue: number];

export interface DecodedImage {
  readonly shape: ImageShape;
  /** Row-major [height, width, channels]: bytes, or all 16 bits of a PNG or TIFF file that has them. */
  readonly data: Pixels;
  /** Whether any pixel was not opaque. */
  readonly transparent: boolean;
  /** Height and width after `crop` and before `size`. */
  readonly from: readonly [number, number];
}

export type Pixels = Uint8Array | Uint16Array;

/** Maximum pixels of an image. */
export const PIXEL_LIMIT = 2 ** 26;

/** Images decoded at the same time may together have as many pixels as the largest image. */
const ownRoom: Room = new Budget(PIXEL_LIMIT);

/** The largest JPEG image, in pixels, for which a plain decoder is faster than libvips. */
const PLAIN_LIMIT = 2 ** 17;

type Decoder = typeof SharpFactory;

/**
 * Decodes the first image of a file.
 *
 * @throws Failure `data-corrupt`; the message does not name the file
 */
export async function decodeImage(bytes: Uint8Array, options: DecodeOptions): Promise<DecodedImage> {
  const format = formatOf(bytes);
  if (format === undefined || !DECODED_FORMATS.includes(format))
    throw corrupt(
      `${format === undefined ? 'is not an image' : `has the format ${format}`}; ${decodedFormats()} are read`,
    );
  const { room = ownRoom } = options;
  const header = format === 'JPEG' ? plainHeader(bytes) : undefined;
  if (header !== undefined) {
    const { height, width } = header;
    const plain = await room.use(height * width, async () => decodePlain(bytes, header, options));
    if (plain !== undefined) return plain;
  }
  const sharp = await loadSharp();
  try {
    const facts = await factsOf(sharp, bytes, format);
    const { depth, height, width } = facts;
    if (depth !== undefined && depth !== 'uchar' && depth !== 'ushort')
      throw corrupt(`has pixels of type ${depth}; only 8 and 16 bits are supported`);
    return await room.use(height * width, () => decodePixels(sharp, bytes, facts, options));
  } catch (error) {
    if (errorCode(error) === '' && error instanceof Error && error.name === 'Error') {
      throw corrupt(`cannot be decoded: ${(error.message.split('\n')[0] ?? '').replace(/:\s*$/, '')}`);
    }
    throw error;
  }
}

/** The header of a JPEG file that a plain decoder can decode; undefined for all others. */
function plainHeader(bytes: Uint8Array): JpegHeader | undefined {
  const header = jpegHeader(bytes);
  if (header === undefined || !header.isBaseline || header.hasExif || header.depth !== 8) return undefined;
  const { height, width, components } = header;
  const pixels = height * width;
  return (components === 1 || components === 3) && pixels > 0 && pixels <= PLAIN_LIMIT ? header : undefined;
}

/** Its `decoder` is undefined if it is not available, for example without WebAssembly: then libvips reads all files. */
let plainDecoder: { readonly decoder: JpegDecoder | undefined } | undefined;

function startPlain(): JpegDecoder | undefined {
  try {
    return new JpegDecoder();
  } catch {
    return undefined;
  }
}

/** @returns undefined for files that are left to libvips */
function decodePlain(
  bytes: Uint8Array,
  header: JpegHeader,
  { crop, color, size }: DecodeOptions,
): DecodedImage | undefined {
  plainDecoder ??= { decoder: startPlain() };
  const pixels = plainDecoder.decoder?.decode(bytes, header);
  if (pixels === undefined) return undefined;
  const { height, width } = header;
  const { data, channels } = pixels;
  const finish = (values: Uint8Array, from: readonly [number, number]): DecodedImage => ({
    ...resize(toColor(values, channels, from, color), size),
    transparent: false,
    from,
  });
  if (crop === null) return finish(data, [height, width]);
  checkCrop(crop, [height, width]);
  const part = cut(data, crop, width, channels);
  return finish(part, [crop.rows[1] - crop.rows[0], crop.columns[1] - crop.columns[0]]);
}

/** What is known about an image before it is decoded; height and width after rotation, as in viewers. */
interface Facts extends Pick<Metadata, 'space' | 'depth'> {
  readonly format: string;
  readonly height: number;
  readonly width: number;
}

async function factsOf(sharp: Decoder, bytes: Uint8Array, format: string): Promise<Facts> {
  if (format === 'BMP') {
    const [width, height] = bitmapSize(bytes);
    return { format, height, width, space: 'srgb', depth: 'uchar' };
  }
  const { autoOrient, space, depth } = await fromFile(sharp, bytes).metadata();
  return { format, ...autoOrient, space, depth };
}

async function decodePixels(
  sharp: Decoder,
  bytes: Uint8Array,
  { format, space, depth, height, width }: Facts,
  options: DecodeOptions,
): Promise<DecodedImage> {
  const source = format === 'BMP' ? await fromBitmap(sharp, bytes) : fromFile(sharp, bytes);
  if (options.crop !== null) extract(source, options.crop, [height, width]);
  const wide = depth === 'ushort';
  if (space === 'cmyk') source.pipelineColourspace('cmyk').toColourspace('cmyk');
  else source.toColourspace(wide ? 'rgb16' : 'srgb');
  const { data, info } = await source
    .raw({ depth: wide ? 'ushort' : 'uchar' })
    .toBuffer({ resolveWithObject: true });
  const values = wide ? toWide(data) : data;
  const colors = space === 'cmyk' ? inkToRgb(values) : values;
  const from = space === 'cmyk' ? 3 : info.channels;
  const white = wide ? 65_535 : 255;
  const transparent = from === 4 && isTransparent(colors, white);
  if (transparent && options.background !== undefined) blend(colors, options.background, white);
  return {
    ...resize(toColor(colors, from, [info.height, info.width], options.color), options.size),
    transparent,
    from: [info.height, info.width],
  };
}

function fromFile(sharp: Decoder, bytes: Uint8Array): Sharp {
  // Pillow, OpenCV and TensorFlow also ignore colour profiles. Photos are rotated as in viewers and OpenCV.
  return sharp(bytes, {
    limitInputPixels: PIXEL_LIMIT,
    failOn: 'error',
    sequentialRead: true,
    ignoreIcc: true,
    autoOrient: true,
  });
}

async function fromBitmap(sharp: Decoder, bytes: Uint8Array): Promise<Sharp> {
  const { width, height, data } = await decodeBitmap(bytes, PIXEL_LIMIT);
  return sharp(data, { raw: { width, height, channels: 4 }, autoOrient: true });
}

/** Blends an image with opacity, [pixels, 4], with a background, in place. */
function blend(colors: Pixels, background: Color, white: number): void {
  for (let pixel = 0; pixel < colors.length; pixel += 4) {
    const opacity = (colors[pixel + 3] ?? 0) / white;
    background.forEach((value, channel) => {
      const own = colors[pixel + channel] ?? 0;
      colors[pixel + channel] = Math.round(own * opacity + (value / 255) * white * (1 - opacity));
    });
  }
}

function toWide(bytes: Buffer): Uint16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : Uint8Array.from(bytes);
  return new Uint16Array(aligned.buffer, aligned.byteOffset, aligned.length / 2);
}

type Plain = Pick<DecodedImage, 'shape' | 'data'>;

type Crop = NonNullable<DecodeOptions['crop']>;

function checkCrop({ rows, columns }: Crop, [height, width]: readonly [number, number]): void {
  if (rows[1] > height || columns[1] > width)
    throw corrupt(`is ${height}x${width} pixels, too small for the crop`);
}

/** The part of an image that a crop keeps. */
function cut(data: Uint8Array, { rows, columns }: Crop, width: number, channels: number): Uint8Array {
  const length = (columns[1] - columns[0]) * channels;
  const kept = new Uint8Array((rows[1] - rows[0]) * length);
  for (let row = rows[0], target = 0; row < rows[1]; row++, target += length) {
    const start = (row * width + columns[0]) * channels;
    kept.set(data.subarray(start, start + length), target);
  }
  return kept;
}

function extract(source: Sharp, crop: Crop, size: readonly [number, number]): void {
  checkCrop(crop, size);
  const {
    rows: [top, bottom],
    columns: [left, right],
  } = crop;
  source.extract({ left, top, width: right - left, height: bottom - top });
}

/** CMYK to RGB, like Pillow: the light that an ink and black leave of white. */
function inkToRgb(inks: Pixels): Pixels {
  const colors = new Uint8Array((inks.length / 4) * 3);
  for (let pixel = 0; pixel < inks.length / 4; pixel++) {
    const light = 255 - (inks[pixel * 4 + 3] ?? 0);
    for (let ink = 0; ink < 3; ink++)
      colors[pixel * 3 + ink] = light - Math.round(((inks[pixel * 4 + ink] ?? 0) * light) / 255);
  }
  return colors;
}

function isTransparent(colors: Pixels, opaque: number): boolean {
  for (let index = 3; index < colors.length; index += 4) if (colors[index] !== opaque) return true;
  return false;
}

/**
 * Three channels, or their Rec. 601 luma with Pillow's 16-bit weights, whose sum is 65,536. Gray stays unchanged.
 *
 * @param from number of channels in `colors`: one is repeated for all three; any after the third are ignored
 */
function toColor(
  colors: Pixels,
  from: number,
  [height, width]: readonly [number, number],
  color: DecodeOptions['color'],
): Plain {
  const pixels = height * width;
  const channels = color === 'gray' ? 1 : 3;
  const shape = [height, width, channels] as const;
  if (from === channels) return { shape, data: colors };
  const data = emptyLike(colors, pixels * channels);
  const [green, blue] = from < 3 ? [0, 0] : [1, 2];
  if (channels === 1) {
    for (let pixel = 0, place = 0; pixel < pixels; pixel++, place += from)
      data[pixel] =
        // Below 2^32, also for 16 bits.
        (19_595 * (colors[place] ?? 0) +
          38_470 * (colors[place + green] ?? 0) +
          7471 * (colors[place + blue] ?? 0) +
          32_768) >>>
        16;
  } else {
    for (let target = 0, place = 0; target < data.length; target += 3, place += from) {
      data[target] = colors[place] ?? 0;
      data[target + 1] = colors[place + green] ?? 0;
      data[target + 2] = colors[place + blue] ?? 0;
    }
  }
  return { shape, data };
}

/** Returns a function that resizes images, and reuses the weights for images of the same size. */
function resizing(): (image: Plain, size: DecodeOptions['size']) => Plain {
  let known: { readonly key: string; readonly work: ReturnType<typeof resizer> } | undefined;
  return ({ shape, data }, size) => {
    const [height, width, channels] = shape;
    const [rows, columns] = targetSize([height, width], size);
    if (rows === height && columns === width) return { shape, data };
    const key = [...shape, rows, columns].join();
    if (known?.key !== key) known = { key, work: resizer(shape, [rows, columns]) };
    const values = known.work(data);
    const resized = emptyLike(data, values.length);
    for (let index = 0; index < values.length; index++) resized[index] = Math.round(values[index] ?? 0);
    return { shape: [rows, columns, channels], data: resized };
  };
}

const resize = resizing();

function emptyLike(data: Pixels, length: number): Pixels {
  return data instanceof Uint16Array ? new Uint16Array(length) : new Uint8Array(length);
}

/** Concatenates images of one size. If any have 16 bits, bytes are widened: 255 becomes 65,535. */
export function joinPixels(parts: readonly Pixels[]): Pixels {
  const size = parts[0]?.length ?? 0;
  const wide = parts.some((part) => part instanceof Uint16Array);
  const data = wide ? new Uint16Array(parts.length * size) : new Uint8Array(parts.length * size);
  parts.forEach((part, index) =>
    data.set(wide && part instanceof Uint8Array ? widen(part) : part, index * size),
  );
  return data;
}

/** Factor from 8-bit to 16-bit values, which maps white to white. */
export const WIDENED = 257;

/** 8-bit as 16-bit values. */
export function widen(bytes: Uint8Array): Uint16Array {
  return Uint16Array.from(bytes, (value) => value * WIDENED);
}

function corrupt(what: string): Failure {
  return failure('data-corrupt', what);
}
