/**
 * Models as tfjs LayersModels on disk: `model.json` beside one `weights.bin` (little-endian float32), which a browser loads
 * with `tf.loadLayersModel`. Equal models have equal bytes: no dates, and no version except that of the format.
 */
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { type Failure, failure } from '../core/diagnostic.ts';
import { type Json, type JsonObject, isJsonObject } from '../core/json.ts';
import { sizeOf } from '../core/shape.ts';
import type { Tf } from '../engine/engine.ts';
import { quantizerLayer } from '../engine/train/quantizer.ts';
import { variationalLayer } from '../engine/train/variational.ts';
import {
  type Autoencoder,
  type Seeds,
  type TrainableAutoencoder,
  applyTo,
  assembleAutoencoder,
  disposeAutoencoder,
  withLabel,
} from './build.ts';
import { type Architecture, type Shape, sameShape } from './layer.ts';
import { isTied } from './tied-dense.ts';
import { nearnessWeights } from './quantizer.ts';
import { stockTopology } from './stock.ts';
import { type Topology, UnsoundTopology, readTopology } from './topology.ts';

const MODEL_FILE = 'model.json';
const WEIGHTS_FILE = 'weights.bin';
const ARCHITECTURE_FILE = 'architecture.json';

/** `model.json` holds a few hundred bytes a layer. */
const LARGEST_JSON = 2 ** 22;

/** Keys with a special meaning in JavaScript's objects, and escapes that could hide one: our models have none of them. */
const SPECIAL_KEY = /"(?:__proto__|constructor|prototype)"\s*:|\\u/;

const BYTES_EACH = Float32Array.BYTES_PER_ELEMENT;

/** Writes a model into a folder, which is created if it does not exist. */
export async function saveModel(model: tfjs.LayersModel, folder: string): Promise<void> {
  const modelTopology = stockTopology(model);
  const shapes = readTopology(modelTopology).weights;
  const copies = copiedKernels(model);
  const all = model.weights.map((weight) => ({ name: weight.originalName, values: weight.read() }));
  for (const copy of copies) {
    const bias = all.findIndex(({ name }) => name === copy.name.replace(/kernel$/, 'bias'));
    all.splice(bias === -1 ? all.length : bias, 0, copy);
  }
  const own = await Promise.all(
    all.map(async ({ name, values }) => ({
      name,
      shape: shapes.get(name) ?? values.shape,
      values: await values.data<'float32'>(),
    })),
  );
  for (const { values } of copies) values.dispose();
  const latent = variationalLayer(model);
  const quantizer = quantizerLayer(model);
  const codes = own.find(({ name }) => name === `${quantizer?.name}/kernel`);
  const weights = [...own, ...(codes === undefined ? [] : nearnessWeights(codes, own, shapes))];
  const description = {
    format: 'layers-model',
    generatedBy: 'Hourglass',
    convertedBy: null,
    modelTopology,
    ...(latent === undefined ? {} : { userDefinedMetadata: { variational: latent.name } }),
    ...(quantizer === undefined ? {} : { userDefinedMetadata: { quantizer: quantizer.name } }),
    weightsManifest: [
      {
        paths: [WEIGHTS_FILE],
        weights: weights.map(({ name, shape }) => ({ name, shape, dtype: 'float32' })),
      },
    ],
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, WEIGHTS_FILE), Buffer.concat(weights.map(({ values }) => bytesOf(values))));
  await writeFile(join(folder, MODEL_FILE), `${JSON.stringify(description, undefined, 1)}\n`);
}

/** The kernels of tied layers, each as a weight of its own. */
function copiedKernels({
  layers,
}: tfjs.LayersModel): { readonly name: string; readonly values: tfjs.Tensor }[] {
  return layers
    .filter(isTied)
    .map((layer) => ({ name: `${layer.name}/kernel`, values: layer.transposedKernel() }));
}

/** Writes `encoder/`, `decoder/` and `autoencoder/` into a folder. */
export async function saveAutoencoder(models: Autoencoder, folder: string): Promise<void> {
  for (const name of ['encoder', 'decoder', 'autoencoder'] as const) {
    await saveModel(models[name], join(folder, name));
  }
}

/**
 * Loads a model that `saveModel` wrote.
 *
 * @throws Failure `data-missing` or `data-corrupt`; nothing is allocated for a model whose files do not agree
 */
