import {
  openImages,
  readImageSet,
  toFloat32,
  writeImageSet,
  type ImageSet,
  type Resample,
  type StoredImages,
  type StreamedImages,
} from '../../formats/images.ts';
import type { NoiseSettings } from '../../schema/generated/settings.ts';
import { Philox } from '../../core/philox.ts';
import type { Split } from '../../core/stage-type.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { changeSplits } from '../splits.ts';
import { stretchesOf } from '../stretches.ts';
import { corruptionOf } from './kinds.ts';
import { rangeAfter } from './range.ts';

/** About how many values are corrupted between two checks for progress and Ctrl-C: a whole number of images. */
const CHUNK = 2 ** 20;

export async function runNoise(context: StageContext<NoiseSettings>): Promise<StageResult> {
  const source = context.inputs['data']?.folder;
  if (source === undefined) throw new Error('noise without data');
  const record = await readImageSet(source);
  const corrupted = await changeSplits(source, record, (images, split) =>
    corrupt(context, images, split, record.range),
  );
  const all = Object.entries(corrupted);
  const rangeOfAll = (): ImageSet['range'] => {
    const ranges = all.map(([, { measured }]) => measured.range);
    return [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))];
  };
  await writeImageSet(
    context.folder,
    {
      shape: record.shape,
      range: rangeAfter(context.settings, record.range) ?? rangeOfAll,
      splits: Object.fromEntries(all.map(([split, { images }]) => [split, images])),
      ...(await resampleOf(context.settings, source)),
    },
    context.signal,
  );
  // The distance of the noisy images from the clean ones: the error before denoising.
  const metrics = all.map(([split, { measured }]) => [`${split}_mse`, measured.meanSquaredError]);
  return { metrics: Object.fromEntries(metrics) };
}

/** The images and settings with which training resamples noise, if it does. */
async function resampleOf(settings: NoiseSettings, source: string): Promise<{ resample?: Resample }> {
  if (settings.kind !== 'gaussian' || !settings.resample) return {};
  const { mean, stddev, clip } = settings;
  return { resample: { clean: await openImages(source, 'train'), noise: { mean, stddev, clip } } };
}

interface Corrupted {
  readonly images: StreamedImages;
  /** Measured over all images; complete once they are written. */
  readonly measured: { range: readonly [number, number]; meanSquaredError: number };
}

function corrupt(
  context: StageContext<NoiseSettings>,
  clean: StoredImages,
  split: Split,
  range: readonly [number, number],
): Corrupted {
  const { settings } = context;
  const [lowest, highest] = settings.clip ?? [-Infinity, Infinity];
  const generator = new Philox(context.seed(`noise/${split}`));
  const corruption = corruptionOf(settings, { generator, shape: clean.shape, range });
  const measured: Corrupted['measured'] = { range: [Infinity, -Infinity], meanSquaredError: 0 };
  const { length } = clean.data;
  const step = Math.max(1, Math.floor((CHUNK * clean.count) / length));
  async function* pieces(): AsyncGenerator<Float32Array> {
    let [low, high, squares] = [Infinity, -Infinity, 0];
    const doing = { split, doing: 'corrupting' };
    for await (const { start, end } of stretchesOf(clean.count, step, context, doing)) {
      const original = toFloat32(clean, { start, end });
      const part = new Float32Array(original.length);
      corruption.draw(part, original);
      for (let index = 0; index < part.length; index++) {
        const before = original[index] ?? 0;
        const after = Math.min(highest, Math.max(lowest, corruption.apply(before, part[index] ?? 0)));
        part[index] = after;
        squares += (after - before) ** 2;
        if (after < low) low = after;
        if (after > high) high = after;
      }
      yield part;
    }
    measured.range = [low, high];
    measured.meanSquaredError = squares / length;
  }
  return {
    images: { ...clean, data: { type: 'float32', length, pieces }, scale: 1, offset: 0 },
    measured,
  };
}
