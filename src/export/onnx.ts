/**
 * Models for ONNX Runtime and everything else that reads ONNX. Images keep Keras's order of axes, [height, width, channels];
 * operations that ONNX defines for channels first have transposes around them, which runtimes merge.
 *
 * The operators are those of https://github.com/onnx/onnx/blob/main/docs/Operators.md, opset 17.
 */
import { failure, type Failure } from '../core/diagnostic.ts';
import type { Json, JsonObject } from '../core/json.ts';
import { sizeOf } from '../core/shape.ts';
import type { Shape } from '../layers/layer.ts';
import { listAt, stringAt } from '../schema/view.ts';
import type { Graph, GraphLayer, Weight } from './graph.ts';
import { OnnxGraph, type Attribute } from './onnx-file.ts';

/** Axes of a batch of images, channels last to channels first and back. */
const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

/** What a layer is given. */
interface Call {
  readonly onnx: OnnxGraph;
  readonly layer: GraphLayer;
  /** Names and shapes of its inputs. */
  readonly inputs: readonly { readonly name: string; readonly shape: Shape }[];
}

/** @throws Failure `not-exportable` for a layer that ONNX cannot express */
export function toOnnx(graph: Graph): Uint8Array {
  const onnx = new OnnxGraph(graph.name);
  const outputs = new Map<string, { readonly name: string; readonly shape: Shape }>();
  for (const layer of graph.layers) {
    const { name, type, shape } = layer;
    if (type === 'InputLayer') {
      outputs.set(name, { name: onnx.input(name, shape), shape });
      continue;
    }
    const inputs = layer.inputs.flatMap((each) => outputs.get(each) ?? []);
    outputs.set(name, { name: convert({ onnx, layer, inputs }), shape });
  }
  const last = outputs.get(graph.output) ?? { name: '', shape: [] };
  const output = onnx.add('Identity', [last.name], {}, 'output');
  return onnx.encode(output, last.shape, `${graph.name} of an autoencoder; images have their channels last`);
}

function convert(call: Call): string {
  const { onnx, layer, inputs } = call;
  const { type, config, shape } = layer;
  const [{ name: x, shape: from } = { name: '', shape: [] }] = inputs;
  const add = onnx.add.bind(onnx);
  switch (type) {
    case 'Dense':
      return activated(call, withBias(call, add('MatMul', [x, weight(call, 'kernel')])));
    case 'Conv2D':
      return activated(call, convolution(call, x, from));
    case 'Conv2DTranspose':
      return activated(call, transposedConvolution(call, x, from));
    case 'Activation':
      return activated(call, x);
    case 'ReLU': {
      const most = numberAt(config, 'max_value');
      return most === undefined ? add('Relu', [x]) : add('Clip', [x, onnx.float(0), onnx.float(most)]);
    }
    case 'LeakyReLU':
      return add('LeakyRelu', [x], { alpha: { float: numberAt(config, 'alpha') ?? 0.3 } });
    case 'ELU':
      return add('Elu', [x], { alpha: { float: numberAt(config, 'alpha') ?? 1 } });
    case 'PReLU':
      return add('PRelu', [x, weight(call, 'alpha')]);
    case 'Softmax':
      return add('Softmax', [x], { axis: -1 });
    case 'Dropout':
    case 'SpatialDropout2D':
    case 'GaussianNoise':
      return add('Identity', [x]);
    case 'Flatten':
    case 'Reshape':
      return add('Reshape', [x, onnx.integers([-1, ...shape])]);
    case 'MaxPooling2D':
      return pooling(call, x, from, 'MaxPool');
    case 'AveragePooling2D':
      return pooling(call, x, from, 'AveragePool');
    case 'GlobalAveragePooling2D':
      return add('ReduceMean', [x], { axes: [1, 2], keepdims: 0 });
    case 'GlobalMaxPooling2D':
      return add('ReduceMax', [x], { axes: [1, 2], keepdims: 0 });
    case 'UpSampling2D': {
      const scales = onnx.floats(Float32Array.from([1, ...numbersAt(config, 'size'), 1]), [4]);
      const options = {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      };
      return add('Resize', [x, '', scales], options);
    }
    case 'BatchNormalization':
      return batchNormalization(call, x);
    case 'LayerNormalization':
      return layerNormalization(call, x, from);
    case 'ZeroPadding2D': {
      const [[top = 0, bottom = 0] = [], [left = 0, right = 0] = []] = borderOf(config, 'padding');
      return add('Pad', [x, onnx.integers([0, top, left, 0, 0, bottom, right, 0])]);
    }
    case 'Cropping2D': {
      const [[top = 0, bottom = 0] = [], [left = 0, right = 0] = []] = borderOf(config, 'cropping');
      const [height = 0, width = 0] = from;
      const [begin, end] = [onnx.integers([top, left]), onnx.integers([height - bottom, width - right])];
      return add('Slice', [x, begin, end, onnx.integers([1, 2])]);
    }
    case 'Permute':
      return add('Transpose', [x], { perm: [0, ...numbersAt(config, 'dims')] });
    case 'Rescaling': {
      const scaled = add('Mul', [x, onnx.float(numberAt(config, 'scale') ?? 1)]);
      return add('Add', [scaled, onnx.float(numberAt(config, 'offset') ?? 0)]);
    }
    case 'Add':
    case 'Multiply':
      return add(
        type === 'Add' ? 'Add' : 'Mul',
        inputs.map(({ name }) => name),
      );
    case 'Concatenate':
      return add(
        'Concat',
        inputs.map(({ name }) => name),
        { axis: -1 },
      );
    default:
      throw refused(layer, type);
  }
}