export async function loadModel(tf: Tf, folder: string): Promise<tfjs.LayersModel> {
  const { modelTopology, weights } = await readSavedModel(folder);
  const data = Buffer.concat(weights.map(({ values }) => bytesOf(values)));
  try {
    return await tf.loadLayersModel({
      load: async () => ({
        // tfjs reads the topology, and does not change it.
        modelTopology: modelTopology as {},
        weightSpecs: weights.map(({ name, shape }) => ({ name, shape: [...shape], dtype: 'float32' })),
        weightData: data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength) as ArrayBuffer,
      }),
    });
  } catch (error) {
    throw corrupt(folder, `cannot be built: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Loads the encoder and the decoder of a folder as three models that share weights. They are for computing, not for training:
 * dropout and noise do not use our seeds.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function loadAutoencoder(tf: Tf, folder: string): Promise<Autoencoder> {
  const encoder = await loadModel(tf, join(folder, 'encoder'));
  const decoder = await loadModel(tf, join(folder, 'decoder'));
  const [image, label] = encoder.inputs;
  const [latent] = encoder.outputs;
  const [start, decoderLabel] = decoder.inputs;
  if (
    image === undefined ||
    latent === undefined ||
    String(latent.shape) !== String(start?.shape) ||
    String(label?.shape) !== String(decoderLabel?.shape)
  ) {
    throw corrupt(folder, 'has an encoder and a decoder that do not fit together');
  }
  const names = new Set(encoder.layers.map((layer) => layer.name));
  if (decoder.layers.some((layer) => names.has(layer.name))) {
    throw corrupt(folder, 'has an encoder and a decoder with layers of the same name');
  }
  const [inputs, outputs] = [withLabel(image, label), applyTo(decoder, withLabel(latent, label))];
  return { encoder, decoder, autoencoder: tf.model({ name: 'autoencoder', inputs, outputs }) };
}

/** A variational autoencoder, to measure and to sample. */
export interface VariationalParts {
  /** From images to means and logarithms of variances, concatenated. */
  readonly distributions: tfjs.LayersModel;
  readonly decoder: tfjs.LayersModel;
  dispose(): void;
}

/**
 * Loads the encoder and the decoder of a folder as a variational autoencoder; undefined if the encoder returns no distributions.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function loadVariational(tf: Tf, folder: string): Promise<VariationalParts | undefined> {
  const { latent } = await readSavedModel(join(folder, 'encoder'));
  if (latent?.kind !== 'variational') return undefined;
  const { encoder, decoder } = await loadAutoencoder(tf, folder);
  const heads = encoder.layers.find(({ name }) => name === latent.label)?.output;
  if (heads === undefined || Array.isArray(heads)) throw corrupt(folder, 'has an unknown latent');
  return {
    distributions: tf.model({ name: 'distributions', inputs: encoder.inputs, outputs: heads }),
    decoder,
    dispose: () => disposeAutoencoder({ encoder, decoder, autoencoder: encoder }),
  };
}

/** A quantised encoder, to measure. */
export interface QuantizedParts {
  /** From images to the choice of codes: 1 for the code of a vector, else 0. [..., codes] */
  readonly choices: tfjs.LayersModel;
  dispose(): void;
}

/**
 * Loads the encoder of a folder to see which codes it chooses; undefined if its latent is not quantised.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function loadQuantized(tf: Tf, folder: string): Promise<QuantizedParts | undefined> {
  const path = join(folder, 'encoder');
  const { latent } = await readSavedModel(path);
  if (latent?.kind !== 'quantizer') return undefined;
  const encoder = await loadModel(tf, path);
  const choice = encoder.layers[encoder.layers.findIndex(({ name }) => name === latent.label) - 1];
  if (choice?.getClassName() !== 'Activation' || Array.isArray(choice.output)) {
    encoder.dispose();
    throw corrupt(path, 'has an unknown latent');
  }
  return {
    choices: tf.model({ name: 'choices', inputs: encoder.inputs, outputs: choice.output }),
    dispose: () => encoder.dispose(),
  };
}

/**
 * Loads the results of a `model` stage, for training.
 *
 * @param folder the stage's, with `architecture.json`, `encoder/` and `decoder/`
 * @param drawSeeds of layers that use random numbers in training: those of the stage that trains
 * @param trained a folder with the `encoder/` and `decoder/` whose weights are used instead
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function loadTrainable(
  tf: Tf,
  folder: string,
  drawSeeds: Seeds,
  trained = folder,
): Promise<TrainableAutoencoder> {
  const saved = await Promise.all(['encoder', 'decoder'].map((name) => readSavedModel(join(trained, name))));
  const weights = new Map(saved.flatMap((model) => model.weights.map((weight) => [weight.name, weight])));
  const models = assembleAutoencoder(tf, await readArchitecture(folder), drawSeeds);
  for (const variable of models.autoencoder.weights) {
    const weight = weights.get(variable.originalName);
    const shape = variable.shape.map(Number);
    if (weight === undefined || sizeOf(weight.shape) !== sizeOf(shape)) {
      throw corrupt(folder, `has no weight \`${variable.originalName}\` of its architecture`);
    }
    tf.tidy(() => {
      variable.write(tf.tensor(weight.values, shape));
    });
  }
  for (const { name, values } of copiedKernels(models.decoder)) {
    const copy = weights.get(name)?.values;
    const own = values.dataSync<'float32'>();
    values.dispose();
    if (copy?.length !== own.length || copy.some((value, index) => value !== own[index])) {
      throw corrupt(trained, `has another \`${name}\` than the layer to which it is tied`);
    }
  }
  return models;
}

