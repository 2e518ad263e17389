import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  readImages,
  readImageSet,
  SPLITS,
  toFloat32,
  writeImageSet,
  type ImageArray,
  type Resample,
} from '../../formats/images.ts';
import type { NoiseSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { Philox } from '../../core/philox.ts';
import type { Split } from '../../core/stage-type.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { corruptionOf } from './kinds.ts';
import { rangeAfter } from './range.ts';

/** Images that are corrupted between two looks at the clock and at Ctrl-C. */
const CHUNK = 2000;

export async function runNoise(context: StageContext<NoiseSettings>): Promise<StageResult> {
  const source = context.inputs['data']?.folder;
  if (source === undefined) throw new Error('noise without data');
  const record = await readImageSet(source);
  const splits: Partial<Record<Split, ImageArray>> = {};
  const metrics: Record<string, number> = {};
  let range: readonly [number, number] = [Infinity, -Infinity];
  for (const split of SPLITS) {
    if (record.splits[split] === undefined) continue;
    const corrupted = await corrupt(context, await readImages(source, split), split, record.range);
    splits[split] = corrupted.images;
    // How far the noise takes the images from the clean ones: what a denoiser starts from.
    metrics[`${split}_mse`] = corrupted.meanSquaredError;
    range = [Math.min(range[0], corrupted.range[0]), Math.max(range[1], corrupted.range[1])];
  }
  await writeImageSet(context.folder, {
    shape: record.shape,
    range: rangeAfter(context.settings, record.range) ?? range,
    splits,
    ...(await resampleOf(context.settings, source)),
  });
  return { metrics };
}

/** What training draws noise on, where it is drawn afresh. */
async function resampleOf(settings: NoiseSettings, source: string): Promise<{ resample?: Resample }> {
  if (settings.kind !== 'gaussian' || !settings.resample) return {};
  const { mean, stddev, clip } = settings;
  return { resample: { clean: await readImages(source, 'train'), noise: { mean, stddev, clip } } };
}

interface Corrupted {
  readonly images: ImageArray;
  readonly range: readonly [number, number];
  readonly meanSquaredError: number;
}

async function corrupt(
  context: StageContext<NoiseSettings>,
  clean: ImageArray,
  split: Split,
  range: readonly [number, number],
): Promise<Corrupted> {
  const { settings } = context;
  const [lowest, highest] = settings.clip ?? [-Infinity, Infinity];
  const generator = new Philox(context.seed(`noise/${split}`));
  const corruption = corruptionOf(settings, { generator, shape: clean.shape, range });
  const size = clean.data.length / clean.count;
  const data = new Float32Array(clean.data.length);
  let [low, high, squares] = [Infinity, -Infinity, 0];
  for (let start = 0; start < clean.count; start += CHUNK) {
    await nextTurn();
    if (context.signal.aborted) throw failure('interrupted', 'stopped while corrupting images');
    context.progress({ text: `${split} images`, fraction: start / clean.count });
    const end = Math.min(start + CHUNK, clean.count);
    const original = toFloat32(clean, { start, end });
    const part = data.subarray(start * size, end * size);
    corruption.draw(part, original);
    for (let index = 0; index < part.length; index++) {
      const before = original[index] ?? 0;
      const after = Math.min(highest, Math.max(lowest, corruption.apply(before, part[index] ?? 0)));
      part[index] = after;
      squares += (after - before) ** 2;
      if (after < low) low = after;
      if (after > high) high = after;
    }
  }
  return {
    images: { ...clean, data, scale: 1, offset: 0 },
    range: [low, high],
    meanSquaredError: squares / data.length,
  };
}