/** The activation in the settings of a layer. */
function activated({ onnx, layer }: Call, x: string): string {
  const name = stringAt(layer.config, 'activation') ?? 'linear';
  const add = onnx.add.bind(onnx);
  switch (name) {
    case 'linear':
      return x;
    case 'relu':
      return add('Relu', [x]);
    case 'relu6':
      return add('Clip', [x, onnx.float(0), onnx.float(6)]);
    case 'elu':
      return add('Elu', [x]);
    case 'selu':
      return add('Selu', [x]);
    case 'celu':
      return add('Celu', [x]);
    case 'sigmoid':
      return add('Sigmoid', [x]);
    case 'hard_sigmoid':
    case 'hardSigmoid':
      return add('HardSigmoid', [x], { alpha: { float: 0.2 }, beta: { float: 0.5 } });
    case 'tanh':
      return add('Tanh', [x]);
    case 'softplus':
      return add('Softplus', [x]);
    case 'exponential':
      return add('Exp', [x]);
    case 'squareplus': {
      const root = add('Sqrt', [add('Add', [add('Mul', [x, x]), onnx.float(4)])]);
      return add('Mul', [add('Add', [x, root]), onnx.float(0.5)]);
    }
    case 'softsign':
      return add('Softsign', [x]);
    case 'softmax':
      return add('Softmax', [x], { axis: -1 });
    case 'logSoftmax':
    case 'log_softmax':
      return add('LogSoftmax', [x], { axis: -1 });
    case 'swish':
      return add('Mul', [x, add('Sigmoid', [x])]);
    case 'mish':
      return add('Mul', [x, add('Tanh', [add('Softplus', [x])])]);
    case 'gelu': {
      // x/2 (1 + erf(x/√2))
      const curve = add('Erf', [add('Mul', [x, onnx.float(Math.SQRT1_2)])]);
      const half = add('Mul', [x, onnx.float(0.5)]);
      return add('Mul', [half, add('Add', [curve, onnx.float(1)])]);
    }
    default:
      throw refused(layer, `the activation \`${name}\``);
  }
}

