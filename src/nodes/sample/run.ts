/** Samples latents and writes the decoded images. */
import { join } from 'node:path';
import { takeRows } from '../../formats/image-rows.ts';
import { writeImageSet, type HeldImages, type StoredImages } from '../../formats/images.ts';
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
import { COMPONENTS, fewForMixture, noImagesOf, splitOf } from './choice.ts';
import { fitMixture, sampleMixture } from './mixture.ts';

type Context = StageContext<SampleSettings>;

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

/**
 * The labels of samples: the chosen one, or each class in turn; none for a model without a condition.
 *
 * @param turns the classes to choose from, if not all
 */
function labelsOf(
  { settings, inputs }: Context,
  classes: number | undefined,
  turns: readonly number[] = Array.from({ length: classes ?? 0 }, (_, label) => label),
): { readonly labels?: Uint8Array | Int32Array } {
  const { label, count } = settings;
  requireLabel(requireInput(inputs, 'model').stage, label, classes);
  if (classes === undefined) return {};
  const labels = Array.from({ length: count }, (_, index) => label ?? turns[index % turns.length] ?? 0);
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
    const size = sizeOf(shapes.outputShape);
    const vectors = new NormalNumbers(seed('prior'), settings.count, size).read(0, settings.count * size);
    const groups = groupsOf(context, images, shapes.classes);
    for (const [index, { label, rows: all, samples }] of groups.entries()) {
      const own = label === undefined ? '' : `/${label}`;
      if (all.length < components) {
        const { message, hint } = fewForMixture(components, all.length, label);
        throw failure('bad-setting', message, hint, ['components']);
      }
      const chosen = permutation(seed(`choice${own}`), all.length)
        .subarray(0, MOST_FITTED)
        .sort();
      const rows = chosen.map((row) => all[row] ?? 0);
      const latents = await predictAll(engine, encoder, images, rows, options(context, 'images'));
      const mixture = await fitMixture(latents, size, {
        components,
        seed: seed(`mixture${own}`),
        signal,
        onProgress: (fraction) => progress({ text: 'mixture', fraction: (index + fraction) / groups.length }),
      });
      // The normal numbers of these samples become their latents.
      const normal = takeVectors(vectors, samples, size);
      const latent = sampleMixture(mixture, normal, seed(`component${own}`));
      samples.forEach((sample, place) =>
        vectors.set(latent.subarray(place * size, (place + 1) * size), sample * size),
      );
    }
    const turns = groups.flatMap(({ label }) => label ?? []);
    return await decoded(context, engine, decoder, vectors, turns);
  } finally {
    disposeAutoencoder(models);
  }
}

/** Images to whose latents one mixture is fitted, and the samples that are drawn from it. */
interface Group {
  /** The class of both, for a conditional model. */
  readonly label?: number;
  readonly rows: Int32Array;
  readonly samples: Int32Array;
}

/** A conditional model may encode each class differently, so each has its own mixture. */
function groupsOf(
  { settings: { label, count }, inputs }: Context,
  { count: images, labels = new Uint8Array() }: StoredImages,
  classes: number | undefined,
): readonly Group[] {
  requireLabel(requireInput(inputs, 'model').stage, label, classes);
  if (classes === undefined) return [{ rows: rowNumbers(images), samples: rowNumbers(count) }];
  const present = [...new Set(labels)].sort((one, other) => one - other);
  if (label !== undefined && !present.includes(label)) {
    const { message, hint } = noImagesOf(label, requireInput(inputs, 'data').stage);
    throw failure('bad-setting', message, hint, ['label']);
  }
  const wanted = label === undefined ? present : [label];
  return wanted.flatMap((own, turn) => {
    const samples = rowNumbers(count).filter((sample) => sample % wanted.length === turn);
    const rows = rowNumbers(images).filter((row) => labels[row] === own);
    return samples.length === 0 ? [] : [{ label: own, rows, samples }];
  });
}

function takeVectors(vectors: Float32Array, rows: Int32Array, size: number): Float32Array {
  const taken = new Float32Array(rows.length * size);
  rows.forEach((row, place) => taken.set(vectors.subarray(row * size, (row + 1) * size), place * size));
  return taken;
}

/** @param turns see `labelsOf` */
async function decoded(
  context: Context,
  engine: Engine,
  decoder: VariationalParts['decoder'],
  vectors: Samples['data'],
  turns?: readonly number[],
): Promise<HeldImages> {
  const { count } = context.settings;
  const { inputShape, outputShape, classes } = modelShapes(decoder);
  const labels = labelsOf(context, classes, turns);
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
