/** Picture files and folders of them, decoded and resized as the pictures of the training data are. */
import { extname, resolve } from 'node:path';
import { failure, type Failure } from '../core/diagnostic.ts';
import { joinPixels, type DecodedImage } from '../formats/decode.ts';
import type { PictureSettings } from '../nodes/dataset/pictures/crop.ts';
import { decodeFiles } from '../nodes/dataset/pictures/decode-files.ts';
import { listFolder } from '../nodes/dataset/pictures/folder.ts';
import type { ImageFile } from '../nodes/dataset/pictures/image-file.ts';
import { nothingFailure } from '../nodes/dataset/pictures/layout.ts';
import { readRegular } from '../nodes/dataset/pictures/regular.ts';
import { isLoss, nameSome, sumUp, Unusable, type Skipped } from '../nodes/dataset/pictures/skipped.ts';
import { kindOf } from '../files/nearby.ts';
import { checkCount, type OwnImages } from './own-images.ts';
import type { Preparation } from './preparation.ts';

/** Highest values of 8 and 16 bits. */
const [BYTE, WORD] = [255, 65_535];

export interface PictureOptions {
  /** Whether pictures are cropped as the training images were. */
  readonly crop: boolean;
  /** Absolute path of a folder whose pictures are left out: that of earlier outputs. */
  readonly without: string;
  readonly signal: AbortSignal;
}

/**
 * Reads pictures.
 *
 * @param paths files and folders, as the user named them
 * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch`, `out-of-range` or `interrupted`
 */
export async function readPictures(
  paths: readonly string[],
  { dataset }: Pick<Preparation, 'dataset'>,
  { crop, without, signal }: PictureOptions,
): Promise<OwnImages> {
  const { shape } = dataset;
  const [height, width, channels] = shape;
  if (channels !== 1 && channels !== 3)
    throw failure(
      'shape-mismatch',
      `the model takes images of ${channels} channels, but pictures have 1 or 3`,
      'name an array, such as `images.npy`',
    );
  const { files, skipped } = await listAll(paths, without);
  checkCount(files.length, height * width * channels);
  const settings: PictureSettings = {
    ...(dataset.settings as Partial<PictureSettings>),
    crop: (crop ? (dataset.settings['crop'] as PictureSettings['crop'] | undefined) : null) ?? null,
    size: [height, width],
    color: channels === 1 ? 'gray' : 'rgb',
    on_error: 'fail',
  };
  const { images, names } = await decodeAll(files, settings, signal);
  const data = joinPixels(images.map((image) => image.data));
  const isWide = data instanceof Uint16Array;
  return {
    data: isWide ? Float32Array.from(data) : data,
    ...scaleOf(dataset, isWide),
    names: names.map((name) => name.slice(0, name.length - extname(name).length)),
    notes: [
      ...(skipped.length === 0 ? [] : [`skipped: ${sumUp(skipped)}`]),
      ...notesOf(images, names, settings),
    ],
  };
}

interface Listed {
  readonly files: readonly ImageFile[];
  readonly skipped: readonly Skipped[];
}

async function listAll(paths: readonly string[], without: string): Promise<Listed> {
  const files: ImageFile[] = [];
  const skipped: Skipped[] = [];
  for (const path of paths) {
    const absolute = resolve(path);
    if ((await kindOf(path)) !== 'folder') {
      const name = absolute.split(/[\\/]/).at(-1) ?? path;
      files.push({ name, read: () => readRegular(absolute, { follow: true }) });
      continue;
    }
    const tree = await listFolder(absolute, { recursive: true, without });
    if (tree.images.length === 0) throw nothingFailure(tree.skipped, path);
    for await (const file of tree.read(tree.images)) files.push(file);
    skipped.push(...tree.skipped.filter(isLoss));
  }
  return { files, skipped };
}

/** @throws Failure `data-corrupt` that names all files that cannot be used */
async function decodeAll(
  files: readonly ImageFile[],
  settings: PictureSettings,
  signal: AbortSignal,
): Promise<{ readonly images: readonly DecodedImage[]; readonly names: readonly string[] }> {
  const images: DecodedImage[] = [];
  const names: string[] = [];
  const lost: Skipped[] = [];
  for await (const { name, image } of decodeFiles(files, settings, {
    count: files.length,
    most: () => files.length,
  })) {
    if (signal.aborted) throw failure('interrupted', 'stopped while decoding images');
    names.push(name);
    if (image instanceof Unusable) lost.push({ name, kind: image.kind, reason: image.message });
    else images.push(image);
  }
  if (lost.length > 0) throw lossFailure(lost);
  return { images, names };
}

/** Unlike a set for training, every image counts. */
function lossFailure(lost: readonly Skipped[]): Failure {
  const isSmall = lost.some(({ reason }) => reason.endsWith('too small for the crop'));
  return failure(
    'data-corrupt',
    `not every image can be used: ${sumUp(lost)}`,
    isSmall
      ? 'add `--no-crop` to use whole images, although the training images were cropped'
      : 'convert them to PNG, or leave them out',
  );
}

/**
 * What stored values mean. Pictures like those of the data set mean what they would mean in it; from others, black and white
 * become the ends of its range.
 */
function scaleOf(
  { settings, range: [low, high] }: Preparation['dataset'],
  isWide: boolean,
): Pick<OwnImages, 'scale' | 'offset'> {
  const white = settings['white_level'];
  // Only sources of pictures have `color`.
  if (typeof white === 'number' && 'color' in settings && white > BYTE === isWide)
    return { scale: 1 / white, offset: 0 };
  return { scale: (high - low) * (1 / (isWide ? WORD : BYTE)), offset: low };
}

/** What was done to the images. */
function notesOf(
  images: readonly DecodedImage[],
  files: readonly string[],
  { size, crop, background }: PictureSettings,
): readonly string[] {
  const [height = 1, width = 1] = size ?? [];
  const named = (chosen: (image: DecodedImage) => boolean): readonly { readonly name: string }[] =>
    images.flatMap((image, index) => (chosen(image) ? [{ name: files[index] ?? '' }] : []));
  const resized = named(({ from }) => from[0] !== height || from[1] !== width);
  // Up to a pixel, since sizes are whole numbers.
  const stretched = named(({ from }) => Math.abs((from[0] / from[1]) * width - height) > 1);
  const transparent = background === undefined ? named((image) => image.transparent) : [];
  return [
    ...(crop === null
      ? []
      : [
          `cropped to rows ${crop.rows.join(' to ')} and columns ${crop.columns.join(' to ')}, as the training images were`,
        ]),
    ...(resized.length === 0 ? [] : [`resized to ${width} × ${height} pixels: ${nameSome(resized)}`]),
    ...(stretched.length === 0
      ? []
      : [`stretched, since their sides have another ratio: ${nameSome(stretched)}`]),
    ...(transparent.length === 0 ? [] : [`transparency is ignored: ${nameSome(transparent)}`]),
  ];
}
