/** Measures a trained model. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SPLITS } from '../../formats/images.ts';
import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { measureImages } from '../../engine/train/metrics.ts';
import { modelShapes, outputActivation } from '../../engine/train/predict.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import { loadModel } from '../../layers/save.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { imageSource, requireInput } from '../train/pairs.ts';
import { checkTargetValues } from '../train/targets.ts';
import { metricName } from './names.ts';

/** Writes `metrics.json`, the numbers that it returns. */
export async function runEvaluate(context: StageContext<EvaluateSettings>): Promise<StageResult> {
  const { settings, inputs, signal } = context;
  const engine = await context.engine();
  const model = await loadModel(
    engine.tf,
    join(requireInput(inputs, 'model').folder, 'model', 'autoencoder'),
  );
  try {
    const source = await imageSource(inputs, modelShapes(model));
    const [low, high] = source.target.range;
    const chosen =
      settings.split === 'all'
        ? SPLITS.filter((split) => source.data.splits[split] !== undefined)
        : [settings.split];
    requireSpan(context, high - low);
    const metrics: Record<string, number> = {};
    const entropy = settings.metrics.indexOf('binary_crossentropy');
    for (const [index, split] of chosen.entries()) {
      const { x, y } = await source.read(split);
      checkTargetValues([y], {
        stage: (inputs['target'] ?? requireInput(inputs, 'data')).stage,
        activation: outputActivation(model),
        log: context.log,
        ...(entropy < 0 ? {} : { entropyAt: ['metrics', entropy] }),
      });
      const means = await measureImages(engine, model, { x, y }, rowNumbers(x.count), {
        metrics: settings.metrics,
        kind: { shape: y.shape, span: high - low },
        batchSize: settings.batch_size,
        signal,
        onProgress: (share: number) =>
          context.progress({ text: `${split} images`, fraction: (index + share) / chosen.length }),
      });
      for (const [metric, value] of means) metrics[metricName(metric, split, settings)] = value;
    }
    await writeFile(join(context.folder, 'metrics.json'), `${JSON.stringify(metrics, undefined, 2)}\n`);
    return { metrics, highlights: ['metrics.json'] };
  } finally {
    model.dispose();
  }
}

/** Holds that there is a data range for the metrics that are measured by it. */
function requireSpan({ settings, inputs }: StageContext<EvaluateSettings>, span: number): void {
  const index = settings.metrics.findIndex((metric) => metric === 'psnr' || metric === 'ssim');
  if (index < 0 || span > 0) return;
  throw failure(
    'bad-setting',
    `\`${settings.metrics[index]}\` is measured by the range of the targets, but all values of \`${(inputs['target'] ?? requireInput(inputs, 'data')).stage}\` are equal`,
    'leave it out of `metrics`',
    ['metrics', index],
  );
}
