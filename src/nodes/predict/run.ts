/** Puts images through a trained autoencoder. */
import { join } from 'node:path';
import { SPLITS, writeImageSet, type ImageArray } from '../../formats/images.ts';
import type { PredictSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import type { Split } from '../../core/stage-type.ts';
import { modelShapes, predictBatches } from '../../engine/train/predict.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import { loadModel } from '../../layers/save.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { imageSource, requireInput } from '../train/pairs.ts';

/** Writes an image set with the labels of the data; its range is that of the outputs. */
export async function runPredict(context: StageContext<PredictSettings>): Promise<StageResult> {
  const { settings, inputs, signal, folder } = context;
  const engine = await context.engine();
  const model = await loadModel(
    engine.tf,
    join(requireInput(inputs, 'model').folder, 'model', 'autoencoder'),
  );
  try {
    const source = await imageSource(inputs, modelShapes(model));
    const chosen =
      settings.split === 'all'
        ? SPLITS.filter((split) => source.data.splits[split] !== undefined)
        : [settings.split];
    const splits: Partial<Record<Split, ImageArray>> = {};
    let [low, high] = [Infinity, -Infinity];
    for (const [index, split] of chosen.entries()) {
      const { x } = await source.read(split);
      const data = new Float32Array(x.data.length);
      let end = 0;
      const options = {
        batchSize: settings.batch_size,
        signal,
        onProgress: (share: number) =>
          context.progress({ text: `${split} images`, fraction: (index + share) / chosen.length }),
      };
      for await (const { outputs } of predictBatches(engine, model, x, rowNumbers(x.count), options)) {
        data.set(outputs, end);
        end += outputs.length;
        for (let at = 0; at < outputs.length; at++) {
          const value = outputs[at] ?? 0;
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
      }
      splits[split] = { ...x, data, scale: 1, offset: 0 };
    }
    if (!Number.isFinite(high - low))
      throw failure('not-finite', 'the model gives values that are NaN or infinite');
    await writeImageSet(folder, { shape: source.data.shape, range: [low, high], splits });
    return { highlights: ['images.json'] };
  } finally {
    model.dispose();
  }
}
