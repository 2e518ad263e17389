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
import { latentMeasure } from './latent.ts';
import { isOfImage, metricName } from './names.ts';

/** Writes the returned metrics to `metrics.json`. */
export async function runEvaluate(context: StageContext<EvaluateSettings>): Promise<StageResult> {
  const { settings, inputs, signal } = context;
  const engine = await context.engine();
  const model = await loadModel(
    engine.tf,
    join(requireInput(inputs, 'model').folder, 'model', 'autoencoder'),
  );
  let latent: Awaited<ReturnType<typeof latentMeasure>>;
  try {
    latent = await latentMeasure(context, engine);
    const source = await imageSource(inputs, modelShapes(model));
    const [low, high] = source.target.range;
    const chosen =
      settings.split === 'all'
        ? SPLITS.filter((split) => source.data.splits[split] !== undefined)
        : [settings.split];
    requireSpan(context, high - low);
    const metrics: Record<string, number> = {};
    const entropy =
      latent?.loss === 'binary_crossentropy'
        ? settings.metrics.findIndex((metric) => !isOfImage(metric))
        : settings.metrics.indexOf('binary_crossentropy');
    const ofImages = settings.metrics.filter(isOfImage);
    const parts = Number(ofImages.length > 0) + Number(latent !== undefined);
    for (const [index, split] of chosen.entries()) {
      const { x, y } = await source.read(split);
      checkTargetValues([y], {
        stage: (inputs['target'] ?? requireInput(inputs, 'data')).stage,
        activation: outputActivation(model),
        log: context.log,
        ...(entropy < 0 ? {} : { entropyAt: ['metrics', entropy] }),
      });
      const progress = (part: number) => ({
        onProgress: (share: number) =>
          context.progress({
            text: `${split} images`,
            fraction: (index + (part + share) / parts) / chosen.length,
          }),
      });
      const options = { batchSize: settings.batch_size, signal, ...progress(0) };
      const kind = { shape: y.shape, span: high - low };
      const means = new Map<string, number>(
        ofImages.length === 0
          ? []
          : await measureImages(engine, model, { x, y }, rowNumbers(x.count), {
              metrics: ofImages,
              kind,
              ...options,
            }),
      );
      for (const [metric, value] of (await latent?.measure({ x, y }, progress(parts - 1))) ?? [])
        means.set(metric, value);
      for (const metric of settings.metrics)
        metrics[metricName(metric, split, settings)] = means.get(metric) ?? Number.NaN;
    }
    await writeFile(join(context.folder, 'metrics.json'), `${JSON.stringify(metrics, undefined, 2)}\n`);
    return { metrics, highlights: ['metrics.json'] };
  } finally {
    latent?.dispose();
    model.dispose();
  }
}

/** Ensures that metrics that depend on the data range have one. */
function requireSpan({ settings, inputs }: StageContext<EvaluateSettings>, span: number): void {
  const index = settings.metrics.findIndex((metric) => metric === 'psnr' || metric === 'ssim');
  if (index < 0 || span > 0) return;
  throw failure(
    'bad-setting',
    `\`${settings.metrics[index]}\` depends on the range of the targets, but all values of \`${(inputs['target'] ?? requireInput(inputs, 'data')).stage}\` are equal`,
    'leave it out of `metrics`',
    ['metrics', index],
  );
}
