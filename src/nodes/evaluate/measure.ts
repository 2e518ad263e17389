/** Measures images with the metrics of an `evaluate` stage. */
import { join } from 'node:path';
import type { EvaluateSettings } from '../../schema/generated/settings.ts';
import { meanOf } from '../../core/statistics.ts';
import { measureImages } from '../../engine/train/metrics.ts';
import { modelShapes, outputActivation } from '../../engine/train/predict.ts';
import { rowNumbers } from '../../engine/train/samples.ts';
import { loadModel } from '../../layers/save.ts';
import type { StageContext } from '../contract.ts';
import { requireInput, type ImagePair } from '../train/pairs.ts';
import { checkTargetValues } from '../train/targets.ts';
import { measureCodes } from './code.ts';
import { latentMeasure } from './latent.ts';
import { isOfCode, isOfImage, isOfLatent, isOfOneImage, type Metric } from './names.ts';
import { perplexityMeasure } from './perplexity.ts';

export interface Measured {
  readonly means: ReadonlyMap<Metric, number>;
  /** The values of each image, of the metrics that a single image has. */
  readonly images: ReadonlyMap<Metric, Float64Array>;
}

export interface Measure {
  readonly shapes: ReturnType<typeof modelShapes>;
  /** Checks that the metrics are defined for these targets. */
  check(pair: ImagePair): void;
  /** @param span highest minus lowest possible intensity of the targets */
  run(pair: ImagePair, span: number, onProgress: (fraction: number) => void): Promise<Measured>;
  dispose(): void;
}

/** Loads the parts of the model that the metrics need. */
export async function loadMeasure(context: StageContext<EvaluateSettings>): Promise<Measure> {
  const { settings, inputs, signal } = context;
  const engine = await context.engine();
  const folder = join(requireInput(inputs, 'model').folder, 'model');
  const ofImages = settings.metrics.filter(isOfImage);
  const ofLatent = settings.metrics.filter(isOfLatent);
  const ofCode = settings.metrics.filter(isOfCode);
  const loaded: { dispose(): unknown }[] = [];
  const keep = <Loaded extends { dispose(): unknown }>(part: Loaded): Loaded => {
    loaded.push(part);
    return part;
  };
  const dispose = (): void => {
    for (const part of loaded) part.dispose();
  };
  try {
    const model = keep(await loadModel(engine.tf, join(folder, 'autoencoder')));
    const encoder =
      ofCode.length === 0 ? undefined : keep(await loadModel(engine.tf, join(folder, 'encoder')));
    const latentAt = settings.metrics.findIndex(isOfLatent);
    const latent =
      latentAt < 0
        ? undefined
        : keep(
            await latentMeasure(context, engine, {
              metrics: ofLatent,
              at: ['metrics', latentAt],
              hint: 'leave it out of `metrics`',
            }),
          );
    const ofCodes = settings.metrics.filter((metric) => metric === 'perplexity');
    const codes = ofCodes.length === 0 ? undefined : keep(await perplexityMeasure(context, engine));
    const entropy =
      latent?.loss === 'binary_crossentropy' ? latentAt : settings.metrics.indexOf('binary_crossentropy');
    const parts = [ofImages, ofLatent, ofCode, ofCodes].filter(({ length }) => length > 0).length;
    return {
      shapes: modelShapes(model),
      dispose,
      check({ y }) {
        checkTargetValues([y], {
          stage: (inputs['target'] ?? requireInput(inputs, 'data')).stage,
          activation: outputActivation(model),
          log: context.log,
          ...(entropy < 0 ? {} : { entropyAt: ['metrics', entropy] }),
        });
      },
      async run({ x, y }, span, onProgress) {
        const means = new Map<Metric, number>();
        const images = new Map<Metric, Float64Array>();
        let part = 0;
        const options = () => {
          const done = part++;
          return {
            ...{ batchSize: settings.batch_size, signal },
            onProgress: (fraction: number) => onProgress((done + fraction) / parts),
          };
        };
        if (ofImages.length > 0) {
          const kind = { shape: y.shape, span };
          const how = { metrics: ofImages, kind, ...options() };
          add(await measureImages(engine, model, { x, y }, rowNumbers(x.count), how));
        }
        if (latent !== undefined) {
          const found = await latent.measure({ x, y }, options());
          add(found.images);
          // With other rounding than the means of the images.
          for (const [metric, value] of found.means) means.set(metric, value);
        }
        if (encoder !== undefined) add(await measureCodes(engine, encoder, x, options()));
        if (codes !== undefined) means.set('perplexity', await codes.measure(x, options()));
        return { means, images: new Map(settings.metrics.filter(isOfOneImage).flatMap(valuesOf)) };

        function add(found: ReadonlyMap<Metric, Float64Array>): void {
          for (const [metric, values] of found) {
            means.set(metric, meanOf(values));
            images.set(metric, values);
          }
        }

        function valuesOf(metric: Metric): readonly (readonly [Metric, Float64Array])[] {
          const values = images.get(metric);
          return values === undefined ? [] : [[metric, values]];
        }
      },
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
