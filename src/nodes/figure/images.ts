/** `kind: images`: unchanged images in a grid. */
import { openImages, readImageSet, toFloat32, type ImageArray } from '../../formats/images.ts';
import type { FigureSettings, ImagesFigureSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { ImageShape, Split } from '../../core/stage-type.ts';
import type { Figure } from '../../figures/figure.ts';
import { imageGrid, imageTiles, inRows, type ImageRow } from '../../figures/image-grid.ts';
import type { InputArtifact, StageContext } from '../contract.ts';
import { requireInput } from '../train/pairs.ts';
import { checkRecordedRange } from '../train/targets.ts';
import { chooseImages } from './choice.ts';

/** Draws a set's range of intensities from black to white. The range is written below the title or, for two sets, beside each. */
export async function drawImages(
  { inputs, seed }: StageContext<FigureSettings>,
  settings: ImagesFigureSettings,
): Promise<Figure> {
  const { split, rows, columns, random, title } = settings;
  const set = await readSplit(requireInput(inputs, 'data'), split);
  const { images, range } = set;
  const chosen = chooseImages(images.count, rows * columns, random ? seed('choice') : undefined);
  if (inputs['before'] === undefined) {
    const grid = gridOf(set, chosen, settings);
    const [low, high] = rangeTexts(range);
    return imageGrid({ title, subtitle: `${describe(images.shape)}, values ${low} to ${high}`, rows: grid });
  }
  const before = await readSplit(inputs['before'], split);
  if (before.images.count !== images.count) {
    throw failure(
      'shape-mismatch',
      `\`${before.stage}\` has ${before.images.count} ${split} images, but \`${set.stage}\` has ${images.count}`,
      'let `before` hold the same images as `data`, one for one',
    );
  }
  return imageGrid({
    title,
    subtitle: describe(images.shape),
    rows: [
      ...withScale('Before', gridOf(before, chosen, settings), before.range),
      ...withScale('After', gridOf(set, chosen, settings), range),
    ],
  });
}

interface ImageSplit {
  readonly stage: string;
  readonly images: ImageArray;
  readonly range: readonly [number, number];
}

async function readSplit({ folder, stage }: InputArtifact, split: Split): Promise<ImageSplit> {
  const { range } = await readImageSet(folder);
  const images = await openImages(folder, split);
  checkRecordedRange({ stage }, range, images);
  if (images.count === 0) throw failure('missing-split', `\`${stage}\` has no ${split} images`);
  return { stage, images, range };
}

function gridOf(
  { stage, images, range }: ImageSplit,
  chosen: Int32Array,
  { columns, labels }: ImagesFigureSettings,
): readonly ImageRow[] {
  const grid = inRows(imageTiles(toFloat32(images, chosen), images.shape, range), columns);
  if (!labels) return grid;
  const { labels: numbers, classes } = images;
  if (numbers === undefined) {
    throw failure('bad-setting', `the images of \`${stage}\` have no class labels`, 'leave `labels` out');
  }
  const captions = [...chosen].map((image) => {
    const label = numbers[image] ?? 0;
    return classes?.[label] ?? String(label);
  });
  return grid.map((row, index) => ({
    ...row,
    captions: captions.slice(index * columns, (index + 1) * columns),
  }));
}

/** Gives a block of rows a title and a bar with its range of values. */
function withScale(
  label: string,
  rows: readonly ImageRow[],
  range: readonly [number, number],
): readonly ImageRow[] {
  const [black, white] = rangeTexts(range);
  const scale = { black, white };
  return rows.map((row, index) => ({ ...row, ...(index === 0 ? { label } : {}), scale }));
}

/** `28 × 28 pixels` */
function describe([height, width, channels]: ImageShape): string {
  return `${width} × ${height} pixels${channels === 3 ? ' in colour' : ''}`;
}

/** Whole numbers in full; others to a thousandth of the range, so that 1.4e−14 to 1 is shown as 0 to 1. */
function rangeTexts([low, high]: readonly [number, number]): readonly [string, string] {
  const decimals = Math.min(100, Math.max(0, 3 - Math.round(Math.log10(high - low || 1))));
  const text = (value: number): string =>
    String(Number.isInteger(value) ? value : Number(value.toFixed(decimals))).replace('-', '−');
  return [text(low), text(high)];
}
