/** Whether an array can be images, and otherwise what to write in Python. */
import { tuple } from '../../formats/numpy.ts';
import { failure, type Failure } from '../../core/diagnostic.ts';
import type { ImageShape } from '../../core/stage-type.ts';
import type { RawImages, RawSplit } from './raw.ts';

/** Maximum number of channels of a picture: three colours and transparency. */
export const MOST_CHANNELS = 4;

const WANTED = 'the shape of images is (count, height, width) or (count, height, width, channels)';

/**
 * The shape of an image. Nothing is reordered or guessed.
 *
 * @throws Failure `data-corrupt` for other ranks, for arrays with the channels first, and for empty arrays
 */
export function imageShape(images: RawImages): ImageShape {
  const { shape } = images;
  const [, height = 0, width = 0, channels = 1] = shape;
  if (shape.includes(0)) {
    const hint = images.save === undefined ? undefined : `save an array with images: ${images.save()}`;
    throw refuse(images, `has the shape ${tuple(shape)}: it holds no images`, hint);
  }
  const fixes = fixesOf(shape);
  if (fixes !== undefined) {
    const lines = fixes.map((one) => images.save?.(one) ?? '').filter((line) => line !== '');
    const [single, several] = lines;
    const isSingle = shape.length === 3;
    throw refuse(
      images,
      `has the shape ${tuple(shape)}${isSingle ? ', like a single image with channels' : ''}: ${WANTED}`,
      isSingle && single !== undefined && several !== undefined
        ? `if it is one image, ${single}; if it is ${shape[0]} gray images, ${several}`
        : lines.join(', or '),
    );
  }
  return [height, width, channels];
}

type Change = (x: string) => string;

/** Whether an array of four axes is probably (count, channels, height, width). */
export function channelsComeFirst([, second = 0, third = 0, last = 0]: readonly number[]): boolean {
  const plausible = second === 1 || second === 3 || (second <= MOST_CHANNELS && third === last);
  return plausible && third > MOST_CHANNELS && last > MOST_CHANNELS;
}

/** The changes that turn an array into images; undefined if nothing is wrong. */
function fixesOf(shape: readonly number[]): readonly Change[] | undefined {
  const [count = 0, second = 0, third = 0] = shape;
  const reshaped = (...to: readonly (number | string)[]): Change => {
    return (x) => `${x}.reshape(${to.join(', ')})`;
  };
  const single: Change = (x) => `${x}[None]`;
  switch (shape.length) {
    case 0:
    case 1:
    case 2: {
      const side = Math.sqrt(second);
      if (Number.isInteger(side) && side > 1) return [reshaped(-1, side, side)];
      return shape.length === 2 && count > 1 && second > 1
        ? [reshaped(-1, 'height', 'width'), single]
        : [reshaped(-1, 'height', 'width')];
    }
    case 3:
      // One picture: its rows would be read as narrow pictures.
      if ((third === 1 || third === 3 || third === 4) && second > MOST_CHANNELS)
        return [single, reshaped(count, second, third, 1)];
      return undefined;
    case 4:
      return channelsComeFirst(shape) ? [(x) => `np.moveaxis(${x}, 1, -1)`] : undefined;
    default: {
      const inner = shape.slice(1).filter((length) => length !== 1);
      if (inner.length === 2) return [reshaped(count, ...inner, 1)];
      if (inner.length === 3) return [reshaped(count, ...inner)];
      return [reshaped(-1, ...shape.slice((shape.at(-1) ?? 0) > MOST_CHANNELS ? -2 : -3))];
    }
  }
}

/** @throws Failure `data-corrupt` unless there is one label for each image */
export function checkLabels({ images, labels }: RawSplit): void {
  const count = images.total ?? images.shape[0] ?? 0;
  if (labels === undefined) return;
  const found = labels.total ?? labels.shape[0] ?? 0;
  if (labels.shape.length === 1 && found === count) return;
  const line =
    found > count ? labels.save?.((y) => `${y}[:${count}]`) : images.save?.((x) => `${x}[:${found}]`);
  throw refuse(
    labels,
    `has the shape ${tuple(labels.shape)}, but ${images.name} holds ${count} images: each needs one label`,
    line === undefined || labels.shape.length > 1
      ? 'name the labels of these images, or leave them out'
      : `name the labels of these images; if the first ones belong together, ${line}`,
  );
}

/** The failure for an array, at the setting that names it. */
export function refuse(
  { name, at }: { readonly name: string; readonly at?: string },
  what: string,
  hint?: string,
): Failure {
  return failure('data-corrupt', `${name} ${what}`, hint, at === undefined ? [] : [at]);
}
