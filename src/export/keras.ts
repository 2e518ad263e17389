/**
 * Models in the format of Keras 3: a zip file with the layers as JSON and the weights as HDF5. Keras writes and reads it in
 * `keras/src/saving/saving_lib.py`.
 */
import { failure } from '../core/diagnostic.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { zip } from '../formats/zip.ts';
import { stringAt } from '../schema/view.ts';
import type { Graph, GraphLayer } from './graph.ts';
import { toHdf5 } from './hdf5.ts';

/** A layer of Keras, and the arguments that it needs; those that tfjs names differently are given by a function. */
type Arguments = readonly string[] | ((config: JsonObject) => JsonObject);

const CONVOLUTION = ['filters', 'kernel_size', 'strides', 'padding', 'activation', 'use_bias'];
const POOLING = ['pool_size', 'strides', 'padding'];

const ARGUMENTS: Readonly<Record<string, Arguments>> = {
  InputLayer: ({ batch_input_shape: shape }) => ({ batch_shape: shape ?? null }),
  Dense: ['units', 'activation', 'use_bias'],
  Activation: ['activation'],
  ReLU: ['max_value'],
  LeakyReLU: ({ alpha }) => ({ negative_slope: alpha ?? 0.3 }),
  ELU: ['alpha'],
  PReLU: ['shared_axes'],
  Softmax: ['axis'],
  Dropout: ['rate'],
  SpatialDropout2D: ['rate'],
  GaussianNoise: ['stddev'],
  Flatten: [],
  Reshape: ['target_shape'],
  Conv2D: [...CONVOLUTION, 'dilation_rate'],
  Conv2DTranspose: [...CONVOLUTION, 'output_padding'],
  MaxPooling2D: POOLING,
  AveragePooling2D: POOLING,
  GlobalAveragePooling2D: [],
  GlobalMaxPooling2D: [],
  UpSampling2D: ['size', 'interpolation'],
  BatchNormalization: ['axis', 'momentum', 'epsilon', 'center', 'scale'],
  LayerNormalization: ['axis', 'epsilon', 'center', 'scale'],
  ZeroPadding2D: ['padding'],
  Cropping2D: ['cropping'],
  Permute: ['dims'],
  Rescaling: ['scale', 'offset'],
  Add: [],
  Multiply: [],
  Concatenate: ['axis'],
};

/** tfjs's names of activations that Keras names differently. */
const ACTIVATIONS: ReadonlyMap<string, string> = new Map([
  ['swish', 'silu'],
  ['logSoftmax', 'log_softmax'],
  ['hardSigmoid', 'hard_sigmoid'],
]);

/** The version of Keras whose format this is. */
const KERAS = '3.15.1';

/** @throws Failure `not-exportable` for a layer that Keras does not have */
export async function toKeras(graph: Graph): Promise<Uint8Array> {
  const layers = graph.layers.flatMap(asKeras);
  const shapes = new Map(layers.map(({ name, shape }) => [name, shape]));
  const ends = (names: readonly string[]): Json => {
    const list = names.map((name) => [name, 0, 0]);
    return list.length === 1 ? (list[0] ?? []) : list;
  };
  const config = {
    module: 'keras.src.models.functional',
    class_name: 'Functional',
    config: {
      name: graph.name,
      trainable: true,
      layers: layers.map((layer) => layerConfig(layer, shapes)),
      input_layers: ends(graph.inputs),
      output_layers: ends([graph.output]),
    },
    registered_name: 'Functional',
    build_config: { input_shape: null },
  };
  const metadata = { keras_version: KERAS, date_saved: '1980-01-01@00:00:00' };
  const weights = new Map<string, GraphLayer['weights']>();
  const counts = new Map<string, number>();
  for (const { type, weights: own } of layers) {
    // Keras finds the weights of a layer by its class and its place among the layers of that class.
    const stem = snakeCase(type);
    const count = counts.get(stem) ?? 0;
    counts.set(stem, count + 1);
    weights.set(`layers/${count === 0 ? stem : `${stem}_${count}`}/vars`, own);
  }
  const arrays = new Map([...weights].map(([path, own]) => [path, [...own.values()]]));
  return zip(
    [
      { path: 'metadata.json', data: Buffer.from(JSON.stringify(metadata)) },
      { path: 'config.json', data: Buffer.from(JSON.stringify(config)) },
      { path: 'model.weights.h5', data: await toHdf5(arrays) },
    ],
    () => false,
  );
}

/** tfjs's `hard_sigmoid` is x/5 + 1/2 between 0 and 1, and Keras's has x/6: a layer before it makes up for that. */
function asKeras(layer: GraphLayer): readonly GraphLayer[] {
  const activation = stringAt(layer.config, 'activation');
  if (activation !== 'hard_sigmoid' && activation !== 'hardSigmoid') return [layer];
  if (layer.type !== 'Activation')
    throw new TypeError(`${layer.name} has an activation that is saved as a layer of its own`);
  const scaled: GraphLayer = {
    ...layer,
    // None of our own names ends so.
    name: `${layer.name}_keras`,
    type: 'Rescaling',
    config: { scale: 6 / 5, offset: 0 },
  };
  return [scaled, { ...layer, inputs: [scaled.name] }];
}

function layerConfig(
  { name, type, config, inputs }: GraphLayer,
  shapes: ReadonlyMap<string, readonly number[]>,
): JsonObject {
  const needed = ARGUMENTS[type];
  if (needed === undefined)
    throw failure(
      'not-exportable',
      `Keras has no layer \`${type}\`, which \`${name}\` is`,
      'use `--to onnx`, or `--to safetensors` for the weights alone',
    );
  const own =
    typeof needed === 'function'
      ? needed(config)
      : Object.fromEntries(needed.flatMap((key) => (config[key] === undefined ? [] : [[key, config[key]]])));
  const activation = stringAt(own, 'activation');
  const named =
    activation === undefined ? own : { ...own, activation: ACTIVATIONS.get(activation) ?? activation };
  const tensors = inputs.map((input) => ({
    class_name: '__keras_tensor__',
    config: { shape: [null, ...(shapes.get(input) ?? [])], dtype: 'float32', keras_history: [input, 0, 0] },
  }));
  const merges = ['Add', 'Multiply', 'Concatenate'].includes(type);
  return {
    module: 'keras.layers',
    class_name: type,
    config: {
      name,
      dtype: 'float32',
      ...(type === 'InputLayer' ? {} : { trainable: config['trainable'] !== false }),
      ...named,
    },
    registered_name: null,
    name,
    inbound_nodes: tensors.length === 0 ? [] : [{ args: merges ? [tensors] : tensors, kwargs: {} }],
  };
}

/** `Conv2DTranspose` -> `conv2d_transpose`, as Keras's `to_snake_case` does. */
function snakeCase(name: string): string {
  return name
    .replaceAll(/(.)([A-Z][a-z]+)/g, '$1_$2')
    .replaceAll(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase();
}
