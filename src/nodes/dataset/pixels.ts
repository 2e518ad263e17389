/** Raw splits -> images of one shape, one scale and a known range, with notices for the user. */
import { widen, WIDENED } from '../../formats/decode.ts';
import { takeNames } from '../../formats/image-names.ts';
import { extremesOfNumbers } from '../../formats/image-rows.ts';
import { NumberSource, ScaledNumbers, TakenRows, type Numbers } from '../../formats/numbers.ts';
import type { ImageArray, ImageSet } from '../../formats/images.ts';
import type { DatasetSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Split } from '../../core/stage-type.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import {
  limitOf,
  type PixelKind,
  type RawImages,
  type RawPixels,
  type RawSplit,
  type RawSplits,
} from './raw.ts';
import { checkLabels, imageShape, MOST_CHANNELS, refuse } from './shapes.ts';

export interface Notice {
  readonly message: string;
  readonly hint: string;
  /** The setting that it concerns. */
  readonly at: string;
}

/** Highest values of 8 and 16 bits. */
const [BYTE, WORD] = [255, 65_535];

/** If the brightest value is darker than this, it is probably a mistake. */
const DARK = 1 / 16;

type Settings = Pick<DatasetSettings, 'limit' | 'normalize'> & { readonly white_level?: number };

/**
 * Scales integers by the highest value of their type, or by `white_level`; floats by `white_level` alone.
 *
 * @throws Failure `data-corrupt` if arrays are not images or do not fit together; `out-of-range` for values above `white_level`
 */
export function toImageSet(
  raws: RawSplits,
  settings: Settings,
): ImageSet & { readonly notices: readonly Notice[] } {
  const found = (['train', 'test'] as const).flatMap((split) => {
    const raw = raws[split];
    return raw === undefined ? [] : [{ split, raw: cut(raw, settings, split) }];
  });
  const [first] = found;
  if (first === undefined) throw new Error('a data set without splits');
  const shape = imageShape(first.raw.images);
  for (const { raw } of found) checkFit(raw.images, first.raw.images);
  const wide = found.some(({ raw }) => isWide(raw.images));
  const { kind } = first.raw.images;
  const white = settings.white_level ?? whiteOf(kind, wide);
  const scale = settings.normalize === 'none' || white === undefined ? 1 : 1 / white;
  const splits: Partial<Record<Split, ImageArray>> = {};
  const ranges: { readonly images: RawImages; readonly low: number; readonly high: number }[] = [];
  for (const { split, raw } of found) {
    const { images, labels, classes, names } = raw;
    const data = stored(images, wide);
    const [least, most] = extremesOfNumbers(data);
    if (settings.white_level !== undefined && most > settings.white_level)
      throw tooBright(images, most, settings.white_level);
    ranges.push({ images, low: least, high: most });
    splits[split] = {
      data,
      count: images.shape[0] ?? 0,
      shape,
      scale,
      offset: 0,
      ...(labels === undefined ? {} : { labels: labels.data }),
      ...(classes === undefined ? {} : { classes }),
      names,
    };
  }
  const [low, high] = [Math.min(...ranges.map((one) => one.low)), Math.max(...ranges.map((one) => one.high))];
  // Notices about the highest value name the images that contain it.
  const lightest = ranges.find((one) => one.high === high)?.images ?? first.raw.images;
  return {
    shape,
    range: rangeOf(kind, [low, high], settings, scale),
    splits,
    notices: [
      ...noticesOf(lightest, [low, high], { settings, white, scale, channels: shape[2] }),
      ...scalesApart(ranges),
      ...trainingAgain(found),
    ],
  };
}

function isWide({ data, wide = false }: RawImages): boolean {
  return wide || data instanceof Uint16Array;
}

/** The stored type: 16-bit values, and 8-bit values beside them, are kept as floats, which represent them exactly. */
function stored(images: RawImages, wide: boolean): Numbers {
  const { data, kind } = images;
  if (data instanceof Float32Array) return data;
  if (data instanceof Uint16Array) return Float32Array.from(data);
  if (!wide || isWide(images)) return data;
  if (data instanceof Uint8Array) return Float32Array.from(kind === 'file' ? widen(data) : data);
  const scale = kind === 'file' ? WIDENED : 1;
  return new ScaledNumbers(data, data.rowLength, { scale, offset: 0 });
}

/** The value that becomes 1 by `normalize: minmax`; undefined for floats, which stay unchanged. */
function whiteOf(kind: PixelKind, wide: boolean): number | undefined {
  if (kind === 'float') return undefined;
  if (kind === 'bool') return 1;
  return wide ? WORD : BYTE;
}

/** Checked, and cut to `limit`. */
function cut(raw: RawSplit, settings: Settings, split: Split): RawSplit {
  const { images, labels, names, ...rest } = raw;
  const size = sizeOf(imageShape(images));
  checkLabels(raw);
  const [total = 0, ...shape] = images.shape;
  const count = Math.min(total, limitOf(settings, split));
  return {
    ...rest,
    names: count === total ? names : takeNames(names, rowNumbers(count)),
    images: { ...images, shape: [count, ...shape], data: firstOf(images.data, count, size) },
    ...(labels === undefined
      ? {}
      : { labels: { ...labels, shape: [count], data: labels.data.subarray(0, count) } }),
  };
}

function firstOf(data: RawPixels, count: number, size: number): RawPixels {
  if (!(data instanceof NumberSource)) return data.subarray(0, count * size);
  return count * size === data.length ? data : new TakenRows(data, rowNumbers(count));
}

