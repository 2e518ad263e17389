/** Runs images through a trained autoencoder. */
import { join } from 'node:path';
import {
  SPLITS,
  writeImageSet,
  type ImageArray,
  type ImageSet,
  type StreamedImages,
} from '../../formats/images.ts';
import type { NumberStream } from '../../formats/numbers.ts';
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
    const splits: Partial<Record<Split, StreamedImages>> = {};
    let [low, high] = [Infinity, -Infinity];
    const outputsFor = async function* (x: ImageArray, split: Split): AsyncGenerator<Float32Array> {
      const options = {
        batchSize: settings.batch_size,
        signal,
        onProgress: (share: number) =>
          context.progress({
            text: `${split} images`,
            fraction: (chosen.indexOf(split) + share) / chosen.length,
          }),
      };
      for await (const { outputs } of predictBatches(engine, model, x, rowNumbers(x.count), options)) {
        for (let at = 0; at < outputs.length; at++) {
          const value = outputs[at] ?? 0;
          low = Math.min(low, value);
          high = Math.max(high, value);
        }
        yield outputs;
      }
    };
    for (const split of chosen) {
      const { x } = await source.read(split);
      const data: NumberStream = {
        type: 'float32',
        length: x.data.length,
        pieces: () => outputsFor(x, split),
      };
      splits[split] = { ...x, data, scale: 1, offset: 0 };
    }
    const range = (): ImageSet['range'] => {
      if (Number.isFinite(high - low)) return [low, high];
      throw failure('not-finite', 'the model returns values that are NaN or infinite');
    };
    await writeImageSet(folder, { shape: source.data.shape, range, splits });
    return { highlights: ['images.json'] };
  } finally {
    model.dispose();
  }
}