function convolution(call: Call, x: string, [height = 0, width = 0]: Shape): string {
  const { config } = call.layer;
  const size = numbersAt(config, 'kernel_size');
  const strides = numbersAt(config, 'strides');
  const dilations = numbersAt(config, 'dilation_rate');
  const reach = size.map((length, axis) => (length - 1) * (dilations[axis] ?? 1) + 1);
  return convolved(call, x, 'Conv', {
    strides,
    dilations,
    pads: paddingOf(config, [height, width], reach, strides),
  });
}

/** The gradient of a convolution with respect to its input: what would lie outside is cut off, what is missing is 0. */
function transposedConvolution(call: Call, x: string, [height = 0, width = 0]: Shape): string {
  const { config, shape } = call.layer;
  const size = numbersAt(config, 'kernel_size');
  const strides = numbersAt(config, 'strides');
  const isSame = stringAt(config, 'padding') === 'same';
  const cuts = [height, width].map((length, axis) => {
    const full = (length - 1) * (strides[axis] ?? 1) + (size[axis] ?? 1);
    const cut = full - (shape[axis] ?? 0);
    // With `same`, TensorFlow cuts off half of what the kernel reaches further than the strides, rounded down, at the beginning.
    const before = isSame ? Math.floor(Math.max(0, (size[axis] ?? 1) - (strides[axis] ?? 1)) / 2) : 0;
    const begin = Math.min(before, Math.max(0, cut));
    return { begin, end: Math.max(0, cut - begin), missing: Math.max(0, -cut) };
  });
  return convolved(call, x, 'ConvTranspose', {
    strides,
    pads: [...cuts.map(({ begin }) => begin), ...cuts.map(({ end }) => end)],
    output_padding: cuts.map(({ missing }) => missing),
  });
}

/** A convolution with the kernel and bias of a layer. ONNX has the axes of images and kernels in another order. */
function convolved(
  call: Call,
  x: string,
  operator: 'Conv' | 'ConvTranspose',
  attributes: Readonly<Record<string, Attribute>>,
): string {
  const { onnx, layer } = call;
  const kernel = owned(call, 'kernel');
  // [height, width, in, out] -> [out, in, height, width]; in a transposed convolution, in and out have changed places.
  const order = [3, 2, 0, 1];
  const weights = onnx.floats(
    transposed(kernel, order),
    order.map((axis) => kernel.shape[axis] ?? 1),
  );
  const images = onnx.add('Transpose', [x], { perm: CHANNELS_FIRST });
  const size = numbersAt(layer.config, 'kernel_size');
  const result = onnx.add(operator, [images, weights], { kernel_shape: size, ...attributes });
  return withBias(call, onnx.add('Transpose', [result], { perm: CHANNELS_LAST }));
}

function pooling(
  { onnx, layer: { config } }: Call,
  x: string,
  [height = 0, width = 0]: Shape,
  operator: string,
): string {
  const size = numbersAt(config, 'pool_size');
  const strides = numbersAt(config, 'strides');
  const pads = paddingOf(config, [height, width], size, strides);
  const first = onnx.add('Transpose', [x], { perm: CHANNELS_FIRST });
  return onnx.add('Transpose', [onnx.add(operator, [first], { kernel_shape: size, strides, pads })], {
    perm: CHANNELS_LAST,
  });
}

/** Rows and columns around the image: with `same`, TensorFlow has the odd one at the end. */
function paddingOf(
  config: JsonObject,
  lengths: readonly number[],
  reach: readonly number[],
  strides: readonly number[],
): readonly number[] {
  if (stringAt(config, 'padding') !== 'same') return [0, 0, 0, 0];
  const totals = lengths.map((length, axis) => {
    const step = strides[axis] ?? 1;
    return Math.max(0, (Math.ceil(length / step) - 1) * step + (reach[axis] ?? 1) - length);
  });
  return [...totals.map((total) => Math.floor(total / 2)), ...totals.map((total) => Math.ceil(total / 2))];
}

