/** Image files of a folder or an archive -> one array, with what could not be used by name. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { decodeImage, joinPixels, type DecodedImage, type Pixels } from '../../../formats/decode.ts';
import { Failure, failure } from '../../../core/diagnostic.ts';
import type { ImageShape } from '../../../core/stage-type.ts';
import { problemOfBytes } from './content.ts';
import type { ImageFile } from './image-file.ts';
import { compareNames } from '../names.ts';
import type { ReadContext } from '../sources/source.ts';
import type { PictureSettings } from './crop.ts';
import { chooseShape } from './sizes.ts';
import { lossFailure, sumUp, Unusable, type Skipped } from './skipped.ts';

export interface Collected {
  readonly shape: readonly [number, number, number, number];
  /** 16 bits if any image has 16 bits. */
  readonly data: Pixels;
  /** The class of each image, where the files have classes. */
  readonly classNames?: readonly string[];
  readonly skipped: readonly Skipped[];
  /** How many images are not fully opaque: transparency is ignored. */
  readonly transparent: readonly string[];
  /** The path of each image. */
  readonly files: readonly string[];
}

/** The most bytes that decoded images take in memory. */
const SIZE_LIMIT = 2 ** 31;

interface Decoded {
  readonly name: string;
  readonly image: DecodedImage;
}

/**
 * Decodes files, in any order; the images come in the order of their names. Where sizes differ, the most frequent one is kept.
 *
 * @param count how many files there are, for the progress
 * @param limit how many images are enough: no more files are read
 * @param wanted the size to keep, where it is known
 * @param classOf the class of each file by its name, where the files have classes
 * @throws Failure `data-corrupt` if none is left, or if one fails with `on_error: fail`; `shape-mismatch` if sizes differ and
 *   fewer than half of the images could be kept; `interrupted`
 */
export async function collectImages(
  files: AsyncIterable<ImageFile> | Iterable<ImageFile>,
  {
    count,
    limit,
    wanted,
    classOf,
  }: {
    readonly count: number;
    readonly limit: number;
    readonly wanted?: ImageShape;
    readonly classOf: ReadonlyMap<string, string>;
  },
  context: Pick<ReadContext<PictureSettings>, 'settings' | 'signal' | 'progress'>,
): Promise<Collected> {
  const { settings, signal, progress } = context;
  const decoded: Decoded[] = [];
  const skipped: Skipped[] = [];
  const skip = (item: Skipped): void => {
    if (settings.on_error === 'fail') throw lossFailure([item]);
    skipped.push(item);
  };
  const ofSize = new Map<string, number>();
  let [bytes, seen] = [0, 0];
  for await (const { name, read } of files) {
    await nextTurn();
    if (signal.aborted) throw failure('interrupted', 'stopped while decoding images');
    progress({ text: 'decoding images', fraction: Math.min(1, seen / Math.min(count, limit)) });
    seen += 1;
    try {
      const image = await decode(await read(), settings);
      bytes += image.data.byteLength;
      decoded.push({ name, image });
      const size = image.shape.join();
      ofSize.set(size, (ofSize.get(size) ?? 0) + 1);
    } catch (error) {
      if (!(error instanceof Unusable)) throw error;
      skip({ name, kind: error.kind, reason: error.message });
    }
    if (bytes > SIZE_LIMIT) {
      throw failure('data-corrupt', 'the decoded images take more than 2 GiB', 'use a smaller `size`');
    }
    const most = wanted === undefined ? Math.max(0, ...ofSize.values()) : (ofSize.get(wanted.join()) ?? 0);
    if (most >= limit) break;
  }
  const shape = chooseShape(
    decoded.map(({ image }) => image.shape),
    wanted,
  );
  const fitting = decoded.filter(({ name, image }) => {
    const fits = image.shape.join() === shape?.join();
    if (!fits)
      skip({ name, kind: 'size', reason: `is ${image.shape.join('x')}; ${shape?.join('x')} is kept` });
    return fits;
  });
  if (shape === undefined || fitting.length === 0) {
    throw failure('data-corrupt', `there is no image that could be decoded: ${sumUp(skipped)}`);
  }
  return { ...join(fitting, shape, classOf), skipped };
}

function join(
  images: Decoded[],
  shape: ImageShape,
  classOf: ReadonlyMap<string, string>,
): Omit<Collected, 'skipped'> {
  images.sort((a, b) => compareNames(a.name, b.name));
  const data = joinPixels(images.map(({ image }) => image.data));
  const classNames = images.flatMap(({ name }) => classOf.get(name) ?? []);
  return {
    shape: [images.length, ...shape],
    data,
    transparent: images.flatMap(({ name, image }) => (image.transparent ? [name] : [])),
    files: images.map(({ name }) => name),
    ...(classNames.length < images.length ? {} : { classNames }),
  };
}

/** @throws Unusable */
async function decode(bytes: Uint8Array, settings: PictureSettings): Promise<DecodedImage> {
  const problem = problemOfBytes(bytes);
  if (problem !== undefined) throw problem;
  const { crop, color, background } = settings;
  try {
    const size = settings.size ?? settings.resize ?? null;
    return await decodeImage(bytes, {
      crop,
      size,
      color,
      ...(background === undefined ? {} : { background }),
    });
  } catch (error) {
    throw error instanceof Failure ? new Unusable('damaged', error.message) : error;
  }
}
