/** Folders and archives of images -> the settings that read them, by the names of the images and a look at some. */
import { basename, join } from 'node:path';
import { kindOf } from '../../../files/nearby.ts';
import { decodeImage } from '../../../formats/decode.ts';
import { Failure, failure } from '../../../core/diagnostic.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { ImageShape } from '../../../core/stage-type.ts';
import { shownName } from '../names.ts';
import { byTable, readLabelTable } from '../pictures/label-table.ts';
import { listImages } from '../pictures/layout.ts';
import { adviseSize } from '../pictures/sizes.ts';
import { Unusable } from '../pictures/skipped.ts';
import type { ImageTree } from '../pictures/tree.ts';
import { kindsIn } from './files.ts';
import type { Guess } from './guess.ts';

/** Names of folders with training images, and with test images. */
const TRAIN = /^train(?:ing)?$/i;
const TEST = /^(?:test(?:ing)?|val(?:id(?:ation)?)?|dev|eval)$/i;

/** Images that are looked at. */
const LOOKED_AT = 12;

/** Larger images are made smaller: models that take them are large, too. */
const LARGEST = 256;

/** @param tables files that may have the labels: those of the folders around it */
export async function guessPictures(path: string, tables: readonly string[] = []): Promise<Guess> {
  const tree = await listImages(path, { recursive: true });
  try {
    if (tree.images.length === 0) throw nothing(path);
    const isFolder = (await kindOf(path)) === 'folder';
    const own = isFolder ? ((await kindsIn(path)).get('table') ?? []) : [];
    const allTables = [...tables, ...own.map((name) => join(path, name))];
    const [first = ''] = tree.folders;
    // A folder that holds nothing but one other; of an archive, that one is left out anyway.
    if (isFolder && tree.folders.length === 1 && tree.images.every((name) => name.startsWith(`${first}/`)))
      return await guessPictures(join(path, first), allTables);
    const sample = await lookAtSome(tree);
    if (areFaces(tree, sample.shapes))
      return { what: 'Labeled Faces in the Wild', settings: { source: 'lfw', path } };
    const splits = isFolder ? splitsOf(tree) : undefined;
    const places = splits === undefined ? { path } : placesOf(path, splits);
    const names = splits === undefined ? tree.images : namesBelow(tree, splits);
    const table = splits === undefined ? await tableOf(tree, allTables) : undefined;
    return {
      what:
        table === undefined ? describe(isFolder, names) : `${describe(isFolder, [])}, with a table of labels`,
      settings: {
        source: 'images',
        ...places,
        ...(table === undefined ? {} : { labels: { file: table } }),
        ...(names.some((name) => name.split('/').length > 2) ? { recursive: true } : {}),
        ...sizeOf(sample.shapes),
        ...(sample.isColored ? { color: 'rgb' } : {}),
      },
    };
  } finally {
    tree.close();
  }
}

function describe(isFolder: boolean, names: readonly string[]): string {
  const sorted = names.filter((name) => name.includes('/')).length;
  const where = isFolder ? 'a folder' : 'an archive';
  return sorted > 0 && sorted * 2 >= names.length
    ? `${where} with a folder of images for each class`
    : `${where} of images`;
}

/** The table that has a row for most of the images. */
async function tableOf(tree: ImageTree, tables: readonly string[]): Promise<string | undefined> {
  for (const table of tables) {
    try {
      const { files } = byTable(tree, await readLabelTable(table, basename(table), {}), '');
      if (files.length * 2 >= tree.images.length) return table;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
  return undefined;
}

interface SplitFolders {
  readonly train: string;
  readonly test?: string;
}

function splitsOf({ images, folders }: ImageTree): SplitFolders | undefined {
  const holds = (folder: string): boolean => images.some((name) => name.startsWith(`${folder}/`));
  const train = folders.find((name) => TRAIN.test(name) && holds(name));
  if (train === undefined) return undefined;
  const tests = folders.filter((name) => TEST.test(name) && holds(name));
  const test = tests.find((name) => /^test/i.test(name)) ?? tests[0];
  return { train, ...(test === undefined ? {} : { test }) };
}

function placesOf(path: string, { train, test }: SplitFolders): JsonObject {
  return { path: join(path, train), ...(test === undefined ? {} : { test_path: join(path, test) }) };
}

/** Names of the images of both splits, below their folders. */
function namesBelow({ images }: ImageTree, { train, test }: SplitFolders): readonly string[] {
  return images.flatMap((name) => {
    const [folder, ...rest] = name.split('/');
    return folder === train || folder === test ? [rest.join('/')] : [];
  });
}

interface Sample {
  readonly shapes: readonly ImageShape[];
  readonly isColored: boolean;
}

/** Decodes some images, at even distances. What cannot be decoded says nothing. */
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

/** Whether some pixel is far from gray; JPEG's rounding is not. */
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

/** `Ada_Lovelace/Ada_Lovelace_0001.jpg`, of 250x250 pixels. */
function areFaces({ images }: ImageTree, shapes: readonly ImageShape[]): boolean {
  const isFace = (name: string): boolean => /(?:^|\/)([^/]+)\/\1_\d{4}\.jpg$/i.test(name);
  const isWhole = ([height, width]: ImageShape): boolean => height === 250 && width === 250;
  return images.every(isFace) && shapes.length > 0 && shapes.every(isWhole);
}

function nothing(path: string): Failure {
  return failure(
    'data-missing',
    `\`${shownName(basename(path))}\` holds no images`,
    'name what holds your data',
  );
}
