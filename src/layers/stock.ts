/**
 * Replaces each layer of a model by one or several of tfjs's own layers, so that a saved model computes the same numbers
 * wherever tfjs loads it. The part with the weights keeps the layer's name; without weights, the last part does.
 */
import type * as tfjs from '@tensorflow/tfjs';
import { type Json, type JsonObject, isJsonObject } from '../core/json.ts';
import type { SavedActivation } from './activations.ts';
import { groupedShape } from './groups.ts';
import { transposedLength } from './image-rules.ts';
import { listAt, objectAt, stringAt } from '../schema/view.ts';

interface Part {
  readonly type: string;
  readonly config: JsonObject;
  /** It also receives the input of the part this many places before it. */
  readonly merges?: number;
  /** Suffix of the part's name, if it is not that of its type. */
  readonly suffix?: string;
}

/** The description that tfjs makes of a model. */
export function topologyOf(model: tfjs.LayersModel): JsonObject {
  const topology: unknown = model.toJSON(undefined, false);
  if (!isJsonObject(topology)) throw new TypeError('a model without a topology');
  return topology;
}

/** The names of the layers whose outputs a layer takes, from its description. */
export function giversOf(layer: JsonObject): readonly string[] {
  const [node] = listAt(layer, 'inbound_nodes');
  return (Array.isArray(node) ? node : []).flatMap((giver: Json) =>
    Array.isArray(giver) && typeof giver[0] === 'string' ? [giver[0]] : [],
  );
}

/** The description that tfjs makes of a model, with the layers replaced. Its layers are in the order in which they compute. */
export function stockTopology(model: tfjs.LayersModel): JsonObject {
  const topology = topologyOf(model);
  const config = objectAt(topology, 'config');
  const [input, ...layers] = listAt(config, 'layers').filter(isJsonObject);
  const names = new Set(model.layers.map(({ name }) => name));
  const start = stringAt(input ?? {}, 'name') ?? '';
  /** The last part of each layer. */
  const ends = new Map([[start, start]]);
  let end = start;
  const written = layers.flatMap((layer, index) => {
    const shape = model.layers[index + 1]?.getInputAt(0);
    const input = shape === undefined || Array.isArray(shape) ? [] : shape.shape.slice(1);
    const name = stringAt(layer, 'name') ?? '';
    if (layer['class_name'] === 'InputLayer') return [layer];
    const parts = partsOf(stringAt(layer, 'class_name') ?? '', objectAt(layer, 'config'), input);
    const weighted = parts.findIndex(({ type, suffix }) => WEIGHTED.has(type) && suffix === undefined);
    const keeper = weighted === -1 ? parts.length - 1 : weighted;
    const givers = giversOf(layer).map((giver) => ends.get(giver) ?? giver);
    const made = givers.slice(0, 1);
    const list = parts.map(({ type, config: own, merges, suffix = SUFFIXES[type] ?? 'part' }, position) => {
      const label = position === keeper ? name : freshName(`${name}_${suffix}`, names);
      const other = merges === undefined ? [] : made.slice(position - merges, position - merges + 1);
      const inbound = [...other, ...(position === 0 ? givers : [end])].map((from) => [from, 0, 0, {}]);
      end = label;
      made.push(label);
      return { class_name: type, name: label, config: { ...own, name: label }, inbound_nodes: [inbound] };
    });
    ends.set(name, end);
    return list;
  });
  return {
    ...topology,
    config: { ...config, layers: [input ?? {}, ...written], output_layers: [[end, 0, 0]] },
  };
}

const WEIGHTED: ReadonlySet<string> = new Set([
  'Dense',
  'Conv2D',
  'Conv2DTranspose',
  'BatchNormalization',
  'LayerNormalization',
  'PReLU',
]);

/** Suffix of the names of a layer's other parts. */
const SUFFIXES: Readonly<Record<string, string>> = {
  Rescaling: 'scale',
  Permute: 'permute',
  Multiply: 'product',
  Add: 'sum',
  Activation: 'activation',
  Softmax: 'softmax',
  LeakyReLU: 'slope',
  ELU: 'elu',
  UpSampling2D: 'repeat',
  Reshape: 'reshape',
  Cropping2D: 'mean',
};

