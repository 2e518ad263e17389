/** Measures a trained model. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SPLITS } from '../../formats/images.ts';
import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { standardErrorOf } from '../../core/statistics.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { imageSource, requireInput } from '../train/pairs.ts';
import { loadMeasure } from './measure.ts';
import { metricName, standardErrorName } from './names.ts';
import { writeTables, type MeasuredImages } from './tables.ts';

/** Writes the returned metrics to `metrics.json`, and the tables of `by`. */
export async function runEvaluate(context: StageContext<EvaluateSettings>): Promise<StageResult> {
  const { settings, inputs } = context;
  const measure = await loadMeasure(context);
  try {
    const source = await imageSource(inputs, measure.shapes);
    const [low, high] = source.target.range;
    const chosen =
      settings.split === 'all'
        ? SPLITS.filter((split) => source.data.splits[split] !== undefined)
        : [settings.split];
    requireSpan(context, high - low);
    const metrics: Record<string, number> = {};
    const tables: MeasuredImages[] = [];
    for (const [index, split] of chosen.entries()) {
      const pair = await source.read(split);
      requireLabels(context, pair.x.labels);
      measure.check(pair);
      const { means, images } = await measure.run(pair, high - low, (fraction) =>
        context.progress({ text: `${split} images`, fraction: (index + fraction) / chosen.length }),
      );
      for (const metric of settings.metrics)
        metrics[metricName(metric, split, settings)] = means.get(metric) ?? Number.NaN;
      if (settings.by === undefined) continue;
      for (const [metric, values] of images)
        metrics[metricName(standardErrorName(metric), split, settings)] = standardErrorOf(values);
      tables.push({ split, images: pair.x, values: images });
    }
    const written = await writeTables(context, tables);
    const finite = Object.fromEntries(
      // The standard error of a single image is unknown.
      Object.entries(metrics).filter(([name, value]) => !(name.endsWith('_standard_error') && isNaN(value))),
    );
    await writeFile(join(context.folder, 'metrics.json'), `${JSON.stringify(finite, undefined, 2)}\n`);
    return { metrics: finite, highlights: ['metrics.json', ...written] };
  } finally {
    measure.dispose();
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

/** Ensures that a table by class has classes. For models of plugins and files, this is only known here. */
function requireLabels({ settings, inputs }: StageContext<EvaluateSettings>, labels: unknown): void {
  const index = settings.by?.indexOf('class') ?? -1;
  if (index < 0 || labels !== undefined) return;
  throw failure(
    'bad-setting',
    `the images of \`${requireInput(inputs, 'data').stage}\` have no class labels, which \`by: [class]\` needs`,
    'use `by: [image]`, or data with labels',
    ['by', index],
  );
}
