/**
 * Reads what a page contains of a model. A page may be damaged, or made by anybody, so nothing is used before its type, its size
 * and its numbers are checked.
 */
import { sizeOf } from '../../core/shape.ts';
import type { ImageShape } from '../../core/stage-type.ts';
import { isInteger, isListOf, isNumber, isObject, isRange, isShape, isText } from './checks.ts';
import { DamagedModel } from './damaged.ts';
import { FORMAT, type ExplorerData } from '../data.ts';
import { readModel, type Model } from './model.ts';
import { isNoise } from './noise.ts';
import { unpackBytes, unpackFloats } from './packed.ts';

/** The content of a page, with its numbers. */
export interface Content {
  readonly data: ExplorerData;
  readonly encoder: Model;
  readonly decoder: Model;
  readonly pixels: Uint8Array;
  readonly latents: Float32Array | undefined;
  readonly codes: Float32Array | undefined;
}

/** The most values of an image, of a latent and of all images. */
const MOST_PIXELS = 2 ** 22;
const MOST_LATENTS = 2 ** 20;
const MOST_IMAGES = 2 ** 26;
/** The most images: a page is written with some hundreds. */
const MOST_COUNT = 4096;
const MOST_CLASSES = 100_000;
const MOST_NOISES = 100;

/** @throws DamagedModel */
export async function readContent(text: string): Promise<Content> {
  const data = parsed(text);
  if (!isExplorerData(data)) throw new DamagedModel('its description is not valid');
  const { images, codes, latent } = data;
  const [inputSize, latentSize] = [sizeOf(data.input), sizeOf(latent)];
  const isConditional = data.classes !== undefined;
  return {
    data,
    encoder: await readModel(data.encoder, data.weights.type, {
      inputs: [inputSize, ...(isConditional ? [1] : [])],
      output: latentSize,
    }),
    decoder: await readModel(data.decoder, data.weights.type, {
      inputs: [latentSize, ...(isConditional ? [1] : [])],
      output: sizeOf(data.output),
    }),
    pixels: await unpackBytes(images.pixels, images.count * inputSize),
    latents:
      images.latents === undefined
        ? undefined
        : await unpackFloats(images.latents, images.count * latentSize),
    codes:
      codes === undefined ? undefined : await unpackFloats(codes.values, codes.count * (latent.at(-1) ?? 0)),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new DamagedModel('it is cut off or changed');
  }
}

function isExplorerData(value: unknown): value is ExplorerData {
  if (!isObject(value)) return false;
  const { input, output, inputRange, outputRange, latent, classes, images, noise, weights, codes } = value;
  return (
    value['format'] === FORMAT &&
    isName(value['stage']) &&
    isImage(input) &&
    isImage(output) &&
    isRange(inputRange) &&
    isRange(outputRange) &&
    isShape(latent, [1, 4], MOST_LATENTS) &&
    (classes === undefined || isInteger(classes, 1, MOST_CLASSES)) &&
    typeof value['denoiser'] === 'boolean' &&
    (value['prior'] === undefined || value['prior'] === 'normal') &&
    (codes === undefined || isCodes(codes)) &&
    isImages(images, input, classes) &&
    Array.isArray(noise) &&
    noise.length <= MOST_NOISES &&
    noise.every(
      (each) => isObject(each) && isName(each['stage']) && isNoise(each['settings'], input, inputRange),
    ) &&
    isObject(weights) &&
    (weights['type'] === 'int16' || weights['type'] === 'float32') &&
    (weights['error'] === undefined || isNumber(weights['error'])) &&
    isModel(value['encoder']) &&
    isModel(value['decoder'])
  );
}

/** A name of a stage. */
function isName(value: unknown): value is string {
  return isText(value, 64) && /^[A-Za-z][A-Za-z0-9_-]*$/.test(value);
}

function isImage(value: unknown): value is ImageShape {
  return isShape(value, [3, 3], MOST_PIXELS);
}

function isCodes(value: unknown): boolean {
  return isObject(value) && isInteger(value['count'], 1, MOST_LATENTS) && typeof value['values'] === 'string';
}

function isModel(value: unknown): boolean {
  if (!isObject(value)) return false;
  const { program, weights, integers, scales } = value;
  return (
    typeof program === 'string' &&
    typeof weights === 'string' &&
    (integers === undefined || typeof integers === 'string') &&
    (scales === undefined || isListOf(scales, isNumber))
  );
}

function isImages(value: unknown, input: ImageShape, known: number | undefined): boolean {
  if (!isObject(value)) return false;
  const { count, places, labels, classes, latents } = value;
  const isPlace = (place: unknown): place is number => isInteger(place, 0, Number.MAX_SAFE_INTEGER);
  const isLabel = (label: unknown): label is number =>
    isInteger(label, 0, known === undefined ? Number.MAX_SAFE_INTEGER : known - 1);
  return (
    isName(value['stage']) &&
    (value['split'] === 'train' || value['split'] === 'test') &&
    isInteger(count, 0, MOST_COUNT) &&
    count * sizeOf(input) <= MOST_IMAGES &&
    isListOf(places, isPlace) &&
    places.length === count &&
    typeof value['pixels'] === 'string' &&
    isNumber(value['scale']) &&
    isNumber(value['offset']) &&
    (labels === undefined ? known === undefined : isListOf(labels, isLabel) && labels.length === count) &&
    (classes === undefined || (isListOf(classes, isClass) && classes.length <= MOST_CLASSES)) &&
    (latents === undefined || typeof latents === 'string')
  );
}

function isClass(value: unknown): value is string {
  return isText(value, 1000);
}