function freshName(name: string, taken: Set<string>): string {
  let fresh = name;
  for (let count = 1; taken.has(fresh); count++) fresh = `${name}_${count}`;
  taken.add(fresh);
  return fresh;
}

/** @param input the shape of the layer's input, without the batch */
function partsOf(type: string, config: JsonObject, input: tfjs.Shape): readonly Part[] {
  const rank = input.length;
  const activation = stringAt(config, 'activation') ?? '';
  if (isReplaced(activation)) {
    const parts = ACTIVATIONS[activation];
    return type === 'Activation'
      ? parts
      : [...partsOf(type, { ...config, activation: 'linear' }, input), ...parts];
  }
  switch (type) {
    case 'ELU':
      return config['alpha'] === 1
        ? [{ type, config }]
        : [{ type, config: { ...config, alpha: 1 } }, leaky(Number(config['alpha']))];
    case 'Softmax':
      return alongLast(type, config, rank);
    case 'BatchNormalization':
      return alongLast(type, config, rank);
    case 'GroupNormalization':
      return groupByGroup(config, input.map(Number));
    case 'PReLU':
      return sharedFirst(config, rank);
    case 'ActivityRegularization':
      return [activate('linear')];
    case 'SpatialDropout2D':
      return [{ type: 'Dropout', config }];
    case 'Conv2DTranspose':
      return listAt(config, 'output_padding').length === 2 ? cutToSize(config, input) : [{ type, config }];
    case 'Variational':
      return meansOnly(config);
    case 'VectorQuantizer':
      return nearestCode(config, input.at(-1) ?? 0);
    case 'UpSampling2D':
      return config['interpolation'] === 'bilinear' ? blended(config) : [{ type, config }];
    default:
      return [{ type, config }];
  }
}

/** A layer that tfjs supports, or computes correctly, only along the last axis; its axis is moved to the end and back. */
function alongLast(type: string, config: JsonObject, rank: number): readonly Part[] {
  const axis = Number(config['axis']);
  const own = axis > 0 ? axis : rank + 1 + axis;
  if (own === rank) return [{ type, config }];
  const swap = Array.from({ length: rank }, (_, index) =>
    index + 1 === own ? rank : index + 1 === rank ? own : index + 1,
  );
  return [permute(swap), { type, config: { ...config, axis: -1 } }, permute(swap)];
}

/**
 * A layer normalization of each group, whose values are moved to the last axis and back. The factors and offsets of the channels are
 * those of a batch normalization with constant statistics, mean 0 and variance 1; it is not trainable, so that they stay so. Without
 * factors and offsets, there is none.
 */
function groupByGroup(
  { groups, axis, epsilon, center, scale, ...rest }: JsonObject,
  input: readonly number[],
): readonly Part[] {
  const [first = axis] = listAt({ axis: axis ?? null }, 'axis').map(Number);
  const own = Number(first) > 0 ? Number(first) : input.length + 1 + Number(first);
  const [, before, count, inside] = groupedShape(input, { groups: Number(groups), axis: own });
  const isMoved = before > 1 && count > 1;
  const move: readonly Part[] = isMoved ? [permute([2, 1, 3])] : [];
  const normal = { axis: -1, epsilon: epsilon ?? null, center: false, scale: false, trainable: true };
  const affine = { ...rest, axis: own, center: center ?? null, scale: scale ?? null };
  return [
    ...(isMoved ? [reshapeTo([before, count, inside]), ...move] : []),
    reshapeTo([count, before * inside]),
    { type: 'LayerNormalization', config: normal, suffix: 'normal' },
    ...(isMoved ? [reshapeTo([count, before, inside]), ...move] : []),
    reshapeTo(input),
    ...(center === true || scale === true
      ? alongLast(
          'BatchNormalization',
          { ...affine, epsilon: NO_EPSILON, momentum: 1, trainable: false },
          input.length,
        )
      : []),
  ];
}

