/** Samples latents and writes the decoded images. */
import { join } from 'node:path';
import { takeRows } from '../../formats/image-rows.ts';
import { writeImageSet, type HeldImages } from '../../formats/images.ts';
import { NormalNumbers } from '../../formats/normal-numbers.ts';
import type { SampleSettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { permutation } from '../../core/philox.ts';
import { sizeOf } from '../../core/shape.ts';
import type { Engine } from '../../engine/engine.ts';
import { withLabels } from '../../engine/train/condition.ts';
import { latentModel, posteriorWork } from '../../engine/train/elbo.ts';
import { modelShapes, predictAll } from '../../engine/train/predict.ts';
import { computeRows, type RowOptions } from '../../engine/train/rows.ts';
import { rowNumbers, type Samples } from '../../engine/train/samples.ts';
import { disposeAutoencoder } from '../../layers/build.ts';
import { loadAutoencoder, loadModel, loadVariational, type VariationalParts } from '../../layers/save.ts';
import type { StageContext, StageResult } from '../contract.ts';
import { readJson } from '../figure/records.ts';
import { imagesFor, requireImage, requireInput } from '../train/pairs.ts';
import { labelArray, requireLabel } from '../label.ts';
import { splitOf } from './choice.ts';
import { fitMixture, sampleMixture } from './mixture.ts';

type Context = StageContext<SampleSettings>;

/** Default number of components of a mixture. */
const COMPONENTS = 10;
/** Maximum latents to which a mixture is fitted. */
const MOST_FITTED = 10_000;

/** Writes an image set with one split, `test`. Its range is the range of the samples. */
export async function runSample(context: Context): Promise<StageResult> {
  const { folder } = context;
  const engine = await context.engine();
  const images =
    context.settings.from === 'mixture' ? await ofMixture(context, engine) : await ofModel(context, engine);
  let [low, high] = [Infinity, -Infinity];
  for (const value of images.data) {
    if (!Number.isFinite(value))
      throw failure('not-finite', 'the model returns values that are NaN or infinite');
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  await writeImageSet(folder, { shape: images.shape, range: [low, high], splits: { test: images } });
  return { highlights: ['images.json'] };
}

async function ofModel(context: Context, engine: Engine): Promise<HeldImages> {
  const { settings, inputs } = context;
  const { folder, stage } = requireInput(inputs, 'model');
  const parts = await loadVariational(engine.tf, join(folder, 'model'));
  if (parts === undefined) {
    if (settings.from === 'prior' && (await hasNormalPrior(folder))) {
      const decoder = await loadModel(engine.tf, join(folder, 'model', 'decoder'));
      return ofPrior(context, engine, { decoder }).finally(() => decoder.dispose());
    }
    throw failure(
      'bad-setting',
      `\`${stage}\` cannot be sampled from its ${settings.from}: its encoder does not end in \`Variational\``,
      'use `from: mixture` with `data`',
      ['from'],
    );
  }
  try {
    return await (settings.from === 'prior'
      ? ofPrior(context, engine, parts)
      : ofPosterior(context, engine, parts));
  } finally {
    parts.dispose();
  }
}

/** Whether a `latent_regularizer` pulled its latents to the prior. A plugin's model may have no record. */
async function hasNormalPrior(folder: string): Promise<boolean> {
  const record = await readJson(join(folder, 'training.json')).catch(() => undefined);
  return record?.['prior'] === 'normal';
}

async function ofPrior(
  context: Context,
  engine: Engine,
  { decoder }: Pick<VariationalParts, 'decoder'>,
): Promise<HeldImages> {
  const { settings, seed } = context;
  const size = sizeOf(modelShapes(decoder).inputShape);
  return decoded(context, engine, decoder, new NormalNumbers(seed('prior'), settings.count, size));
}

/** The labels of samples: the chosen one, or each class in turn; none for a model without a condition. */
function labelsOf(
  { settings, inputs }: Context,
  classes: number | undefined,
): { readonly labels?: Uint8Array | Int32Array } {
  const { label, count } = settings;
  requireLabel(requireInput(inputs, 'model').stage, label, classes);
  if (classes === undefined) return {};
  const labels = Array.from({ length: count }, (_, index) => label ?? index % classes);
  return { labels: labelArray(labels, classes) };
}

/** One sample per image, with the labels and names of the images. */
async function ofPosterior(
  context: Context,
  engine: Engine,
  { distributions, decoder }: VariationalParts,
): Promise<HeldImages> {
  const { settings, inputs, seed } = context;
  const shapes = modelShapes(distributions);
  const { inputShape } = shapes;
  const source = await imagesFor(requireInput(inputs, 'data'), shapes);
  const images = await source.read(splitOf(settings));
  const rows = permutation(seed('choice'), images.count).subarray(0, settings.count);
  const model = latentModel(engine.tf, distributions, decoder);
  const draws = new NormalNumbers(seed('posterior'), images.count, model.units);
  const work = {
    samples: withLabels([{ ...images, shape: inputShape }, normals(draws, [model.units])], model.classes),
    ...posteriorWork(engine.tf, model),
  };
  const shape = requireImage(modelShapes(decoder).outputShape);
  const data = new Float32Array(rows.length * sizeOf(shape));
  let end = 0;
  for await (const { results } of computeRows(engine, work, rows, options(context, 'images'))) {
    const [outputs = new Float32Array()] = results;
    data.set(outputs, end);
    end += outputs.length;
  }
  return { ...takeRows(images, rows), data, shape, scale: 1, offset: 0 };
}

async function ofMixture(context: Context, engine: Engine): Promise<HeldImages> {
  const { settings, inputs, seed, signal, progress } = context;
  const models = await loadAutoencoder(engine.tf, join(requireInput(inputs, 'model').folder, 'model'));
  const { encoder, decoder } = models;
  try {
    const shapes = modelShapes(encoder);
    const source = await imagesFor(requireInput(inputs, 'data'), shapes);
    const images = await source.read(splitOf(settings));
    const components = settings.components ?? COMPONENTS;
    if (images.count < components) {
      throw failure(
        'bad-setting',
        `a mixture of ${components} components needs at least ${components} images, but there are ${images.count}`,
        'use fewer `components`, or more images',
        ['components'],
      );
    }
    const rows = permutation(seed('choice'), images.count).subarray(0, MOST_FITTED).sort();
    const latents = await predictAll(engine, encoder, images, rows, options(context, 'images'));
    const size = sizeOf(shapes.outputShape);
    const mixture = await fitMixture(latents, size, {
      components,
      seed: seed('mixture'),
      signal,
      onProgress: (fraction) => progress({ text: 'mixture', fraction }),
    });
    const drawn = new NormalNumbers(seed('prior'), settings.count, size).read(0, settings.count * size);
    return await decoded(context, engine, decoder, sampleMixture(mixture, drawn, seed('component')));
  } finally {
    disposeAutoencoder(models);
  }
}

async function decoded(
  context: Context,
  engine: Engine,
  decoder: VariationalParts['decoder'],
  vectors: Samples['data'],
): Promise<HeldImages> {
  const { count } = context.settings;
  const { inputShape, outputShape, classes } = modelShapes(decoder);
  const labels = labelsOf(context, classes);
  const samples = { ...normals(vectors, inputShape), ...labels };
  const data = await predictAll(engine, decoder, samples, rowNumbers(count), options(context, 'samples'));
  return { data, count, shape: requireImage(outputShape), scale: 1, offset: 0, ...labels };
}

function normals(data: Samples['data'], shape: readonly number[]): Samples {
  return { data, count: data.length / sizeOf(shape), shape, scale: 1, offset: 0, name: 'draws' };
}

function options({ settings, signal, progress }: Context, text: string): RowOptions {
  return {
    batchSize: settings.batch_size,
    signal,
    onProgress: (fraction) => progress({ text, fraction }),
  };
}
