import { readImageSet, writeImageSet, type StoredImages, type StreamedImages } from '../../formats/images.ts';
import { partOf, typeOf, zeros, type HeldNumbers } from '../../formats/numbers.ts';
import type { TransformSettings } from '../../schema/generated/settings.ts';
import type { ImageShape, Split } from '../../core/stage-type.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { changeSplits } from '../splits.ts';
import { stretchesOf } from '../stretches.ts';

/** Images between two checks for progress and Ctrl-C. */
const CHUNK = 1000;

export async function runTransform(context: StageContext<TransformSettings>): Promise<StageResult> {
  const source = context.inputs['data'];
  if (source === undefined) throw new Error('transform without data');
  const record = await readImageSet(source.folder);
  const change = transformer(record.shape, context.settings);
  const splits = await changeSplits(source.folder, record, (images, split) =>
    reorder(context, images, split, change),
  );
  await writeImageSet(context.folder, { shape: change.shape, range: record.range, splits });
  return {};
}

interface Transformer {
  /** Shape of the new images. */
  readonly shape: ImageShape;
  /** For each value of a new image, its position in the original image. */
  readonly origins: Int32Array;
}

export function transformer(
  [height, width, channels]: ImageShape,
  { transpose, flip }: Pick<TransformSettings, 'transpose' | 'flip'>,
): Transformer {
  const [rows, columns] = transpose === undefined ? [height, width] : [width, height];
  const origins = new Int32Array(height * width * channels);
  let to = 0;
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const y = flip?.endsWith('vertical') === true ? rows - 1 - row : row;
      const x = flip?.startsWith('horizontal') === true ? columns - 1 - column : column;
      const pixel = transpose === undefined ? y * width + x : x * width + y;
      for (let channel = 0; channel < channels; channel++) origins[to++] = pixel * channels + channel;
    }
  return { shape: [rows, columns, channels], origins };
}

function reorder(
  context: StageContext<TransformSettings>,
  images: StoredImages,
  split: Split,
  { shape, origins }: Transformer,
): StreamedImages {
  const { data, count } = images;
  const [type, size] = [typeOf(data), origins.length];
  async function* pieces(): AsyncGenerator<HeldNumbers> {
    for await (const { start, end } of stretchesOf(count, CHUNK, context, { split, doing: 'transforming' })) {
      const part = partOf(data, start * size, end * size);
      const moved = zeros(type, part.length);
      for (let begin = 0; begin < part.length; begin += size)
        for (let index = 0; index < size; index++)
          moved[begin + index] = part[begin + (origins[index] ?? 0)] ?? 0;
      yield moved;
    }
  }
  return { ...images, shape, data: { type, length: count * size, pieces } };
}