/** (x - mean) / √(variance + epsilon) · gamma + beta, as one line along the last axis. */
function batchNormalization(call: Call, x: string): string {
  const { onnx, layer } = call;
  const epsilon = numberAt(layer.config, 'epsilon') ?? 1e-3;
  const { values: mean, shape } = owned(call, 'moving_mean');
  const { values: variance } = owned(call, 'moving_variance');
  const gamma = layer.weights.get('gamma')?.values;
  const beta = layer.weights.get('beta')?.values;
  const scale = Float32Array.from(variance, (each, at) => (gamma?.[at] ?? 1) / Math.sqrt(each + epsilon));
  const offset = Float32Array.from(mean, (each, at) => {
    const exact = (gamma?.[at] ?? 1) / Math.sqrt((variance[at] ?? 0) + epsilon);
    return (beta?.[at] ?? 0) - each * exact;
  });
  return onnx.add('Add', [onnx.add('Mul', [x, onnx.floats(scale, shape)]), onnx.floats(offset, shape)]);
}

/** ONNX normalizes along the last axes: another axis is moved there, and back. */
function layerNormalization(call: Call, x: string, from: Shape): string {
  const { onnx, layer } = call;
  const rank = from.length;
  const axis = numbersAt(layer.config, 'axis')[0] ?? numberAt(layer.config, 'axis') ?? -1;
  const own = axis > 0 ? axis : rank + 1 + axis;
  const swap = Array.from({ length: rank + 1 }, (_, at) => (at === own ? rank : at === rank ? own : at));
  const length = from[own - 1] ?? 1;
  const ones = new Float32Array(length).fill(1);
  const moved = own === rank ? x : onnx.add('Transpose', [x], { perm: swap });
  const inputs = [moved, onnx.floats(layer.weights.get('gamma')?.values ?? ones, [length])];
  const beta = layer.weights.get('beta');
  if (beta !== undefined) inputs.push(onnx.floats(beta.values, beta.shape));
  const result = onnx.add('LayerNormalization', inputs, {
    axis: -1,
    epsilon: { float: numberAt(layer.config, 'epsilon') ?? 1e-3 },
  });
  return own === rank ? result : onnx.add('Transpose', [result], { perm: swap });
}

function withBias(call: Call, x: string): string {
  return call.layer.weights.has('bias') ? call.onnx.add('Add', [x, weight(call, 'bias')]) : x;
}

/** A weight as a constant. */
function weight(call: Call, name: string): string {
  const { shape, values } = owned(call, name);
  return call.onnx.floats(values, shape, `${call.layer.name}/${name}`);
}

function owned({ layer }: Call, name: string): Weight {
  const found = layer.weights.get(name);
  if (found === undefined) throw new TypeError(`${layer.name} has no ${name}`);
  return found;
}

/** The values of an array with its axes in another order. */
function transposed({ shape, values }: Weight, order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const result = new Float32Array(values.length);
  const lengths = order.map((axis) => shape[axis] ?? 1);
  const steps = order.map((axis) => strides[axis] ?? 1);
  const place = lengths.map(() => 0);
  for (let at = 0; at < result.length; at += 1) {
    result[at] = values[place.reduce((sum, index, axis) => sum + index * (steps[axis] ?? 0), 0)] ?? 0;
    for (let axis = place.length - 1; axis >= 0; axis -= 1) {
      place[axis] = (place[axis] ?? 0) + 1;
      if ((place[axis] ?? 0) < (lengths[axis] ?? 1)) break;
      place[axis] = 0;
    }
  }
  return result;
}

function numbersAt(config: JsonObject, key: string): readonly number[] {
  return listAt(config, key).map(Number);
}

function borderOf(config: JsonObject, key: string): readonly (readonly number[])[] {
  return listAt(config, key).map((side: Json) => (Array.isArray(side) ? side.map(Number) : []));
}

function numberAt(config: JsonObject, key: string): number | undefined {
  const value = config[key];
  return typeof value === 'number' ? value : undefined;
}

function refused({ name }: GraphLayer, what: string): Failure {
  return failure(
    'not-exportable',
    `ONNX cannot express ${what} of the layer \`${name}\``,
    'use `--to keras`, or `--to safetensors` for the weights alone',
  );
}
