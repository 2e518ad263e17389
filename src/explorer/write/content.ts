/** Makes the part of a page that has one model. It needs an engine, so it runs in a thread (`thread.ts`). */
import { join } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import { isJsonObject } from '../../core/json.ts';
import { fitsImage, sizeOf } from '../../core/shape.ts';
import type { Tf } from '../../engine/engine.ts';
import { compile } from '../../engine/program/compile.ts';
import { costOfProgram, sumOf } from '../../engine/program/cost.ts';
import { parseProgram } from '../../engine/program/parse.ts';
import { printProgram } from '../../engine/program/print.ts';
import { LABEL_INPUT } from '../../engine/train/condition.ts';
import { forwardWork, modelShapes, predictAll } from '../../engine/train/predict.ts';
import { traceRows, type ForwardEngine } from '../../engine/train/rows.ts';
import { rowNumbers, spreadRows } from '../../engine/train/samples.ts';
import { takeRows } from '../../formats/image-rows.ts';
import {
  openImages,
  readImageSet,
  toFloat32,
  type HeldImages,
  type ImageArray,
  type ImageSetRecord,
} from '../../formats/images.ts';
import { partOf } from '../../formats/numbers.ts';
import type { Autoencoder } from '../../layers/build.ts';
import { loadAutoencoder } from '../../layers/save.ts';
import { readSavedModel } from '../../layers/saved-files.ts';
import { readJsonFile } from '../../files/json-file.ts';
import type { NoiseSettings } from '../../schema/generated/settings.ts';
import {
  FORMAT,
  MOST_STORED_LATENTS,
  type ExplorerData,
  type ExplorerImages,
  type ModelData,
} from '../data.ts';
import { open } from '../page/open.ts';
import type { Candidate } from './choose.ts';
import { packBytes, packFloats, packIntegers, toIntegers } from './pack.ts';
import { isRounded, weightsOf } from '../weights.ts';

type LayersModel = Autoencoder['encoder'];
type WeightType = ExplorerData['weights']['type'];

/** The most images in a page, and the most bytes of their pixels before compression, if these are some images at least. */
const MOST_IMAGES = 256;
const MOST_BYTES = 2 ** 18;
const FEWEST_IMAGES = 16;

/** The largest error of outputs by rounded weights, as a share of their range. */
const LARGEST_ERROR = 1e-3;
/** The largest one by weights of float32, as a share of the largest output: only sums are rounded differently. */
const LARGEST_ROUNDING = 1e-4;

/** Errors are measured on as many images as can be computed with so many operations, but on a few at least. */
const OPERATIONS = 4e9;

const BATCH = 16;

/**
 * @param folder of the run's outputs
 * @param wasm `hourglass.wasm`, packed: the page's own runtime measures the error of rounded weights
 * @throws Failure if files are damaged, or do not fit together
 */
export async function makeContent(
  engine: ForwardEngine,
  folder: string,
  candidate: Candidate,
  wasm: string,
): Promise<ExplorerData> {
  const stage = join(folder, candidate.stage);
  const { encoder, decoder, autoencoder } = await loadAutoencoder(engine.tf, join(stage, 'model'));
  const { inputShape, classes } = modelShapes(encoder);
  const { inputShape: latent } = modelShapes(decoder);
  const record = await readImageSet(join(folder, candidate.images));
  const target = await readImageSet(join(folder, candidate.target));
  checkShape(inputShape, record, candidate.images);
  checkShape(modelShapes(decoder).outputShape, target, candidate.target);
  const { images, shown } = await chooseImages(folder, candidate.images, record);
  if (classes !== undefined && shown.labels === undefined)
    throw failure('bad-setting', `the model needs labels, which \`${candidate.images}\` does not have`);
  const run = (model: LayersModel, rows: Int32Array): Promise<Float32Array> =>
    predictAll(engine, model, { ...images, shape: inputShape }, rows, {
      batchSize: BATCH,
      signal: new AbortController().signal,
    });
  const isStored = sizeOf(latent) <= MOST_STORED_LATENTS;
  const latents = isStored ? packFloats(await run(encoder, rowNumbers(images.count))) : undefined;
  const { latent: kind, weights } = await readSavedModel(join(stage, 'model', 'encoder'));
  const codes =
    kind?.kind === 'quantizer' ? weights.find(({ name }) => name === `${kind.label}/kernel`) : undefined;
  const hasPrior = kind?.kind === 'variational' || (await hasNormalPrior(stage));
  const withWeights = (type: WeightType, error?: number): ExplorerData => ({
    format: FORMAT,
    stage: candidate.stage,
    input: record.shape,
    output: target.shape,
    inputRange: record.range,
    outputRange: target.range,
    latent,
    ...(classes === undefined ? {} : { classes }),
    denoiser: candidate.denoiser,
    ...(hasPrior ? { prior: 'normal' } : {}),
    ...(codes === undefined
      ? {}
      : {
          codes: {
            count: codes.shape[0] ?? 0,
            values: packFloats(type === 'int16' ? rounded(codes.values) : codes.values),
          },
        }),
    images: {
      ...shown,
      ...(latents === undefined ? {} : { latents }),
    },
    noise: candidate.noise.map(({ stage: of, settings }) => ({
      stage: of,
      // The page checks them.
      settings: { ...settings, type: 'noise', data: candidate.images } as unknown as NoiseSettings,
    })),
    weights: { type, ...(error === undefined ? {} : { error }) },
    encoder: modelData(engine.tf, encoder, type),
    decoder: modelData(engine.tf, decoder, type),
  });
  try {
    const small = withWeights('int16');
    const rows = measuredRows(small);
    const outputs = await run(autoencoder, rows);
    const error = await errorOf(small, outputs, rows, wasm);
    if (error <= LARGEST_ERROR)
      return { ...small, weights: { type: 'int16', error: Number(error.toPrecision(2)) } };
    const whole = withWeights('float32');
    const [low, high] = target.range;
    const largest = outputs.reduce((most, output) => Math.max(most, Math.abs(output)), high - low);
    const rounding = await errorOf(whole, outputs, rows, wasm);
    if (rounding * (high - low) <= LARGEST_ROUNDING * largest) return whole;
    throw failure('engine-failed', 'its outputs in a page differ from those of `predict`');
  } finally {
    encoder.dispose();
    decoder.dispose();
  }
}

