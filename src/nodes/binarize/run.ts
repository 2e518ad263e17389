import { readImageSet, writeImageSet, type StoredImages, type StreamedImages } from '../../formats/images.ts';
import { partOf, scaled, type HeldNumbers } from '../../formats/numbers.ts';
import type { BinarizeSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { Philox } from '../../core/philox.ts';
import { deriveSeed } from '../../core/seed.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Split } from '../../core/stage-type.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { changeSplits } from '../splits.ts';
import { stretchesOf } from '../stretches.ts';
import { sameForAll, THRESHOLD } from './threshold.ts';

/** Images between two checks for progress and Ctrl-C. */
const CHUNK = 1000;

export async function runBinarize(context: StageContext<BinarizeSettings>): Promise<StageResult> {
  const source = context.inputs['data'];
  if (source === undefined) throw new Error('binarize without data');
  const record = await readImageSet(source.folder);
  const { method, threshold } = context.settings;
  const uniform = method === 'threshold' ? sameForAll(threshold, record.range) : undefined;
  if (uniform !== undefined) throw failure('out-of-range', uniform.message, uniform.hint, ['threshold']);
  const splits = await changeSplits(source.folder, record, (images, split) =>
    binarized(context, images, split),
  );
  await writeImageSet(context.folder, { shape: record.shape, range: [0, 1], splits });
  return {};
}

function binarized(
  context: StageContext<BinarizeSettings>,
  images: StoredImages,
  split: Split,
): StreamedImages {
  const { data, count, shape } = images;
  const size = sizeOf(shape);
  async function* pieces(): AsyncGenerator<HeldNumbers> {
    const limits = limitsOf(context.settings, split);
    for await (const { start, end } of stretchesOf(count, CHUNK, context, { split, doing: 'binarising' })) {
      const values = scaled(partOf(data, start * size, end * size), images);
      if (context.settings.method === 'sample') checkProbabilities(values, context);
      const limit = limits(values.length);
      yield Uint8Array.from(values, (value, index) => (value > (limit[index] ?? 0) ? 1 : 0));
    }
  }
  return { ...images, scale: 1, offset: 0, data: { type: 'uint8', length: count * size, pieces } };
}

/** The limit above which the next values become 1: with uniform limits from 0 to 1, a value is the probability of that. */
function limitsOf(
  { method, threshold = THRESHOLD, seed }: BinarizeSettings,
  split: Split,
): (count: number) => Float32Array {
  if (method === 'threshold') return (count) => new Float32Array(count).fill(threshold);
  const generator = new Philox(deriveSeed(seed, 'binarize', split));
  return (count) => {
    const limits = new Float32Array(count);
    generator.uniform(limits);
    return limits;
  };
}

/** What is known before the run may be wrong or missing: the range of floats is only known from their values. */
function checkProbabilities(values: Float32Array, { inputs }: StageContext<BinarizeSettings>): void {
  const wrong = values.find((value) => !(value >= 0 && value <= 1));
  if (wrong === undefined) return;
  throw failure(
    'bad-setting',
    `\`${inputs['data']?.stage}\` has a value of ${wrong}, which is not a probability`,
    'scale the images to the range from 0 to 1 before, or use `method: threshold`',
  );
}
