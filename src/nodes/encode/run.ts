/** Runs images through the encoder of a trained model. */
import { join } from 'node:path';
import { SPLITS } from '../../formats/images.ts';
import { writeVectorSet, type StreamedVectors } from '../../formats/vectors.ts';
import type { EncodeSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Split } from '../../core/stage-type.ts';
import { modelShapes, predictBatches } from '../../engine/train/predict.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import { loadModel } from '../../layers/save.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { imagesFor, requireInput } from '../train/pairs.ts';

/** Writes a vector set with the labels of the data. A latent of a shape, such as [7, 7, 8], is flattened row by row. */
export async function runEncode(context: StageContext<EncodeSettings>): Promise<StageResult> {
  const { settings, inputs, signal, folder } = context;
  const engine = await context.engine();
  const encoder = await loadModel(engine.tf, join(requireInput(inputs, 'model').folder, 'model', 'encoder'));
  try {
    const shapes = modelShapes(encoder);
    const { outputShape } = shapes;
    const source = await imagesFor(requireInput(inputs, 'data'), shapes);
    const chosen =
      settings.split === 'all'
        ? SPLITS.filter((split) => source.record.splits[split] !== undefined)
        : [settings.split];
    const size = sizeOf(outputShape);
    const splits: Partial<Record<Split, StreamedVectors>> = {};
    for (const [index, split] of chosen.entries()) {
      const images = await source.read(split);
      const { count, labels, classes, names } = images;
      const pieces = async function* (): AsyncGenerator<Float32Array> {
        const batches = predictBatches(engine, encoder, images, rowNumbers(count), {
          batchSize: settings.batch_size,
          signal,
          onProgress: (share: number) =>
            context.progress({ text: `${split} images`, fraction: (index + share) / chosen.length }),
        });
        for await (const { outputs } of batches) {
          if (!outputs.every(Number.isFinite))
            throw failure('not-finite', 'the encoder returns values that are NaN or infinite');
          yield outputs;
        }
      };
      splits[split] = {
        data: { type: 'float32', length: count * size, pieces },
        count,
        ...(labels === undefined ? {} : { labels }),
        ...(classes === undefined ? {} : { classes }),
        names,
      };
    }
    await writeVectorSet(folder, { size, splits });
    return { highlights: ['vectors.json'] };
  } finally {
    encoder.dispose();
  }
}