/** Numbers of the images on which errors are measured. */
function measuredRows({ encoder, decoder, images: { count } }: ExplorerData): Int32Array {
  const { operations } = sumOf([encoder, decoder].map(({ program }) => costOfProgram(parseProgram(program))));
  return spreadRows(count, Math.max(FEWEST_IMAGES, Math.floor(OPERATIONS / operations)));
}

function checkShape(shape: readonly number[], { shape: image }: ImageSetRecord, stage: string): void {
  if (!fitsImage(shape, image))
    throw failure('shape-mismatch', `the images of \`${stage}\` do not fit the model`);
}

/** Images with pixels as bytes. */
async function chooseImages(
  folder: string,
  stage: string,
  { shape, splits }: ImageSetRecord,
): Promise<{ readonly images: HeldImages; readonly shown: ExplorerImages }> {
  const split = splits.test === undefined ? 'train' : 'test';
  const stored = await openImages(join(folder, stage), split);
  const most = Math.min(MOST_IMAGES, Math.max(FEWEST_IMAGES, Math.floor(MOST_BYTES / sizeOf(shape))));
  const places = spreadRows(stored.count, most);
  const taken = takeRows(stored, places);
  const { labels, classes } = taken;
  const { data, scale, offset } = asBytes(taken);
  return {
    images: { ...taken, data, scale, offset },
    shown: {
      stage,
      split,
      count: places.length,
      places: [...places],
      pixels: packBytes(data),
      scale,
      offset,
      ...(labels === undefined ? {} : { labels: [...labels] }),
      ...(labels === undefined || classes === undefined ? {} : { classes }),
    },
  };
}

/** Pixels that are not stored as bytes are rounded to the nearest of 256 values in their range. */
function asBytes(images: ImageArray): Pick<HeldImages, 'scale' | 'offset'> & { readonly data: Uint8Array } {
  const rows = partOf(images.data, 0, images.data.length);
  if (rows instanceof Uint8Array) return { data: rows, scale: images.scale, offset: images.offset };
  const pixels = toFloat32(images);
  const low = pixels.reduce((least, pixel) => Math.min(least, pixel), Infinity);
  const high = pixels.reduce((most, pixel) => Math.max(most, pixel), -Infinity);
  const scale = high > low ? (high - low) / 255 : 1;
  return { data: Uint8Array.from(pixels, (pixel) => Math.round((pixel - low) / scale)), scale, offset: low };
}

/** A model's forward pass for one image, with its weights. */
function modelData(tf: Tf, model: LayersModel, type: WeightType): ModelData {
  const { inputShape, classes } = modelShapes(model);
  const work = forwardWork(tf, model);
  const samples = [{ shape: inputShape }, ...(classes === undefined ? [] : [LABEL_INPUT])];
  const program = compile(traceRows(tf, { samples, ...work }, 1));
  const elements = new Map(work.state.map(({ name, variable }) => [name, variable.dataSync<'float32'>()]));
  const own = program.parameters
    .filter(({ kind }) => kind === 'variable')
    .map(({ name, value }) => ({
      shape: value.type.shape,
      values: elements.get(name) ?? new Float32Array(),
    }));
  const text = printProgram(program);
  if (type === 'float32') return { program: text, weights: packFloats(...own.map(({ values }) => values)) };
  const kernels = own.filter(({ shape }) => isRounded(shape)).map(({ values }) => toIntegers(values));
  return {
    program: text,
    weights: packFloats(...own.filter(({ shape }) => !isRounded(shape)).map(({ values }) => values)),
    integers: packIntegers(...kernels.map(({ integers }) => integers)),
    scales: kernels.map(({ scale }) => scale),
  };
}

/** Weights as the page has them. */
function rounded(weights: Float32Array): Float32Array {
  const { integers, scale } = toIntegers(weights);
  return weightsOf(integers, scale);
}

/** Whether a `latent_regularizer` pulled its latents to the prior. A plugin's model may have no record. */
async function hasNormalPrior(stage: string): Promise<boolean> {
  const record = await readJsonFile(join(stage, 'training.json')).catch(() => undefined);
  return isJsonObject(record) && record['prior'] === 'normal';
}

/** The largest difference of a page's outputs from these, for some images, as a share of the range. */
async function errorOf(
  data: ExplorerData,
  outputs: Float32Array,
  rows: Int32Array,
  wasm: string,
): Promise<number> {
  const { outputRange } = data;
  const player = await open({ textContent: JSON.stringify(data) }, { textContent: wasm });
  try {
    let largest = 0;
    for (const [place, row] of rows.entries()) {
      const output = player.reconstruct(player.image(row), player.labelOf(row));
      const start = place * player.outputSize;
      output.forEach((value, at) => {
        largest = Math.max(largest, Math.abs(value - (outputs[start + at] ?? 0)));
      });
    }
    return largest / (outputRange[1] - outputRange[0]);
  } finally {
    player.dispose();
  }
}
