/** Image files of a folder or an archive -> one array, and the names of files that could not be used. */
import type { DecodedImage } from '../../../formats/decode.ts';
import type { Spool, SpooledImage, SpooledRows } from '../../../formats/spool.ts';
import { failure } from '../../../core/diagnostic.ts';
import { sizeOf } from '../../../core/shape.ts';
import type { ImageShape } from '../../../core/stage-type.ts';
import { decodeFiles } from './decode-files.ts';
import type { ImageFile } from './image-file.ts';
import { compareNames } from '../names.ts';
import type { ReadContext } from '../sources/source.ts';
import type { PictureSettings } from './crop.ts';
import { chooseShape } from './sizes.ts';
import { lossFailure, sumUp, Unusable, type Skipped } from './skipped.ts';

export interface Collected {
  readonly shape: readonly [number, number, number, number];
  /** 16 bits if any image has 16 bits; floats instead if the images are not all in memory. */
  readonly data: SpooledRows['data'];
  /** Whether any image has 16 bits. */
  readonly wide: boolean;
  /** The class of each image, if the files have classes. */
  readonly classNames?: readonly string[];
  readonly skipped: readonly Skipped[];
  /** How many images are not fully opaque: transparency is ignored. */
  readonly transparent: readonly string[];
  /** The path of each image. */
  readonly files: readonly string[];
}

interface Decoded extends Pick<DecodedImage, 'shape' | 'transparent'> {
  readonly name: string;
  readonly image: SpooledImage;
}

/**
 * Decodes files, in any order; the images are in the order of their names. If sizes differ, images of the most frequent one are kept.
 *
 * @param count how many files there are, for the progress
 * @param limit number of images after which no more files are read
 * @param wanted the size to keep, if it is known
 * @param classOf the class of each file by its name, if the files have classes
 * @throws Failure `data-corrupt` if no image is left, or if one fails with `on_error: fail`; `shape-mismatch` if sizes differ and
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
  context: Pick<ReadContext<PictureSettings>, 'settings' | 'signal' | 'progress' | 'spool'>,
): Promise<Collected> {
  const { settings, signal, progress, spool } = context;
  const decoded: Decoded[] = [];
  const skipped: Skipped[] = [];
  const skip = (item: Skipped): void => {
    if (settings.on_error === 'fail') throw lossFailure([item]);
    skipped.push(item);
  };
  const ofSize = new Map<string, number>();
  /** `fitting`: images of the wanted size, or of the most frequent size so far. */
  let [seen, fitting] = [0, 0];
  progress({ text: 'decoding images', fraction: 0 });
  for await (const { name, image } of decodeFiles(files, settings, {
    count: Math.min(count, limit),
    most: () => limit - fitting,
  })) {
    if (signal.aborted) throw failure('interrupted', 'stopped while decoding images');
    seen += 1;
    progress({ text: 'decoding images', fraction: Math.min(1, seen / Math.min(count, limit)) });
    if (image instanceof Unusable) {
      skip({ name, kind: image.kind, reason: image.message });
      continue;
    }
    const { shape, transparent, data } = image;
    decoded.push({ name, shape, transparent, image: spool.add(data) });
    const size = shape.join();
    const number = (ofSize.get(size) ?? 0) + 1;
    ofSize.set(size, number);
    if (wanted === undefined) fitting = Math.max(fitting, number);
    else if (size === wanted.join()) fitting = number;
    if (fitting >= limit) break;
  }
  const shape = chooseShape(
    decoded.map((image) => image.shape),
    wanted,
  );
  const kept = decoded.filter(({ name, shape: own }) => {
    const fits = own.join() === shape?.join();
    if (!fits) skip({ name, kind: 'size', reason: `is ${own.join('x')}; ${shape?.join('x')} is kept` });
    return fits;
  });
  if (shape === undefined || kept.length === 0) {
    throw failure('data-corrupt', `no image could be decoded: ${sumUp(skipped)}`);
  }
  return { ...join(kept, shape, classOf, spool), skipped };
}

function join(
  images: Decoded[],
  shape: ImageShape,
  classOf: ReadonlyMap<string, string>,
  spool: Spool,
): Omit<Collected, 'skipped'> {
  images.sort((a, b) => compareNames(a.name, b.name));
  const own = images.map(({ image }) => image);
  const classNames = images.flatMap(({ name }) => classOf.get(name) ?? []);
  return {
    shape: [images.length, ...shape],
    ...spool.rows(own, sizeOf(shape)),
    transparent: images.flatMap(({ name, transparent }) => (transparent ? [name] : [])),
    files: images.map(({ name }) => name),
    ...(classNames.length < images.length ? {} : { classNames }),
  };
}