/** A layer of a saved model with its weights. */
interface SavedLayer {
  readonly label: string;
  readonly weights: SavedModel['weights'];
}

/**
 * The layers of a saved model that have weights, in order; the weights have names such as `kernel`.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function savedLayers(folder: string): Promise<readonly SavedLayer[]> {
  const { modelTopology, weights, latent } = await readSavedModel(folder);
  const byName = new Map(weights.map((weight) => [weight.name, weight]));
  const layers = new Map<string, SavedModel['weights'][number][]>();
  // The file has running statistics at its end.
  for (const whole of topologyOf(modelTopology, folder).weights.keys()) {
    const [label = '', name = ''] = whole.split('/');
    const weight = byName.get(whole);
    if (weight !== undefined) layers.set(label, [...(layers.get(label) ?? []), { ...weight, name }]);
  }
  const found = [...layers].map(([label, own]) => ({ label, weights: own }));
  if (latent?.kind !== 'quantizer') return found;
  // The layer before the codes is part of the same layer here: it computes which code is the nearest.
  return found.toSpliced(found.findIndex(({ label }) => label === latent.label) - 1, 1);
}

/** Writes the layers as in the language, with every argument, for `readArchitecture`. */
export async function saveArchitecture(architecture: Architecture, folder: string): Promise<void> {
  const { input_shape, encoder, decoder, classes } = architecture;
  const text = JSON.stringify({ input_shape, encoder, decoder, classes }, undefined, 1);
  await writeFile(join(folder, ARCHITECTURE_FILE), `${text}\n`);
}

/**
 * Reads what `saveArchitecture` wrote. The folder is an entry of the store, which checks it against its hash.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readArchitecture(folder: string): Promise<Architecture> {
  const value = await readJson(folder, ARCHITECTURE_FILE);
  if (!isArchitecture(value)) throw corrupt(folder, `has an unreadable \`${ARCHITECTURE_FILE}\``);
  return value;
}

function isArchitecture(value: unknown): value is Architecture {
  return (
    isJsonObject(value) && ['input_shape', 'encoder', 'decoder'].every((key) => Array.isArray(value[key]))
  );
}

/** The layer with the weights of a latent that is not plain numbers. */
interface SavedLatent {
  /**
   * - `variational`: a dense layer that returns means and logarithms of variances;
   * - `quantizer`: a dense layer whose kernel has the codes, behind an activation that is 1 for the chosen one and 0 for the others.
   */
  readonly kind: 'variational' | 'quantizer';
  readonly label: string;
}

export interface SavedModel {
  readonly modelTopology: Json;
  readonly latent?: SavedLatent;
  readonly weights: readonly {
    readonly name: string;
    readonly shape: Shape;
    readonly values: Float32Array;
  }[];
}

