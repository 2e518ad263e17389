/** Maps of images: vectors of two values as points, with the images of some of them. */
import { takeNames } from '../formats/image-names.ts';
import { openImages, readImageSet, toFloat32 } from '../formats/images.ts';
import { compareNames } from '../formats/same-images.ts';
import { readVectors, readVectorSet, type VectorArray } from '../formats/vectors.ts';
import { Failure } from '../core/diagnostic.ts';
import type { Split } from '../core/stage-type.ts';
import { encodePng } from '../figures/png.ts';
import { scatter, type ScatterFigure } from '../figures/scatter.ts';
import type { Exhibit, MapPoint } from './exhibit.ts';
import { svgPicture } from './picture.ts';
import type { StageFile } from './report.ts';

const FILE = 'vectors.json';
/** The most points in a map. */
const MOST_POINTS = 30_000;
/** The most images in a map. */
const MOST_TILES = 600;
/** The most bytes of their pixels. */
const MOST_PIXELS = 700_000;
/** Tiles per row of their PNG. */
const COLUMNS = 25;

/**
 * The map of a stage whose output is vectors of two values; undefined for other stages.
 *
 * @param sources folders of the stages that it depends on, the nearest first: one of them has the images
 */
export async function readMap(
  folder: string,
  files: readonly StageFile[],
  sources: readonly string[],
): Promise<readonly Exhibit[]> {
  if (!files.some(({ path }) => path === FILE)) return [];
  try {
    const { size, axes, splits } = await readVectorSet(folder);
    const split: Split = splits.test === undefined ? 'train' : 'test';
    const count = splits[split]?.count ?? 0;
    if (size !== 2 || count === 0 || count > MOST_POINTS) return [];
    const vectors = await readVectors(folder, split);
    const drawn = scatter({
      subtitle: `${count.toLocaleString('en')} ${split === 'test' ? 'test' : 'training'} images`,
      points: vectors.data,
      labels: vectors.labels,
      classes: vectors.classes,
      axes: [axes?.[0] ?? 'Latent 1', axes?.[1] ?? 'Latent 2'],
    });
    const tiles = await readTiles(sources, split, vectors, drawn);
    return [{ kind: 'map', picture: svgPicture(FILE, drawn.svg), ...(tiles === undefined ? {} : { tiles }) }];
  } catch (error) {
    if (error instanceof Failure) return [{ kind: 'unshown', path: FILE, reason: error.message }];
    throw error;
  }
}

type Tiles = NonNullable<Extract<Exhibit, { kind: 'map' }>['tiles']>;

/** The images of evenly spaced points, in the order of the vectors. */
async function readTiles(
  sources: readonly string[],
  split: Split,
  { count, labels, classes, rows, names }: VectorArray,
  { places }: ScatterFigure,
): Promise<Tiles | undefined> {
  for (const folder of sources) {
    const record = await readImageSet(folder).catch(() => undefined);
    const present = record?.splits[split]?.count ?? 0;
    const [height = 0, width = 0, channels = 0] = record?.shape ?? [];
    if (record === undefined || present < count || (channels !== 1 && channels !== 3)) continue;
    const wanted = Math.min(count, MOST_TILES, Math.floor(MOST_PIXELS / (height * width * channels)));
    if (wanted < 1) return undefined;
    const chosen = Array.from({ length: wanted }, (_, index) => Math.floor((index * count) / wanted)).sort(
      (one, other) => (places[one]?.[0] ?? 0) - (places[other]?.[0] ?? 0) || one - other,
    );
    const images = await openImages(folder, split);
    const numbers = Int32Array.from(chosen, (point) => rows?.[point] ?? point);
    if (numbers.some((image) => image >= images.count)) continue;
    if (names !== undefined && images.names !== undefined) {
      const behind = takeNames(images.names, rows ?? Int32Array.from({ length: count }, (_, image) => image));
      if (compareNames(names, behind) !== undefined) continue;
    }
    const pixels = toBytes(toFloat32(images, numbers), record.range);
    const points = chosen.map((point): MapPoint => {
      const [x = 0, y = 0] = places[point] ?? [];
      const label = labels?.[point];
      return { x, y, ...(label === undefined ? {} : { label: classes?.[label] ?? `class ${label}` }) };
    });
    const data = drawSheet(pixels, wanted, width, height, channels);
    return { data, columns: COLUMNS, width, height, points };
  }
  return undefined;
}

function toBytes(values: Float32Array, [low, high]: readonly [number, number]): Uint8Array {
  return Uint8Array.from(values, (value) =>
    Math.round(255 * Math.min(1, Math.max(0, (value - low) / (high - low || 1)))),
  );
}

/** Images side by side in rows, as one PNG. */
function drawSheet(
  images: Uint8Array,
  count: number,
  width: number,
  height: number,
  channels: 1 | 3,
): Buffer {
  const stride = COLUMNS * width * channels;
  const sheet = new Uint8Array(Math.ceil(count / COLUMNS) * height * stride);
  const line = width * channels;
  for (let image = 0; image < count; image += 1) {
    const corner = Math.floor(image / COLUMNS) * height * stride + (image % COLUMNS) * line;
    for (let row = 0; row < height; row += 1) {
      const from = (image * height + row) * line;
      sheet.set(images.subarray(from, from + line), corner + row * stride);
    }
  }
  return encodePng({ width: COLUMNS * width, height: sheet.length / stride, channels, pixels: sheet });
}