/** Small enough to leave 1 as it is, and large enough for every backend. */
const NO_EPSILON = 1e-12;

/**
 * A transposed convolution of the full size, of which a border is cut off. If its output is too small, it gets another row or column of
 * zeros, which add nothing but the bias to the output.
 */
function cutToSize(
  { output_padding: extras = null, ...config }: JsonObject,
  image: readonly (number | null)[],
): readonly Part[] {
  const [sizes, strides] = ['kernel_size', 'strides'].map((key) => listAt(config, key).map(Number));
  const padding = config['padding'] === 'same' ? 'same' : 'valid';
  const sides = listAt({ extras }, 'extras')
    .map(Number)
    .map((extra, axis) => {
      const [length, size, stride] = [image[axis] ?? 0, sizes?.[axis] ?? 1, strides?.[axis] ?? 1];
      const wanted = transposedLength(length, { size, stride, padding, extra });
      const before =
        padding === 'same' ? Math.floor(Math.max(0, (length - 1) * stride + size - wanted) / 2) : 0;
      const full = (count: number): number => count * stride + Math.max(size - stride, 0);
      const more = before + wanted > full(length) ? 1 : 0;
      return { more, cut: [before, full(length + more) - before - wanted] };
    });
  const border = (kind: string, key: string, amounts: readonly (readonly number[])[]): readonly Part[] =>
    amounts.flat().every((amount) => amount === 0)
      ? []
      : [
          {
            type: kind,
            config: { [key]: amounts, data_format: 'channels_last', trainable: true },
            suffix: key,
          },
        ];
  return [
    ...border(
      'ZeroPadding2D',
      'padding',
      sides.map(({ more }) => [0, more]),
    ),
    { type: 'Conv2DTranspose', config: { ...config, padding: 'valid' } },
    ...border(
      'Cropping2D',
      'cropping',
      sides.map(({ cut }) => cut),
    ),
  ];
}

/** Means and logarithms of variances in one dense layer; only the means are passed on. */
function meansOnly({ units, name: _name, ...rest }: JsonObject): readonly Part[] {
  const size = Number(units);
  const dense = { ...rest, units: 2 * size, activation: 'linear', use_bias: true };
  const half = [
    [0, 1],
    [0, 0],
  ];
  return [
    { type: 'Dense', config: dense },
    { type: 'Reshape', config: { ...rest, target_shape: [2, size, 1] } },
    { type: 'Cropping2D', config: { ...rest, cropping: half } },
    { type: 'Reshape', config: { ...rest, target_shape: [size] } },
  ];
}

/**
 * Makes a softmax of numbers that differ in float32 choose the largest one. It is a power of 2, so that it does not round them, and
 * so large that JSON has it with an exponent: Python reads a number without one as an integer, which is too large for TensorFlow.
 */
const STEEP = 2 ** 70;

/**
 * For codes c, the nearest one to x has the largest 2 x c - |c|^2; a softmax makes it nearly 1 and the others 0, a line with ends
 * makes it exactly 1, and a product returns the code.
 */
function nearestCode(
  { codes = 0, commitment: _commitment, name: _name, ...rest }: JsonObject,
  size: number,
): readonly Part[] {
  const dense = { ...rest, activation: 'linear' };
  return [
    { type: 'Dense', config: { ...dense, units: codes, use_bias: true }, suffix: 'nearness' },
    rescale(STEEP),
    { type: 'Softmax', config: { ...rest, axis: -1 } },
    rescale(10, -5),
    { ...activate('hard_sigmoid'), suffix: 'choice' },
    { type: 'Dense', config: { ...dense, units: size, use_bias: false } },
  ];
}

