/** The files of a saved model, read with suspicion: everything in which they must agree is checked before it is used. */
import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Failure, failure } from '../core/diagnostic.ts';
import { type Json, type JsonObject, isJsonObject } from '../core/json.ts';
import { sizeOf } from '../core/shape.ts';
import { type Shape, sameShape } from './layer.ts';
import { type Topology, UnsoundTopology, readTopology } from './topology.ts';

export const MODEL_FILE = 'model.json';
export const WEIGHTS_FILE = 'weights.bin';

/** `model.json` holds a few hundred bytes a layer. */
const LARGEST_JSON = 2 ** 22;

/** Keys with a special meaning in JavaScript's objects, and escapes that could hide one: our models have none of them. */
const SPECIAL_KEY = /"(?:__proto__|constructor|prototype)"\s*:|\\u/;

const BYTES_EACH = Float32Array.BYTES_PER_ELEMENT;

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
  const { weights: names, constants } = topologyOf(modelTopology, folder);
  // The file has running statistics at its end.
  for (const whole of names.keys()) {
    if (constants.has(whole)) continue;
    const [label = '', name = ''] = whole.split('/');
    const weight = byName.get(whole);
    if (weight !== undefined) layers.set(label, [...(layers.get(label) ?? []), { ...weight, name }]);
  }
  const found = [...layers].map(([label, own]) => ({ label, weights: own }));
  if (latent?.kind !== 'quantizer') return found;
  // The layer before the codes is part of the same layer here: it computes which code is the nearest.
  return found.toSpliced(found.findIndex(({ label }) => label === latent.label) - 1, 1);
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

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readJson(folder: string, name: string): Promise<Json> {
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

export function corrupt(folder: string, what: string): Failure {
  return failure('data-corrupt', `the saved model \`${basename(folder)}\` ${what}`);
}
