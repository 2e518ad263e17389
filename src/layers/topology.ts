/**
 * Reads the layers of a saved model without building it, so that a foreign model is refused before it costs memory.
 * It accepts only what Hourglass saves: its own kinds of layers and those of `stock.ts`, one after the other.
 */
import { type Json, type JsonObject, isJsonObject } from '../core/json.ts';
import { sizeOf } from '../core/shape.ts';
import { type Layer, type LayerName, type Shape, sameShape } from './layer.ts';
import { inferLayer } from './infer-layer.ts';

/** The contents of a saved model's topology. */
export interface Topology {
  readonly input: Shape;
  /** Of a conditional model: the number of classes. */
  readonly classes?: number;
  readonly output: Shape;
  /** Shapes of the weights by their names, such as `dense/kernel`. */
  readonly weights: ReadonlyMap<string, Shape>;
  /** Names of weights with constant values, which only saved models have: see `groupByGroup` in `stock.ts`. */
  readonly constants: ReadonlySet<string>;
  /** Shapes of the outputs of all layers, by their names. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

/** An invalid topology, in words that complete "the model …". */
export class UnsoundTopology extends Error {}

type ArgumentKind = 'count' | 'flag' | 'axis' | 'pair' | 'border' | 'shape' | 'padding' | 'axes' | 'number';

/** Layers that are saved under their own kind. */
type SavedName = Exclude<
  LayerName,
  | 'Variational'
  | 'VectorQuantizer'
  | 'GroupNormalization'
  | 'ActivityRegularization'
  | 'Residual'
  | 'SpatialDropout2D'
>;

/** The arguments that determine shapes; the rules of `rules.ts` read no others. */
const SHAPE_ARGUMENTS: Record<SavedName, Readonly<Record<string, ArgumentKind>>> = {
  Dense: { units: 'count', use_bias: 'flag' },
  Activation: {},
  ReLU: {},
  LeakyReLU: {},
  ELU: { alpha: 'number' },
  PReLU: { shared_axes: 'axes' },
  Softmax: { axis: 'axis' },
  Dropout: {},
  GaussianNoise: {},
  Flatten: {},
  Reshape: { target_shape: 'shape' },
  Conv2D: {
    filters: 'count',
    kernel_size: 'pair',
    strides: 'pair',
    padding: 'padding',
    dilation_rate: 'pair',
    use_bias: 'flag',
  },
  Conv2DTranspose: {
    filters: 'count',
    kernel_size: 'pair',
    strides: 'pair',
    padding: 'padding',
    use_bias: 'flag',
  },
  MaxPooling2D: { pool_size: 'pair', strides: 'pair', padding: 'padding' },
  AveragePooling2D: { pool_size: 'pair', strides: 'pair', padding: 'padding' },
  UpSampling2D: { size: 'pair' },
  BatchNormalization: { axis: 'axis', center: 'flag', scale: 'flag' },
  LayerNormalization: { axis: 'axis', center: 'flag', scale: 'flag' },
  ZeroPadding2D: { padding: 'border' },
  Cropping2D: { cropping: 'border' },
  GlobalAveragePooling2D: {},
  GlobalMaxPooling2D: {},
};

/** Layers with two inputs; both inputs and the output have the same shape. */
const MERGES: ReadonlySet<string> = new Set(['Add', 'Multiply']);

const LABEL = /^[A-Za-z][A-Za-z0-9_-]{0,79}$/;

/** @throws UnsoundTopology for anything that Hourglass does not save */
export function readTopology(topology: Json | undefined): Topology {
  const model = objectOf(topology, 'has no topology');
  if (model['class_name'] !== 'Model' && model['class_name'] !== 'Functional') unsound('is of another class');
  const config = objectOf(model['config'], 'has no configuration');
  const [first, ...layers] = listOf(config['layers'], 'has no layers').map((layer) =>
    objectOf(layer, 'has a layer without a description'),
  );
  if (first === undefined || layers.length === 0) unsound('has no layers');
  const input = inputOf(first);
  const weights = new Map<string, Shape>();
  const constants = new Set<string>();
  const shapes = new Map([[labelOf(first), input]]);
  const inputs = [labelOf(first)];
  let classes: number | undefined;
  let before = labelOf(first);
  let shape = input;
  for (const layer of layers) {
    const label = labelOf(layer);
    if (shapes.has(label)) unsound(`has two layers \`${label}\``);
    if (layer['class_name'] === 'InputLayer') {
      classes = classesOf(layer, inputs.length);
      inputs.push(label);
      shapes.set(label, [classes]);
      continue;
    }
    checkInbound(layer, before, shapes, inputs[1]);
    const inferred =
      layer['class_name'] === 'Concatenate' ? concatenated(layer, shape, classes) : infer(layer, shape);
    shapes.set(label, inferred.output);
    const isConstant = layer['class_name'] === 'BatchNormalization' && isFrozen(layer);
    for (const weight of inferred.weights) {
      weights.set(`${label}/${weight.name}`, weight.shape);
      if (isConstant && !weight.trainable) constants.add(`${label}/${weight.name}`);
    }
    shape = inferred.output;
    before = label;
  }
  checkEnds(config['input_layers'], inputs);
  checkEnds(config['output_layers'], [before]);
  return { input, output: shape, weights, constants, shapes, ...(classes === undefined ? {} : { classes }) };
}

function isFrozen({ config }: JsonObject): boolean {
  return isJsonObject(config) && config['trainable'] === false;
}

/** The input for labels: one vector, after the input for images. */
function classesOf(layer: JsonObject, inputs: number): number {
  const [classes, ...others] = inputOf(layer);
  return classes === undefined || others.length > 0 || inputs > 1
    ? unsound('has an input of an unknown shape')
    : classes;
}

/** A vector and the label. */
function concatenated(
  { name, config }: JsonObject,
  input: Shape,
  classes: number | undefined,
): { readonly output: Shape; readonly weights: readonly [] } {
  const settings = objectOf(config, 'has a layer without a configuration');
  if (settings['name'] !== name) unsound('has a layer with two names');
  if (settings['axis'] !== -1) unsound('has an unknown value of `Concatenate.axis`');
  if (classes === undefined || input.length !== 1) unsound('has layers that do not follow one another');
  return { output: [(input[0] ?? 0) + classes], weights: [] };
}

function infer(description: JsonObject, input: Shape): NonNullable<ReturnType<typeof inferLayer>> {
  const type = description['class_name'];
  const config = objectOf(description['config'], 'has a layer without a configuration');
  if (config['name'] !== description['name']) unsound('has a layer with two names');
  if (typeof type === 'string' && MERGES.has(type)) return { output: input, weights: [] };
  if (type === 'Rescaling') {
    argumentOf('number', config['scale'], input, 'Rescaling.scale');
    argumentOf('number', config['offset'], input, 'Rescaling.offset');
    return { output: input, weights: [] };
  }
  if (type === 'Permute') return { output: permuted(input, config['dims']), weights: [] };
  const name = (Object.keys(SHAPE_ARGUMENTS) as SavedName[]).find((known) => known === type);
  if (name === undefined) unsound('has a layer of an unknown kind');
  const args = Object.fromEntries(
    Object.entries(SHAPE_ARGUMENTS[name]).map(([argument, kind]) => [
      argument,
      argumentOf(kind, config[argument], input, `${name}.${argument}`),
    ]),
  );
  let problem: string | undefined;
  const inferred = inferLayer({ name, args } as Layer, {
    input,
    giver: 'the layer before outputs',
    report: ({ message }) => {
      problem ??= message;
    },
  });
  if (inferred === undefined || problem !== undefined) unsound(`does not fit together: ${problem ?? name}`);
  const { alpha = 1, axis = -1 } = args;
  if (name === 'ELU' && alpha !== 1) unsound('has an `ELU` that tfjs does not compute');
  if (name === 'Softmax' && axis !== -1 && axis !== input.length) {
    unsound('has a `Softmax` that tfjs does not compute');
  }
  return inferred;
}

function argumentOf(kind: ArgumentKind, value: Json | undefined, input: Shape, argument: string): Json {
  const wrong = `has an unknown value of \`${argument}\``;
  const count = (item: Json | undefined, least: number): number =>
    typeof item === 'number' && Number.isSafeInteger(item) && item >= least ? item : unsound(wrong);
  const pair = (item: Json | undefined, least: number): Json => {
    const list = listOf(item, wrong);
    return list.length === 2 ? list.map((each) => count(each, least)) : unsound(wrong);
  };
  switch (kind) {
    case 'count':
      return count(value, 1);
    case 'flag':
      return typeof value === 'boolean' ? value : unsound(wrong);
    case 'number':
      return typeof value === 'number' ? value : unsound(wrong);
    case 'padding':
      return value === 'same' || value === 'valid' ? value : unsound(wrong);
    case 'pair':
      return pair(value, 1);
    case 'border': {
      const sides = listOf(value, wrong);
      return sides.length === 2 ? sides.map((side) => pair(side, 0)) : unsound(wrong);
    }
    case 'shape':
      return listOf(value, wrong).map((item) => count(item, 1));
    case 'axes':
      return value === null ? null : listOf(value, wrong).map((item) => count(item, 1));
    case 'axis': {
      // tfjs turns the axis of LayerNormalization into a list with one entry when it builds the layer.
      const axis = Array.isArray(value) && value.length === 1 ? value[0] : value;
      return axis === -1 ? axis : count(axis, -input.length);
    }
  }
}

function inputOf(layer: JsonObject): Shape {
  if (layer['class_name'] !== 'InputLayer') unsound('does not begin with an input');
  const config = objectOf(layer['config'], 'has an input without a configuration');
  const [batch, ...shape] = listOf(config['batch_input_shape'], 'has an input without a shape');
  const lengths = shape.map((length) =>
    typeof length === 'number' && Number.isSafeInteger(length) && length > 0
      ? length
      : unsound('has an input of an unknown shape'),
  );
  if (batch !== null || lengths.length === 0 || sizeOf(lengths) > 2 ** 28) {
    unsound('has an input of an unknown shape');
  }
  return lengths;
}

/** The lengths of the axes in another order; `dims` counts from 1. */
function permuted(input: Shape, dims: Json | undefined): Shape {
  const wrong = 'has an unknown value of `Permute.dims`';
  const order = listOf(dims, wrong);
  const axes = input.map((_, index) => index + 1);
  if (order.length !== axes.length || axes.some((axis) => !order.includes(axis))) unsound(wrong);
  return order.map((axis) => input[Number(axis) - 1] ?? 0);
}

/**
 * Checks that a layer's input is the output of the layer before. A merging layer also takes an earlier output of that shape, and
 * `Concatenate` the label.
 */
function checkInbound(
  { class_name: type, inbound_nodes: nodes }: JsonObject,
  before: string,
  shapes: ReadonlyMap<string, Shape>,
  label: string | undefined,
): void {
  const wrong = 'has layers that do not follow one another';
  const own = [before, 0, 0, {}];
  if (type === 'Concatenate') {
    if (label !== undefined && sameJson(nodes, [[own, [label, 0, 0, {}]]])) return;
  } else if (typeof type === 'string' && MERGES.has(type)) {
    const [pair] = listOf(nodes, wrong);
    const [first] = listOf(pair, wrong);
    const [earlier] = listOf(first, wrong);
    const label = typeof earlier === 'string' ? earlier : unsound(wrong);
    const isOfShape = sameShape(shapes.get(label) ?? [], shapes.get(before) ?? []);
    if (isOfShape && sameJson(nodes, [[[label, 0, 0, {}], own]])) return;
  } else if (sameJson(nodes, [[own]])) {
    return;
  }
  unsound(wrong);
}

function sameJson(one: Json | undefined, other: Json): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function checkEnds(ends: Json | undefined, labels: readonly string[]): void {
  if (
    !sameJson(
      ends,
      labels.map((label) => [label, 0, 0]),
    )
  ) {
    unsound('has an input or an output that is not its first or last layer');
  }
}

function labelOf(layer: JsonObject): string {
  const label = layer['name'];
  return typeof label === 'string' && LABEL.test(label) ? label : unsound('has a layer without a valid name');
}

function objectOf(value: Json | undefined, otherwise: string): JsonObject {
  return isJsonObject(value) ? value : unsound(otherwise);
}

function listOf(value: Json | undefined, otherwise: string): readonly Json[] {
  return Array.isArray(value) ? value : unsound(otherwise);
}

function unsound(what: string): never {
  throw new UnsoundTopology(what);
}
