/** Images in rows of numbers, or with the channels first -> [count, height, width, channels]. */
import { tuple } from '../../../formats/numpy.ts';
import { NumberSource, type HeldNumbers } from '../../../formats/numbers.ts';
import type { RawImages, RawPixels } from '../raw.ts';
import { channelsComeFirst, refuse } from '../shapes.ts';

export interface Layout {
  /** Height, width and, if there is more than one, channels of images that are rows of numbers. */
  readonly shape?: readonly number[];
  readonly data_format: 'channels_last' | 'channels_first';
}

/** @throws Failure `data-corrupt` if the array does not contain such images */
export function arrange(images: RawImages, { shape, data_format: format }: Layout): RawImages {
  if (shape === undefined && format === 'channels_last') checkAsItIs(images);
  const unrolled = shape === undefined ? images : unroll(images, shape, format);
  return format === 'channels_first' ? channelsLast(unrolled) : unrolled;
}

/** Refuses arrays that a setting would fix. */
function checkAsItIs(images: RawImages): void {
  const { shape } = images;
  const side = Math.sqrt(shape[1] ?? 0);
  if (shape.length === 2 && Number.isInteger(side) && side > 1) {
    const rows = `if each row is an image, write \`shape: [${side}, ${side}]\``;
    const single = shape[0] === shape[1] ? images.save?.((x) => `${x}[None]`) : undefined;
    const hint = single === undefined ? rows : `${rows}; if all of it is one image, ${single}`;
    throw refuse(images, `has the shape ${tuple(shape)}: each image is a row of numbers`, hint);
  }
  if (shape.length === 4 && channelsComeFirst(shape)) {
    const hint = 'write `data_format: channels_first`';
    throw refuse(images, `has the shape ${tuple(shape)}: the channels come first`, hint);
  }
}

function unroll(images: RawImages, wanted: readonly number[], format: Layout['data_format']): RawImages {
  const [count = 0, ...rest] = images.shape;
  const [height = 0, width = 0, channels = 1] = wanted;
  const numbers = rest.reduce((product, length) => product * length, 1);
  if (images.shape.length !== 2 || numbers !== height * width * channels) {
    throw refuse(
      images,
      images.shape.length === 2
        ? `has ${numbers} numbers per image, but \`shape\` says ${wanted.join(' x ')}, which is ${height * width * channels}`
        : `has the shape ${tuple(images.shape)}: \`shape\` is for images in rows, (count, numbers)`,
      images.shape.length === 2 ? undefined : 'leave `shape` out',
    );
  }
  const axes = format === 'channels_first' ? [channels, height, width] : [height, width, channels];
  return { ...images, shape: [count, ...(wanted.length === 2 ? [height, width] : axes)] };
}

function channelsLast(images: RawImages): RawImages {
  const { shape, data } = images;
  const [count = 0, channels = 1, height = 0, width = 0] = shape;
  // Gray images have no channel axis.
  if (shape.length === 3) return images;
  if (shape.length !== 4) {
    throw refuse(
      images,
      `has the shape ${tuple(shape)}: with \`data_format: channels_first\` it must be (count, channels, height, width)`,
    );
  }
  const moved =
    data instanceof NumberSource
      ? new MovedChannels(data, channels)
      : moveChannels(data, data.slice(), channels, height * width);
  return { ...images, shape: [count, height, width, channels], data: moved };
}

/** @param pixels the number of pixels of an image */
function moveChannels<Data extends Exclude<RawPixels, NumberSource>>(
  data: Data,
  moved: Data,
  channels: number,
  pixels: number,
): Data {
  for (let start = 0; start < data.length; start += channels * pixels)
    for (let channel = 0; channel < channels; channel++) {
      const from = start + channel * pixels;
      const to = start + channel;
      for (let pixel = 0; pixel < pixels; pixel++) moved[to + pixel * channels] = data[from + pixel] ?? 0;
    }
  return moved;
}

/** Images with the channels first, read as whole images. */
class MovedChannels extends NumberSource {
  readonly #from: NumberSource;
  readonly #channels: number;

  constructor(from: NumberSource, channels: number) {
    super(from.type, from.length, from.rowLength);
    this.#from = from;
    this.#channels = channels;
  }

  read(start: number, end: number): HeldNumbers {
    const size = this.rowLength;
    const first = Math.floor(start / size) * size;
    const images = this.#from.read(first, Math.ceil(end / size) * size);
    const moved = moveChannels(images, images.slice(), this.#channels, size / this.#channels);
    return moved.subarray(start - first, end - first);
  }
}
