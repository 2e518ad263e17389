import { readImageSet, writeImageSet, type StoredImages, type StreamedImages } from '../../formats/images.ts';
import { partOf, typeOf, zeros, type HeldNumbers } from '../../formats/numbers.ts';
import { resizer } from '../../formats/resample.ts';
import type { ResizeSettings } from '../../schema/generated/settings.ts';
import { sizeOf } from '../../core/shape.ts';
import type { ImageShape, Split } from '../../core/stage-type.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { changeSplits } from '../splits.ts';
import { stretchesOf } from '../stretches.ts';

/** Images resized between two checks for progress and Ctrl-C. */
const CHUNK = 100;

export async function runResize(context: StageContext<ResizeSettings>): Promise<StageResult> {
  const source = context.inputs['data'];
  if (source === undefined) throw new Error('resize without data');
  const record = await readImageSet(source.folder);
  const shape: ImageShape = [...context.settings.size, record.shape[2]];
  const splits = await changeSplits(source.folder, record, (images, split) =>
    resize(context, images, split, shape),
  );
  await writeImageSet(context.folder, { shape, range: record.range, splits });
  return {};
}

function resize(
  context: StageContext<ResizeSettings>,
  images: StoredImages,
  split: Split,
  shape: ImageShape,
): StreamedImages {
  const { data, count } = images;
  const type = typeOf(data);
  const [before, size] = [sizeOf(images.shape), sizeOf(shape)];
  const apply = resizer(images.shape, [shape[0], shape[1]]);
  async function* pieces(): AsyncGenerator<HeldNumbers> {
    for await (const { start, end } of stretchesOf(count, CHUNK, context, { split, doing: 'resizing' })) {
      const part = partOf(data, start * before, end * before);
      const resized = zeros(type, (end - start) * size);
      for (let index = 0; index < end - start; index++) {
        const image = apply(part.subarray(index * before, (index + 1) * before));
        resized.set(type === 'uint8' ? image.map(Math.round) : image, index * size);
      }
      yield resized;
    }
  }
  return { ...images, shape, data: { type, length: count * size, pieces } };
}