function checkFit(images: RawImages, train: RawImages): void {
  const [shape, wanted] = [imageShape(images), imageShape(train)];
  if (shape.join() !== wanted.join()) {
    throw refuse(
      images,
      `holds images of ${shape.join('x')}, but ${train.name} of ${wanted.join('x')}: all images of a set have one size`,
      images.save === undefined
        ? 'set `size`'
        : `save the test images in the shape of the training images: ${images.save((x) => `${x}.reshape(-1, ${wanted.join(', ')})`)} if only the axes differ`,
    );
  }
  if (images.kind === train.kind) return;
  throw refuse(
    images,
    `holds ${images.dtype}, but ${train.name} ${train.dtype}: all images of a set have one type`,
    images.save === undefined
      ? undefined
      : `save both as one type: ${images.save((x) => `${x}.astype('${train.dtype}')`)}`,
  );
}

function tooBright({ name }: RawImages, highest: number, white: number) {
  return failure(
    'out-of-range',
    `${name} holds the value ${highest}, more than \`white_level\`, ${white}`,
    `set \`white_level: ${highest}\` or more`,
    ['white_level'],
  );
}

/**
 * The possible range of the values, not the actual one: 0 to 1 and the like, for integers and for floats that are all within such a
 * range. Metrics and figures rely on it.
 */
function rangeOf(
  kind: PixelKind,
  [low, high]: readonly [number, number],
  { normalize }: Settings,
  scale: number,
): readonly [number, number] {
  const [least, most] = [low * scale, high * scale];
  if (kind === 'float') {
    if (least >= 0 && most <= 1) return [0, 1];
    return least >= -1 && most <= 1 ? [-1, 1] : [least, most];
  }
  if (normalize === 'minmax') return [0, 1];
  return [0, [1, BYTE].find((white) => most <= white) ?? WORD];
}

function noticesOf(
  { name, at = 'path', kind, dtype }: RawImages,
  [low, high]: readonly [number, number],
  {
    settings,
    white,
    scale,
    channels,
  }: {
    readonly settings: Settings;
    readonly white: number | undefined;
    readonly scale: number;
    readonly channels: number;
  },
): readonly Notice[] {
  const notices: Notice[] = [];
  if (channels > MOST_CHANNELS) {
    const message = `the images of ${name} have ${channels} channels: the last axis must be the channels`;
    notices.push({ message, hint: 'if it is, ignore this; `np.moveaxis` reorders axes', at });
  }
  if (low === high) {
    const message = `all values of ${name} are ${low}`;
    return [...notices, { message, hint: 'check that this is the right array', at }];
  }
  if (settings.white_level !== undefined || settings.normalize === 'none' || kind === 'bool') return notices;
  if (white !== undefined && high <= white / 2) {
    const bits = Math.ceil(Math.log2(high + 1));
    const message =
      `the highest value of ${name} is ${high}: as ${white} becomes 1, it becomes ${numberText(high * scale)}` +
      (high > BYTE ? `; ${bits} of 16 bits are used` : '');
    const level = high > BYTE ? 2 ** bits - 1 : high;
    notices.push({ message, hint: `set \`white_level: ${level}\` to make that value 1`, at });
  }
  if (kind === 'float' && low >= 0 && high > 1) {
    const message = `the values of ${name} are floats and stay unchanged, from ${numberText(low)} to ${numberText(high)}`;
    const hint = `set \`white_level: ${high <= BYTE && high > 100 ? BYTE : numberText(high)}\` to divide by it, or \`normalize: none\` to keep them`;
    notices.push({ message, hint, at });
  }
  if (kind === 'float' && low >= 0 && high <= DARK) {
    const message = `the highest value of ${name} is ${numberText(high)}: such images are almost black`;
    notices.push({
      message,
      hint: `set \`white_level: ${numberText(high)}\` to make it 1 (the type is ${dtype})`,
      at,
    });
  }
  return notices;
}

/** Warns if the highest values of training and test images are far apart: probably only one of them was scaled. */
function scalesApart(
  ranges: readonly { readonly images: RawImages; readonly low: number; readonly high: number }[],
): readonly Notice[] {
  const [train, test] = ranges.map(({ images, low, high }) => ({
    images,
    highest: Math.max(Math.abs(low), Math.abs(high)),
  }));
  if (train === undefined || test === undefined) return [];
  const [darker, lighter] = [train.highest, test.highest].sort((a, b) => a - b) as [number, number];
  if (darker > lighter * DARK) return [];
  const message =
    `the values of ${train.images.name} go up to ${numberText(train.highest)}, ` +
    `and those of ${test.images.name} up to ${numberText(test.highest)}`;
  const hint = 'scale training and test images in the same way before you save them';
  return [{ message, hint, at: test.images.at ?? 'path' }];
}

/** Warns if the test images are the training images, in one file or a copy: the test then measures nothing new. */
function trainingAgain(found: readonly { readonly raw: RawSplit }[]): readonly Notice[] {
  const [train, test] = found.map(({ raw: { images, names } }) => ({ images, sources: names.sources }));
  if (train === undefined || test === undefined || train.sources.join() !== test.sources.join()) return [];
  const message = `the test images of ${test.images.name} are the training images`;
  const hint = 'name other images, or leave the test images out and add a `split` stage';
  return [{ message, hint, at: test.images.at ?? 'path' }];
}

function numberText(value: number): string {
  return String(Number(value.toPrecision(4)));
}
