/** Folders and archives of images -> the settings that read them, by the names of the images and a look at some. */
import { basename, join } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import { decodeImage } from '../../../formats/decode.ts';
import { Failure } from '../../../core/diagnostic.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { ImageShape } from '../../../core/stage-type.ts';
import { byTable, readLabelTable } from '../pictures/label-table.ts';
import { listImages, nothingFailure } from '../pictures/layout.ts';
import { adviseSize } from '../pictures/sizes.ts';
import { Unusable } from '../pictures/skipped.ts';
import type { ImageTree } from '../pictures/tree.ts';
import { tablesIn } from './files.ts';
import { notUsed, type Guess } from './guess.ts';
import { guessPairs, namedAsPairs, pairsOf } from './pairs.ts';
import { TEST, TRAIN } from './split-names.ts';

/** How many images are inspected. */
const LOOKED_AT = 12;

/** Larger images are scaled down, because their models would be large, too. */
const LARGEST = 256;

export interface PictureOptions {
  /** A folder to leave out. */
  readonly without?: string;
  /** Files that may contain the labels: those of the parent folders. */
  readonly tables?: readonly string[];
}

/** @throws Failure `data-missing` if there is no image */
export async function guessPictures(path: string, options: PictureOptions = {}): Promise<Guess> {
  const { without } = options;
  const listing = { recursive: true, ...(without === undefined ? {} : { without }) };
  const tree = await listImages(path, listing);
  try {
    if (tree.images.length === 0) throw nothingFailure(tree.skipped, basename(path));
    const isFolder = (await kindOf(path)) === 'folder';
    const tables = [...(options.tables ?? []), ...(isFolder ? await tablesIn(path) : [])];
    const tops = topFolders(tree);
    const [only] = tops;
    // A folder that contains only one other folder; in an archive, paths start below it anyway.
    if (isFolder && only !== undefined && tops.length === 1)
      return await guessPictures(join(path, only), { ...options, tables });
    const sample = await lookAtSome(tree);
    if (areFaces(tree, sample.shapes))
      return { what: 'Labeled Faces in the Wild', settings: { source: 'lfw', path } };
    const look = {
      ...sizeOf(sample.shapes),
      ...(sample.isColored ? { color: 'rgb' } : {}),
    };
    const pairs = isFolder ? pairsOf(tree.images) : undefined;
    if (pairs !== undefined) return guessPairs(path, pairs, look);
    const splits = isFolder ? splitsOf(tops) : undefined;
    if (splits !== undefined) return await guessSplits(path, splits, tables, look);
    const labels = await tableOf(tree, tables);
    const [noisy, clean] = isFolder && tops.length === 2 ? namedAsPairs(tops) : [];
    const unpaired =
      noisy === undefined || clean === undefined
        ? ''
        : `; the images of \`${noisy}\` and \`${clean}\` are not pairs, because their names differ`;
    const settings = {
      source: 'images',
      path,
      ...(labels === undefined ? {} : { labels }),
      ...depthOf(tree),
      ...look,
    };
    return {
      what: `${isFolder ? 'a folder' : 'an archive'} of images${describeLabels(tree, labels !== undefined)}${unpaired}${notUsed(labels === undefined ? tables.map((file) => basename(file)) : [])}`,
      settings,
    };
  } finally {
    tree.close();
  }
}

/** The folders of the first level that hold images; `undefined` stands for images outside them. */
function topFolders({ images }: ImageTree): readonly (string | undefined)[] {
  return [
    ...new Set(images.map((name) => (name.includes('/') ? name.slice(0, name.indexOf('/')) : undefined))),
  ];
}

function isSorted({ images }: ImageTree): boolean {
  return images.filter((name) => name.includes('/')).length * 2 >= images.length;
}

/** The text after `images`. */
function describeLabels(tree: ImageTree, hasTable: boolean): string {
  if (hasTable) return ', with a table of labels';
  return isSorted(tree) ? ', in a folder for each class' : '';
}

function depthOf({ images }: ImageTree): JsonObject {
  return images.some((name) => name.split('/').length > 2) ? { recursive: true } : {};
}

