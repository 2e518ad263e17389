/** Arrays of images, read as a data set's own arrays are. */
import { basename, extname } from 'node:path';
import { failure, type Failure } from '../core/diagnostic.ts';
import { sizeOf } from '../core/shape.ts';
import type { ImageShape } from '../core/stage-type.ts';
import { identifyFile } from '../formats/containers.ts';
import { idxSaveLine, readIdx } from '../formats/idx.ts';
import { extremesOfNumbers } from '../formats/image-rows.ts';
import { NumberSource } from '../formats/numbers.ts';
import { tuple, type NumpyArray } from '../formats/numpy.ts';
import { readNumpyFile, readNumpySplit } from '../nodes/dataset/arrays/numpy.ts';
import { shownName } from '../nodes/dataset/names.ts';
import { toImageSet } from '../nodes/dataset/pixels.ts';
import { channelsComeFirst } from '../nodes/dataset/shapes.ts';
import type { RawImages } from '../nodes/dataset/raw.ts';
import type { DatasetSettings } from '../schema/generated/settings.ts';
import { checkCount, type OwnImages } from './own-images.ts';
import type { Preparation } from './preparation.ts';

/**
 * Whether a file is an array that `readArray` reads.
 *
 * @throws Failure `data-corrupt` for archives of arrays
 */
export async function isArray(path: string): Promise<boolean> {
  const container = await identifyFile(path);
  if (container?.name === 'npz')
    throw failure(
      'data-corrupt',
      `\`${shownName(path)}\` is an archive of arrays`,
      `save one of them: \`np.save('images.npy', np.load('${basename(path)}')['x_test'])\``,
    );
  return container?.name === 'npy' || container?.name === 'idx';
}

/**
 * Reads an array. Integers and floats mean what they would mean in the data set.
 *
 * @throws Failure `data-missing`, `data-corrupt`, `shape-mismatch` or `out-of-range`
 */
export async function readArray(path: string, { dataset }: Pick<Preparation, 'dataset'>): Promise<OwnImages> {
  const read = (): Promise<NumpyArray> => readAny(path);
  const { images: raw } = await readNumpySplit({ name: shownName(path), at: 'images', read });
  const [height, width, channels] = dataset.shape;
  const count = countOf(raw, dataset.shape);
  checkCount(count, sizeOf(dataset.shape));
  const images: RawImages = { ...raw, shape: [count, height, width, channels] };
  const names = { count, sources: [''] };
  const settings = { ...(dataset.settings as unknown as DatasetSettings), limit: null };
  const set = toImageSet({ test: { images, names } }, settings);
  const { data, scale = 1, offset = 0 } = set.splits.test ?? {};
  if (data === undefined || data instanceof NumberSource) throw new Error('an array that is not in memory');
  const stem = basename(path, extname(path));
  const digits = String(count - 1).length;
  return {
    ...{ data, scale, offset },
    names: Array.from({ length: count }, (_, index) => `${stem}-${String(index).padStart(digits, '0')}`),
    notes: rangeNotes(
      extremesOfNumbers(data).map((value) => value * scale + offset),
      dataset.range,
    ),
  };
}

async function readAny(path: string): Promise<NumpyArray> {
  if ((await identifyFile(path))?.name !== 'idx') return readNumpyFile(path, 'x');
  return {
    ...(await readIdx(path)),
    name: path,
    save: (change = (x) => x) => idxSaveLine(path, change('x')),
  };
}

/** The number of images in an array of a shape that the data set's images have. @throws Failure `shape-mismatch` */
function countOf({ shape, name, save }: RawImages, wanted: ImageShape): number {
  const [first = 0, ...rest] = shape;
  const [height, width, channels] = wanted;
  const own = [wanted.join(), ...(channels === 1 ? [`${height},${width}`] : []), String(sizeOf(wanted))];
  if (own.includes(rest.join()) && first > 0) return first;
  if (own.slice(0, -1).includes(shape.join())) return 1;
  throw otherShape(
    name,
    shape,
    wanted,
    save?.((x) => `np.moveaxis(${x}, 1, -1)`),
  );
}

function otherShape(
  name: string,
  shape: readonly number[],
  wanted: ImageShape,
  moved: string | undefined,
): Failure {
  return failure(
    'shape-mismatch',
    `${name} has the shape ${tuple(shape)}, but the images of the training data are ${wanted.join(' x ')}`,
    shape.length === 4 && channelsComeFirst(shape) && moved !== undefined
      ? `the channels come last: ${moved}`
      : `save it with the shape ${tuple(['count', ...wanted] as unknown as number[])}; only pictures are resized`,
  );
}

/** Rounding errors are not beyond a range. */
const ROUNDING = 1e-5;

function rangeNotes(
  [least = 0, most = 0]: readonly number[],
  [low, high]: readonly [number, number],
): readonly string[] {
  const slack = ROUNDING * (high - low);
  if (least >= low - slack && most <= high + slack) return [];
  const text = (value: number): string => String(Number(value.toPrecision(4)));
  return [
    `the values go from ${text(least)} to ${text(most)}, those of the training data from ${text(low)} to ${text(high)}`,
  ];
}
