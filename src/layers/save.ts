/**
 * Models as tfjs LayersModels on disk: `model.json` beside one `weights.bin` (little-endian float32), which a browser loads
 * with `tf.loadLayersModel`. Equal models have equal bytes: no dates, and no version except that of the format.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type * as tfjs from '@tensorflow/tfjs';
import { sizeOf } from '../core/shape.ts';
import type { Tf } from '../engine/engine.ts';
import { quantizerLayer } from '../engine/train/quantizer.ts';
import { variationalLayer } from '../engine/train/variational.ts';
import { registerUnsaved } from './activations.ts';
import { readArchitecture } from './architecture-file.ts';
import {
  type Autoencoder,
  type Seeds,
  type TrainableAutoencoder,
  applyTo,
  assembleAutoencoder,
  disposeAutoencoder,
  withLabel,
} from './build.ts';
import { MODEL_FILE, WEIGHTS_FILE, corrupt, readSavedModel } from './saved-files.ts';
import { isTied } from './tied-dense.ts';
import { nearnessWeights } from './quantizer.ts';
import { stockTopology } from './stock.ts';
import { readTopology } from './topology.ts';

/** Writes a model into a folder, which is created if it does not exist. */
export async function saveModel(model: tfjs.LayersModel, folder: string): Promise<void> {
  const modelTopology = stockTopology(model);
  const { weights: shapes, constants } = readTopology(modelTopology);
  const copies = copiedKernels(model);
  const all = model.weights.map((weight) => ({ name: weight.originalName, values: weight.read() }));
  for (const copy of copies) {
    const bias = all.findIndex(({ name }) => name === copy.name.replace(/kernel$/, 'bias'));
    all.splice(bias === -1 ? all.length : bias, 0, copy);
  }
  const trained = await Promise.all(
    all.map(async ({ name, values }) => ({
      name,
      shape: shapes.get(name) ?? values.shape,
      values: await values.data<'float32'>(),
    })),
  );
  for (const { values } of copies) values.dispose();
  const fixed = [...constants].map((name) => {
    const shape = shapes.get(name) ?? [];
    return {
      name,
      shape,
      values: new Float32Array(sizeOf(shape)).fill(name.endsWith('/moving_variance') ? 1 : 0),
    };
  });
  const own = [...trained, ...fixed];
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
  registerUnsaved(tf);
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

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