/** The table that has a row for most of the images, if those are not in class folders. */
async function tableOf(
  tree: ImageTree,
  tables: readonly string[],
): Promise<{ readonly file: string } | undefined> {
  if (isSorted(tree)) return undefined;
  for (const file of tables) {
    try {
      const { files } = byTable(tree, await readLabelTable(file, basename(file), {}), '');
      if (files.length * 2 >= tree.images.length) return { file };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
  return undefined;
}

interface SplitFolders {
  readonly train: string;
  readonly test?: string;
  /** Folders of further splits, such as `val` beside `test`. */
  readonly others: readonly string[];
}

/** Folders for training and for tests, if there are no others: `train` can also be the name of a class. */
function splitsOf(tops: readonly (string | undefined)[]): SplitFolders | undefined {
  const train = tops.find((name) => name !== undefined && TRAIN.test(name));
  const tests = tops.filter((name) => name !== undefined && TEST.test(name));
  if (train === undefined || tests.length !== tops.length - 1) return undefined;
  const test = tests.find((name) => name !== undefined && /^test/i.test(name)) ?? tests[0];
  const others = tests.flatMap((name) => (name === undefined || name === test ? [] : [name]));
  return { train, ...(test === undefined ? {} : { test }), others };
}

async function guessSplits(
  path: string,
  splits: SplitFolders,
  tables: readonly string[],
  look: JsonObject,
): Promise<Guess> {
  const train = join(path, splits.train);
  const tree = await listImages(train, { recursive: true });
  tree.close();
  const labels = await tableOf(tree, tables);
  const test = splits.test === undefined ? undefined : join(path, splits.test);
  const testTree = test === undefined ? undefined : await listImages(test, { recursive: true });
  testTree?.close();
  // With a table for the training images, the test images need a setting, too.
  const testLabels =
    labels === undefined || testTree === undefined
      ? undefined
      : ((await tableOf(testTree, tables)) ?? 'none');
  return {
    what: `folders of training and test images${describeLabels(tree, labels !== undefined)}${notUsed(splits.others)}`,
    settings: {
      source: 'images',
      path: train,
      ...(test === undefined ? {} : { test_path: test }),
      ...(labels === undefined ? {} : { labels }),
      ...(testLabels === undefined ? {} : { test_labels: testLabels }),
      ...depthOf({ ...tree, images: [...tree.images, ...(testTree?.images ?? [])] }),
      ...look,
    },
  };
}

interface Sample {
  readonly shapes: readonly ImageShape[];
  readonly isColored: boolean;
}

/** Decodes some images, evenly spaced. Files that cannot be decoded are ignored. */
async function lookAtSome(tree: ImageTree): Promise<Sample> {
  const { images } = tree;
  const count = Math.min(LOOKED_AT, images.length);
  const chosen = Array.from(
    { length: count },
    (_, index) => images[Math.floor((index * images.length) / count)] ?? '',
  );
  const shapes: ImageShape[] = [];
  let isColored = false;
  for await (const { read } of tree.read(chosen)) {
    try {
      const { shape, data } = await decodeImage(await read(), { crop: null, size: null, color: 'rgb' });
      shapes.push(shape);
      isColored ||= hasColor(data);
    } catch (error) {
      if (!(error instanceof Failure) && !(error instanceof Unusable)) throw error;
    }
  }
  return { shapes, isColored };
}

/** Whether some pixel is far from gray, by more than JPEG's rounding. */
function hasColor(data: Uint8Array | Uint16Array): boolean {
  const most = data instanceof Uint16Array ? 4096 : 16;
  for (let at = 0; at + 2 < data.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = data.subarray(at, at + 3);
    if (Math.max(red, green, blue) - Math.min(red, green, blue) > most) return true;
  }
  return false;
}

function sizeOf(shapes: readonly ImageShape[]): JsonObject {
  const sizes = new Set(shapes.map(([height, width]) => `${height}x${width}`));
  const largest = Math.max(0, ...shapes.flatMap(([height, width]) => [height, width]));
  const [first] = shapes;
  return first === undefined || (sizes.size === 1 && largest <= LARGEST) ? {} : { size: adviseSize(shapes) };
}

/** `Ada_Lovelace/Ada_Lovelace_0001.jpg`, with 250x250 pixels. */
function areFaces({ images }: ImageTree, shapes: readonly ImageShape[]): boolean {
  const isFace = (name: string): boolean => /(?:^|\/)([^/]+)\/\1_\d{4}\.jpg$/i.test(name);
  const isWhole = ([height, width]: ImageShape): boolean => height === 250 && width === 250;
  return images.every(isFace) && shapes.length > 0 && shapes.every(isWhole);
}