/**
 * The files of a model, after checking everything in which they must agree.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readSavedModel(folder: string): Promise<SavedModel> {
  const description = await readJson(folder, MODEL_FILE);
  if (!isJsonObject(description) || description['format'] !== 'layers-model') {
    throw corrupt(folder, 'is not in the format of a LayersModel');
  }
  const { modelTopology = null } = description;
  const weights = readManifest(description['weightsManifest'], topologyOf(modelTopology, folder), folder);
  const size = weights.reduce((sum, { shape }) => sum + sizeOf(shape) * BYTES_EACH, 0);
  const path = join(folder, WEIGHTS_FILE);
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true) throw missing(folder, WEIGHTS_FILE);
  if (info.size !== size) {
    throw corrupt(folder, `has ${info.size} bytes of weights where its layers need ${size}`);
  }
  const bytes = await readFile(path);
  const values = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + size));
  if (!values.every(Number.isFinite)) throw corrupt(folder, 'has weights that are not finite numbers');
  let start = 0;
  const latent = latentOf(description['userDefinedMetadata'], weights, folder);
  return {
    modelTopology,
    ...(latent === undefined ? {} : { latent }),
    weights: weights.map(({ name, shape }) => {
      const end = start + sizeOf(shape);
      const part = values.subarray(start, end);
      start = end;
      return { name, shape, values: part };
    }),
  };
}

function latentOf(
  metadata: Json | undefined,
  weights: readonly { readonly name: string; readonly shape: Shape }[],
  folder: string,
): SavedLatent | undefined {
  if (metadata === undefined) return undefined;
  const [[kind, label] = [], ...others] = isJsonObject(metadata) ? Object.entries(metadata) : [];
  const kernel = weights.find(({ name }) => name === `${String(label)}/kernel`);
  const fits =
    kernel?.shape.length === 2 &&
    (kind === 'quantizer' || (kind === 'variational' && Number(kernel.shape[1]) % 2 === 0));
  if (typeof label === 'string' && fits && others.length === 0) return { kind, label };
  throw corrupt(folder, 'has an unknown latent');
}

/** The names and shapes of the weights in the order of the file, compared with those of the layers. */
function readManifest(
  manifest: Json | undefined,
  { weights: expected }: Topology,
  folder: string,
): readonly { readonly name: string; readonly shape: Shape }[] {
  const group: Json | undefined = Array.isArray(manifest) && manifest.length === 1 ? manifest[0] : undefined;
  const entries: Json = isJsonObject(group) ? (group['weights'] ?? null) : null;
  if (!isJsonObject(group) || !Array.isArray(entries)) throw corrupt(folder, 'has no list of weights');
  if (JSON.stringify(group['paths']) !== JSON.stringify([WEIGHTS_FILE])) {
    throw corrupt(folder, `keeps its weights elsewhere than in \`${WEIGHTS_FILE}\``);
  }
  const seen = new Set<string>();
  const weights = entries.map((entry: Json) => {
    const { name, shape, dtype, quantization }: JsonObject = isJsonObject(entry) ? entry : {};
    const wanted = typeof name === 'string' ? expected.get(name) : undefined;
    const same = Array.isArray(shape) && wanted !== undefined && sameShape(wanted, shape.map(Number));
    if (
      typeof name !== 'string' ||
      !same ||
      dtype !== 'float32' ||
      quantization !== undefined ||
      seen.has(name)
    ) {
      throw corrupt(folder, 'has weights that do not belong to its layers');
    }
    seen.add(name);
    return { name, shape: wanted };
  });
  if (weights.length !== expected.size) throw corrupt(folder, 'lacks weights of its layers');
  return weights;
}

function topologyOf(topology: Json, folder: string): Topology {
  try {
    return readTopology(topology);
  } catch (error) {
    if (error instanceof UnsoundTopology) throw corrupt(folder, error.message);
    throw error;
  }
}

async function readJson(folder: string, name: string): Promise<Json> {
  const path = join(folder, name);
  const info = await stat(path).catch(() => undefined);
  if (info?.isFile() !== true) throw missing(folder, name);
  if (info.size > LARGEST_JSON) throw corrupt(folder, `has a \`${name}\` of ${info.size} bytes`);
  try {
    const text = await readFile(path, 'utf8');
    if (SPECIAL_KEY.test(text)) throw new SyntaxError('a key that is none of ours');
    const value: Json = JSON.parse(text);
    return value;
  } catch {
    throw corrupt(folder, `has a \`${name}\` that is not JSON of a model`);
  }
}

function missing(folder: string, name: string): Failure {
  return failure('data-missing', `the saved model \`${basename(folder)}\` has no \`${name}\``);
}

function corrupt(folder: string, what: string): Failure {
  return failure('data-corrupt', `the saved model \`${basename(folder)}\` ${what}`);
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
