/** Makes the part of a page that has one model. It needs an engine, so it runs in a thread (`thread.ts`). */
import { join } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import { isJsonObject } from '../../core/json.ts';
import { fitsImage, sizeOf } from '../../core/shape.ts';
import type { Tf } from '../../engine/engine.ts';
import { compile } from '../../engine/program/compile.ts';
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
import { asHalves, packBytes, packFloats, packHalves } from './pack.ts';

type LayersModel = Autoencoder['encoder'];
type WeightType = ExplorerData['weights']['type'];

/** The most images in a page, and the most bytes of their pixels before compression, if these are some images at least. */
const MOST_IMAGES = 256;
const MOST_BYTES = 2 ** 18;
const FEWEST_IMAGES = 16;

/** The largest error of outputs by weights of float16, as a share of their range. */
const LARGEST_ERROR = 1e-3;

const BATCH = 16;

/**
 * @param folder of the run's outputs
 * @param wasm `hourglass.wasm`, packed: the page's own runtime measures the error of float16
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
  const run = (model: LayersModel): Promise<Float32Array> =>
    predictAll(engine, model, { ...images, shape: inputShape }, rowNumbers(images.count), {
      batchSize: BATCH,
      signal: new AbortController().signal,
    });
  const latents = await run(encoder);
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
            values: packFloats(type === 'float16' ? asHalves(codes.values) : codes.values),
          },
        }),
    images: {
      ...shown,
      ...(sizeOf(latent) <= MOST_STORED_LATENTS ? { latents: packFloats(latents) } : {}),
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
    const half = withWeights('float16');
    const error = await errorOf(half, await run(autoencoder), wasm);
    return error <= LARGEST_ERROR
      ? { ...half, weights: { type: 'float16', error: Number(error.toPrecision(2)) } }
      : withWeights('float32');
  } finally {
    encoder.dispose();
    decoder.dispose();
  }
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
  const own = program.parameters.filter(({ kind }) => kind === 'variable');
  const all = new Float32Array(own.reduce((sum, { value }) => sum + sizeOf(value.type.shape), 0));
  let end = 0;
  for (const { name } of own) {
    const values = elements.get(name) ?? new Float32Array();
    all.set(values, end);
    end += values.length;
  }
  return { program: printProgram(program), weights: type === 'float16' ? packHalves(all) : packFloats(all) };
}

/** Whether a `latent_regularizer` pulled its latents to the prior. A plugin's model may have no record. */
async function hasNormalPrior(stage: string): Promise<boolean> {
  const record = await readJsonFile(join(stage, 'training.json')).catch(() => undefined);
  return isJsonObject(record) && record['prior'] === 'normal';
}

/** The largest difference of a page's outputs from these, over its images, as a share of the range. */
async function errorOf(data: ExplorerData, outputs: Float32Array, wasm: string): Promise<number> {
  const { outputRange, images } = data;
  const player = await open({ textContent: JSON.stringify(data) }, { textContent: wasm });
  try {
    let largest = 0;
    for (let index = 0; index < images.count; index++) {
      const output = player.reconstruct(player.image(index), player.labelOf(index));
      const start = index * player.outputSize;
      output.forEach((value, at) => {
        largest = Math.max(largest, Math.abs(value - (outputs[start + at] ?? 0)));
      });
    }
    return largest / (outputRange[1] - outputRange[0]);
  } finally {
    player.dispose();
  }
}
