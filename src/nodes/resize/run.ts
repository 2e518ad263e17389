import { setImmediate as nextTurn } from 'node:timers/promises';
import { readImages, readImageSet, SPLITS, writeImageSet, type ImageArray } from '../../formats/images.ts';
import { resizer } from '../../formats/resample.ts';
import type { ResizeSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { ImageShape, Split } from '../../core/stage-type.ts';
import type { StageContext, StageResult } from '../contract.ts';

/** Images that are resized between two looks at the clock and at Ctrl-C. */
const CHUNK = 500;

/** The most bytes that the images of a split may take. */
const SIZE_LIMIT = 2 ** 31;

export async function runResize(context: StageContext<ResizeSettings>): Promise<StageResult> {
  const source = context.inputs['data'];
  if (source === undefined) throw new Error('resize without data');
  const record = await readImageSet(source.folder);
  const shape: ImageShape = [...context.settings.size, record.shape[2]];
  const splits: Partial<Record<Split, ImageArray>> = {};
  for (const split of SPLITS) {
    if (record.splits[split] === undefined) continue;
    splits[split] = await resize(context, await readImages(source.folder, split), split, shape);
  }
  await writeImageSet(context.folder, { shape, range: record.range, splits });
  return {};
}

async function resize(
  { signal, progress }: StageContext<ResizeSettings>,
  images: ImageArray,
  split: Split,
  shape: ImageShape,
): Promise<ImageArray> {
  const { data, count } = images;
  const size = shape[0] * shape[1] * shape[2];
  if (count * size * data.BYTES_PER_ELEMENT > SIZE_LIMIT) {
    throw failure(
      'out-of-range',
      `${count} ${split} images of ${shape.join('x')} take more than 2 GiB`,
      'use a smaller `size`, or a `subset` of the images',
    );
  }
  const before = data.length / count;
  const apply = resizer(images.shape, [shape[0], shape[1]]);
  const bytes = data instanceof Uint8Array;
  const resized = bytes ? new Uint8Array(count * size) : new Float32Array(count * size);
  for (let index = 0; index < count; index++) {
    if (index % CHUNK === 0) {
      await nextTurn();
      if (signal.aborted) throw failure('interrupted', 'stopped while resizing images');
      progress({ text: `${split} images`, fraction: index / count });
    }
    const image = apply(data.subarray(index * before, (index + 1) * before));
    resized.set(bytes ? image.map(Math.round) : image, index * size);
  }
  return { ...images, data: resized, shape };
}
