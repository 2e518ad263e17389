/** Metrics of the values of latents, such as how sparse they are. */
import { sizeOf } from '../../core/shape.ts';
import type { Engine } from '../../engine/engine.ts';
import { modelShapes, predictBatches } from '../../engine/train/predict.ts';
import type { RowOptions } from '../../engine/train/rows.ts';
import { rowNumbers, type Samples } from '../../engine/train/samples.ts';
import type { CodeMetric } from './names.ts';

/**
 * The metrics of each image: `mean_activation`, the mean of its latent values, and `active_share`, the share of them that are
 * not 0. A `relu` sets the others to exactly 0.
 *
 * @throws Failure `interrupted`
 */
export async function measureCodes(
  engine: Engine,
  encoder: Parameters<typeof predictBatches>[1],
  images: Samples,
  options: RowOptions,
): Promise<ReadonlyMap<CodeMetric, Float64Array>> {
  const size = sizeOf(modelShapes(encoder).outputShape);
  const means = new Float64Array(images.count);
  const shares = new Float64Array(images.count);
  const batches = predictBatches(engine, encoder, images, rowNumbers(images.count), options);
  for await (const { rows, outputs } of batches) {
    for (const [index, row] of rows.entries()) {
      let [sum, active] = [0, 0];
      for (let at = index * size; at < (index + 1) * size; at++) {
        const value = outputs[at] ?? 0;
        sum += value;
        // NaN counts, too: it shows in the mean.
        if (value !== 0) active += 1;
      }
      means[row] = sum / size;
      shares[row] = active / size;
    }
  }
  return new Map([
    ['mean_activation', means],
    ['active_share', shares],
  ]);
}
