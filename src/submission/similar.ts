/**
 * Compares artifacts except for rounding. The submitted one is untrusted: it is read in step with ours, so it cannot be larger or
 * more deeply nested.
 */
import { decodeImage, type DecodedImage, type Pixels } from '../formats/decode.ts';
import { formatOf } from '../formats/image-format.ts';
import { Failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import { renderPixels } from '../figures/figure.ts';
import { toleranceOf, within, type FoundBy, type Tolerance } from './compare.ts';
import { parseJson } from './json-text.ts';

/** Allowed difference of pixels in levels from 0 to 255: of each pixel, and on average. */
interface PixelTolerance {
  readonly most: number;
  readonly mean: number;
}

/** Outputs of the same weights differ by at most one level, due to rounding. */
const SAME_WEIGHTS: PixelTolerance = { most: 2, mean: 0.25 };
const TRAINED_AGAIN: PixelTolerance = { most: 255, mean: 8 };
/** The same SVG rendered on two processors. */
const SAME_DRAWING: PixelTolerance = { most: 16, mean: 0.25 };

/** Coordinates in figures, in pixels. */
const COORDINATE = 0.6;

/** Whether two JSON texts have the same members, and their numbers are within the tolerances of their names. */
export function similarJson(submitted: Buffer, ours: Buffer, by: FoundBy): boolean {
  const value = parseJson(submitted);
  return value !== undefined && similarValue(value, parseJson(ours) ?? null, '', by);
}

function similarValue(submitted: Json, ours: Json, name: string, by: FoundBy): boolean {
  if (typeof ours === 'number') {
    return typeof submitted === 'number' && within(submitted, ours, toleranceOf(name, by));
  }
  if (typeof ours === 'string') return typeof submitted === 'string' && similarText(submitted, ours);
  // Whether an optimisation converged can depend on rounding.
  if (typeof ours === 'boolean' && name === 'converged') return typeof submitted === 'boolean';
  if (Array.isArray(ours)) {
    if (!Array.isArray(submitted) || submitted.length !== ours.length) return false;
    return ours.every((item: Json, index) =>
      similarValue((submitted[index] as Json | undefined) ?? null, item, name, by),
    );
  }
  if (isJsonObject(ours)) {
    if (!isJsonObject(submitted)) return false;
    const names = Object.keys(ours);
    return (
      Object.keys(submitted).length === names.length &&
      names.every(
        (key) =>
          Object.hasOwn(submitted, key) && similarValue(submitted[key] ?? null, ours[key] ?? null, key, by),
      )
    );
  }
  return submitted === ours;
}

/** Whether two texts are equal except for the last digit of numbers in them. */
function similarText(submitted: string, ours: string): boolean {
  if (submitted === ours) return true;
  const parts = /\d+(?:\.\d+)?|\D+/g;
  return samePieces(submitted.match(parts) ?? [], ours.match(parts) ?? [], (one, other) => {
    const decimals = Math.max(decimalsOf(one), decimalsOf(other));
    return distance(one, other) <= 1.01 * 10 ** -decimals;
  });
}

/** The difference of two numbers in a text; NaN for anything else. */
function distance(one: string, other: string): number {
  const isNumber = (text: string): boolean => /^-?\d/.test(text);
  return isNumber(one) && isNumber(other) ? Math.abs(Number(one) - Number(other)) : NaN;
}

const decimalsOf = (text: string): number => text.split('.')[1]?.length ?? 0;

/** @param similar compares two pieces that differ */
function samePieces(
  submitted: readonly string[],
  ours: readonly string[],
  similar: (submitted: string, ours: string) => boolean,
): boolean {
  return (
    submitted.length === ours.length &&
    ours.every((piece, index) => {
      const other = submitted[index];
      return other === piece || (other !== undefined && similar(other, piece));
    })
  );
}

const IMAGE = /data:image\/png;base64,([A-Za-z0-9+/=]*)/;
/** Embedded images, the description, colours, text between tags, numbers, and the rest. */
const PIECES =
  /data:image\/png;base64,[A-Za-z0-9+/=]*|aria-label="[^"]*|#[0-9A-Fa-f]+|>[^<]*|-?\d+(?:\.\d+)?|[A-Za-z]+|[^]/g;

