/** What `hourglass data` shows of an image set: counts, values, classes, the first images, and skipped files. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openImages, readImageSet, SPLITS, type ImageArray } from '../../formats/images.ts';
import { piecesOf, typeOf } from '../../formats/numbers.ts';
import { isJsonObject, type Json } from '../../core/json.ts';
import type { ImageShape, Split } from '../../core/stage-type.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, type ImageRow } from '../../figures/image-grid.ts';
import { firstRows, isDrawable } from './first-images.ts';
import { countBytes, summarize, type Moments } from './summary.ts';

/** Counts of values in bins of equal width between two ends. */
export interface Histogram {
  readonly low: number;
  readonly high: number;
  readonly counts: readonly number[];
}

const BINS = 32;

/** A file of a source that is not an image of the set. */
export interface Omitted {
  readonly split: Split;
  readonly name: string;
  readonly reason: string;
}

export interface SplitLook {
  readonly split: Split;
  readonly count: number;
  /** Type of the values in the source, as NumPy calls it. */
  readonly dtype: string;
  /** For the values as stored, and for the intensities that they represent. */
  readonly stored: Moments;
  readonly values: Moments;
  readonly histogram: Histogram;
  /** The number of images in each class of the split, in the order of the labels; absent without labels. */
  readonly classes?: readonly { readonly name: string; readonly count: number }[];
}

export interface Look {
  readonly shape: ImageShape;
  /** Lowest and highest intensity. */
  readonly range: readonly [number, number];
  readonly splits: readonly SplitLook[];
  /** The first images of each split; absent if they cannot be drawn. */
  readonly picture?: Figure;
}

/**
 * Looks at an image set.
 *
 * @param folder of the stage that wrote the set
 * @param title of the picture
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function lookAt(folder: string, title: string): Promise<Look> {
  const { shape, range, splits } = await readImageSet(folder);
  const known = await readSummary(folder);
  const looks: SplitLook[] = [];
  const rows: ImageRow[] = [];
  for (const split of SPLITS) {
    if (splits[split] === undefined) continue;
    const images = await openImages(folder, split);
    looks.push(lookAtSplit(split, images, range, known[split]));
    if (isDrawable(shape) && images.count > 0) rows.push(...firstRows(split, images, range));
  }
  return {
    shape,
    range,
    splits: looks,
    ...(rows.length === 0 ? {} : { picture: imageGrid({ title, rows }) }),
  };
}

/** What a `dataset` stage wrote about its source; empty for other stages. */
async function readSummary(folder: string): Promise<Readonly<Record<string, Json>>> {
  const text = await readFile(join(folder, 'summary.json'), 'utf8').catch(() => undefined);
  const summary: unknown = text === undefined ? {} : JSON.parse(text);
  return isJsonObject(summary) ? summary : {};
}

function lookAtSplit(
  split: Split,
  images: ImageArray,
  range: readonly [number, number],
  known: Json | undefined,
): SplitLook {
  const told = isJsonObject(known) ? known : {};
  const loaded = told['as_loaded'];
  const dtype = isJsonObject(loaded) && typeof loaded['dtype'] === 'string' ? loaded['dtype'] : undefined;
  const own = typeOf(images.data);
  const { as_loaded: stored, normalized } = summarize(images, own);
  return {
    split,
    count: images.count,
    dtype: dtype ?? own,
    stored,
    values: normalized,
    histogram: histogramOf(images, range),
    ...(images.labels === undefined ? {} : { classes: countClasses(images.labels, images.classes) }),
  };
}

/**
 * The files that a source skipped, with the reasons.
 *
 * @param folder of a stage; only `dataset` stages have skipped files
 */
export async function readOmitted(folder: string): Promise<readonly Omitted[]> {
  const summary = await readSummary(folder);
  return SPLITS.flatMap((split) => {
    const told = summary[split];
    const skipped = isJsonObject(told) ? told['skipped'] : undefined;
    return (Array.isArray(skipped) ? skipped : []).flatMap((one: Json) =>
      isJsonObject(one) ? [{ split, name: String(one['name']), reason: String(one['reason']) }] : [],
    );
  });
}

function countClasses(
  labels: Uint8Array | Int32Array,
  classes: readonly string[] = [],
): SplitLook['classes'] {
  const counts = new Map<number, number>();
  for (const label of labels) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .sort(([one], [other]) => one - other)
    .map(([label, count]) => ({ name: classes[label] ?? String(label), count }));
}

/** Values outside the range count in the first or last bin. */
function histogramOf({ data, scale, offset }: ImageArray, [low, high]: readonly [number, number]): Histogram {
  const counts = Array.from({ length: BINS }, () => 0);
  const bins = high > low ? BINS / (high - low) : 0;
  const binOf = (stored: number): number =>
    Math.min(BINS - 1, Math.max(0, Math.floor((stored * scale + offset - low) * bins)));
  for (const piece of piecesOf(data)) {
    if (piece instanceof Uint8Array) {
      countBytes(piece).forEach((count, byte) => (counts[binOf(byte)] = (counts[binOf(byte)] ?? 0) + count));
    } else {
      for (let at = 0; at < piece.length; at++) {
        const bin = binOf(piece[at] ?? 0);
        counts[bin] = (counts[bin] ?? 0) + 1;
      }
    }
  }
  return { low, high, counts };
}