/** tfjs's WebAssembly backend is wrong for slopes that are shared along other axes than the first ones. */
function sharedFirst(config: JsonObject, rank: number): readonly Part[] {
  const shared = listAt(config, 'shared_axes')
    .map(Number)
    .sort((one, other) => one - other);
  if (shared.every((axis, index) => axis === index + 1)) return [{ type: 'PReLU', config }];
  const others = Array.from({ length: rank }, (_, index) => index + 1).filter(
    (axis) => !shared.includes(axis),
  );
  const order = [...shared, ...others];
  const back = order.map((_, index) => order.indexOf(index + 1) + 1);
  const moved = { ...config, shared_axes: shared.map((_, index) => index + 1) };
  return [permute(order), { type: 'PReLU', config: moved }, permute(back)];
}

/**
 * Bilinear up-sampling between the centres of pixels: repeats pixels, then takes the mean of as many as one became. For an even
 * factor, the new centres lie between repeated pixels, so twice as many are needed. A window at an edge contains one pixel.
 */
function blended(config: JsonObject): readonly Part[] {
  const size = listAt(config, 'size').map(Number);
  const even = size.map((factor) => factor % 2 === 0);
  const repeats = size.map((factor, axis) => (even[axis] === true ? 2 * factor : factor));
  const strides = even.map((isEven) => (isEven ? 2 : 1));
  const { interpolation: _interpolation, size: _size, name: _name, ...rest } = config;
  return [
    { type: 'UpSampling2D', config: { ...rest, size: repeats, interpolation: 'nearest' } },
    { type: 'AveragePooling2D', config: { ...rest, pool_size: repeats, strides, padding: 'same' } },
  ];
}

/** The product with a copy: tfjs frees a tensor twice that is both inputs of a layer. */
const SQUARE: readonly Part[] = [rescale(1), merge('Multiply', 1)];

/** Keras's activations as tfjs's functions with a line through each. tfjs's `hard_sigmoid` is 0.2 x + 0.5, from 0 to 1. */
const ACTIVATIONS: Readonly<Record<SavedActivation, readonly Part[]>> = {
  hard_sigmoid: [rescale(5 / 6), activate('hard_sigmoid')],
  hard_silu: [rescale(5 / 6), activate('hard_sigmoid'), merge('Multiply', 2)],
  // Whether x² is more than 1/4: a steep line with ends gives 0, 1/2 where they are equal, or 1, and another one gives 0, 0 or 1.
  hard_shrink: [
    ...SQUARE,
    rescale(1, -0.25),
    rescale(STEEP),
    activate('hard_sigmoid'),
    rescale(10, -7.5),
    activate('hard_sigmoid'),
    merge('Multiply', 7),
  ],
  hard_tanh: [rescale(2.5), activate('hard_sigmoid'), rescale(2, -1)],
  leaky_relu: [leaky(0.2)],
  log_sigmoid: [rescale(-1), activate('softplus'), rescale(-1)],
  soft_shrink: [rescale(5), activate('hard_sigmoid'), rescale(-1, 0.5), merge('Add', 3)],
  sparse_sigmoid: [rescale(2.5), activate('hard_sigmoid')],
  // The square q of the line with ends, and relu(x - q), which is x - q from 1 on.
  sparse_plus: [
    rescale(2.5),
    activate('hard_sigmoid'),
    ...SQUARE,
    rescale(-1),
    merge('Add', 5),
    activate('relu'),
    merge('Add', 3),
  ],
  tanh_shrink: [activate('tanh'), rescale(-1), merge('Add', 2)],
};

function isReplaced(activation: string): activation is SavedActivation {
  return Object.hasOwn(ACTIVATIONS, activation);
}

function rescale(scale: number, offset = 0): Part {
  return { type: 'Rescaling', config: { scale, offset, trainable: true } };
}

function activate(activation: string): Part {
  return { type: 'Activation', config: { activation, trainable: true } };
}

function leaky(alpha: number): Part {
  return { type: 'LeakyReLU', config: { alpha, trainable: true } };
}

function reshapeTo(shape: readonly number[]): Part {
  return { type: 'Reshape', config: { target_shape: shape, trainable: true } };
}

function permute(dims: readonly number[]): Part {
  return { type: 'Permute', config: { dims, trainable: true } };
}

function merge(type: 'Add' | 'Multiply', merges: number): Part {
  return { type, config: { trainable: true }, merges };
}