/**
 * Whether two SVG figures have the same elements, and their coordinates, texts and images are equal except for rounding. If so,
 * the submitted one is safe to render.
 */
export async function similarSvg(submitted: Buffer, ours: Buffer, by: FoundBy): Promise<boolean> {
  const pictures: (readonly [string, string])[] = [];
  const same = samePieces(
    submitted.toString('utf8').match(PIECES) ?? [],
    ours.toString('utf8').match(PIECES) ?? [],
    (one, other) => {
      const images = [IMAGE.exec(one)?.[1], IMAGE.exec(other)?.[1]] as const;
      if (images[0] !== undefined && images[1] !== undefined) {
        pictures.push([images[0], images[1]]);
        return true;
      }
      if (/^(?:>|aria-label)/.test(other)) return similarText(one, other);
      return distance(one, other) <= COORDINATE;
    },
  );
  if (!same) return false;
  for (const [one, other] of pictures) {
    if (!(await similarPng(Buffer.from(one, 'base64'), Buffer.from(other, 'base64'), by))) return false;
  }
  return true;
}

/** Whether a PNG is the rendering of an SVG that is safe. */
export async function isDrawingOf(png: Buffer, svg: Buffer): Promise<boolean> {
  const { width, height, pixels } = renderPixels({ svg: svg.toString('utf8'), width: 0, height: 0 }, 2);
  const picture = await decode(png);
  if (picture?.shape[0] !== height || picture.shape[1] !== width) return false;
  const rgb = Uint8Array.from({ length: width * height * 3 }, (_, index) =>
    Number(pixels[Math.floor(index / 3) * 4 + (index % 3)]),
  );
  return closePixels(picture.data, rgb, SAME_DRAWING);
}

/** Whether two PNGs are equal except for rounding. */
export async function similarPng(submitted: Buffer, ours: Buffer, by: FoundBy): Promise<boolean> {
  const [one, other] = [await decode(submitted), await decode(ours)];
  return (
    one !== undefined &&
    other !== undefined &&
    one.shape.join() === other.shape.join() &&
    closePixels(one.data, other.data, by === 'measuring' ? SAME_WEIGHTS : TRAINED_AGAIN)
  );
}

async function decode(png: Buffer): Promise<DecodedImage | undefined> {
  // An untrusted file may be another format under the name of a PNG: accepting only PNG reduces the attack surface.
  if (formatOf(png) !== 'PNG') return undefined;
  try {
    return await decodeImage(png, { crop: null, size: null, color: 'rgb' });
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function closePixels(one: Pixels, other: Pixels, { most, mean }: PixelTolerance): boolean {
  let sum = 0;
  for (let index = 0; index < other.length; index++) {
    const difference = Math.abs(Number(one[index]) - Number(other[index]));
    if (difference > most) return false;
    sum += difference;
  }
  return sum <= mean * other.length;
}

/** Whether two files of float32 numbers are equal except for rounding. */
export function similarFloats(submitted: Buffer, ours: Buffer): boolean {
  if (submitted.length !== ours.length) return false;
  const [one, other] = [floatsOf(submitted), floatsOf(ours)];
  return other.every((value, index) => within(Number(one[index]), value, FLOATS));
}

const FLOATS: Tolerance = { absolute: 1e-6, relative: 1e-4 };

/** The float32 numbers of a file, without the bytes of an incomplete one. */
export function floatsOf(bytes: Buffer): Float32Array {
  const end = bytes.length - (bytes.length % Float32Array.BYTES_PER_ELEMENT);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + end));
}
