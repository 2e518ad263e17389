/** Layers, optimizers and schedules as users of Keras and PyTorch call them, and their equivalents here. */
import { suggest } from '../../core/suggest.ts';
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { isList, objectAt, requiredOf, resolveReference } from '../../schema/view.ts';
import { readSchema } from '../../schema/schemas.ts';
import { absentReason } from './absent.ts';
import { fixActivation, fixArgument } from './arguments.ts';
import { readChoice } from './choice-text.ts';
import { readPython, valueOf, type Python } from './python.ts';

/** A layer, an optimizer or a schedule with a name and arguments. */
interface Meaning {
  /** The name here; absent for names that are not layers here, such as `Input`. */
  readonly name: string;
  /** Positional arguments, in order. */
  readonly positions: readonly string[];
  /** Arguments that the name implies. */
  readonly fixed?: JsonObject;
}

const CONVOLUTION = ['filters', 'kernel_size', 'strides', 'padding'];
const TORCH_CONVOLUTION = ['in_channels', 'filters', 'kernel_size', 'strides', 'padding'];
const POOLING = ['pool_size', 'strides', 'padding'];

const activation = (name: string): Meaning => ({
  name: 'Activation',
  positions: [],
  fixed: { activation: name },
});

/** By name, without case and separators. PyTorch's names with another order of arguments are listed separately. */
const MEANINGS: Readonly<Record<string, Meaning>> = {
  dense: { name: 'Dense', positions: ['units', 'activation'] },
  fc: { name: 'Dense', positions: ['units', 'activation'] },
  fullyconnected: { name: 'Dense', positions: ['units', 'activation'] },
  Linear: { name: 'Dense', positions: ['in_features', 'units'] },
  linear: { name: 'Dense', positions: ['units'] },
  activation: { name: 'Activation', positions: ['activation'] },
  relu: { name: 'ReLU', positions: ['max_value'] },
  leakyrelu: { name: 'LeakyReLU', positions: ['negative_slope'] },
  elu: { name: 'ELU', positions: ['alpha'] },
  prelu: { name: 'PReLU', positions: [] },
  softmax: { name: 'Softmax', positions: ['axis'] },
  sigmoid: activation('sigmoid'),
  tanh: activation('tanh'),
  gelu: activation('gelu'),
  selu: activation('selu'),
  silu: activation('silu'),
  swish: activation('silu'),
  softplus: activation('softplus'),
  huber: { name: 'Huber', positions: ['delta'] },
  huberloss: { name: 'Huber', positions: ['delta'] },
  randomnormal: { name: 'RandomNormal', positions: ['mean', 'stddev'] },
  truncatednormal: { name: 'TruncatedNormal', positions: ['mean', 'stddev'] },
  randomuniform: { name: 'RandomUniform', positions: ['minval', 'maxval'] },
  variancescaling: { name: 'VarianceScaling', positions: ['scale', 'mode', 'distribution'] },
  orthogonal: { name: 'Orthogonal', positions: ['gain'] },
  identity: { name: 'Identity', positions: ['gain'] },
  constant: { name: 'Constant', positions: ['value'] },
  dropout: { name: 'Dropout', positions: ['rate'] },
  gaussiannoise: { name: 'GaussianNoise', positions: ['stddev'] },
  flatten: { name: 'Flatten', positions: [] },
  reshape: { name: 'Reshape', positions: ['target_shape'] },
  conv2d: { name: 'Conv2D', positions: CONVOLUTION },
  conv: { name: 'Conv2D', positions: CONVOLUTION },
  convolution: { name: 'Conv2D', positions: CONVOLUTION },
  convolution2d: { name: 'Conv2D', positions: CONVOLUTION },
  Conv2d: { name: 'Conv2D', positions: TORCH_CONVOLUTION },
  conv2dtranspose: { name: 'Conv2DTranspose', positions: CONVOLUTION },
  convolution2dtranspose: { name: 'Conv2DTranspose', positions: CONVOLUTION },
  deconv2d: { name: 'Conv2DTranspose', positions: CONVOLUTION },
  deconv: { name: 'Conv2DTranspose', positions: CONVOLUTION },
  deconvolution2d: { name: 'Conv2DTranspose', positions: CONVOLUTION },
  convtranspose2d: { name: 'Conv2DTranspose', positions: CONVOLUTION },
  transposedconv2d: { name: 'Conv2DTranspose', positions: CONVOLUTION },
  ConvTranspose2d: { name: 'Conv2DTranspose', positions: TORCH_CONVOLUTION },
  maxpooling2d: { name: 'MaxPooling2D', positions: POOLING },
  maxpool2d: { name: 'MaxPooling2D', positions: POOLING },
  maxpooling: { name: 'MaxPooling2D', positions: POOLING },
  maxpool: { name: 'MaxPooling2D', positions: POOLING },
  averagepooling2d: { name: 'AveragePooling2D', positions: POOLING },
  averagepooling: { name: 'AveragePooling2D', positions: POOLING },
  avgpooling2d: { name: 'AveragePooling2D', positions: POOLING },
  avgpool2d: { name: 'AveragePooling2D', positions: POOLING },
  avgpool: { name: 'AveragePooling2D', positions: POOLING },
  upsampling2d: { name: 'UpSampling2D', positions: ['size'] },
  upsampling: { name: 'UpSampling2D', positions: ['size'] },
  upsample: { name: 'UpSampling2D', positions: ['size'] },
  batchnormalization: { name: 'BatchNormalization', positions: [] },
  batchnorm: { name: 'BatchNormalization', positions: [] },
  batchnorm1d: { name: 'BatchNormalization', positions: [] },
  batchnorm2d: { name: 'BatchNormalization', positions: [] },
  layernormalization: { name: 'LayerNormalization', positions: [] },
  layernorm: { name: 'LayerNormalization', positions: [] },
  groupnormalization: { name: 'GroupNormalization', positions: ['groups', 'axis', 'epsilon'] },
  groupnorm: { name: 'GroupNormalization', positions: ['groups'] },
  GroupNorm: { name: 'GroupNormalization', positions: ['groups', 'num_channels'] },
  instancenormalization: { name: 'GroupNormalization', positions: [], fixed: { groups: -1 } },
  instancenorm: { name: 'GroupNormalization', positions: [], fixed: { groups: -1 } },
  // PyTorch's has neither factors nor offsets, unless it is `affine`.
  instancenorm2d: {
    name: 'GroupNormalization',
    positions: ['num_features'],
    fixed: { groups: -1, center: false, scale: false },
  },
  zeropadding2d: { name: 'ZeroPadding2D', positions: ['padding'] },
  zeropad2d: { name: 'ZeroPadding2D', positions: ['padding'] },
  cropping2d: { name: 'Cropping2D', positions: ['cropping'] },
  globalmaxpooling2d: { name: 'GlobalMaxPooling2D', positions: [] },
  globalmaxpool2d: { name: 'GlobalMaxPooling2D', positions: [] },
  spatialdropout2d: { name: 'SpatialDropout2D', positions: ['rate'] },
  dropout2d: { name: 'SpatialDropout2D', positions: ['rate'] },
  globalaveragepooling2d: { name: 'GlobalAveragePooling2D', positions: [] },
  globalavgpool2d: { name: 'GlobalAveragePooling2D', positions: [] },
  sgd: { name: 'SGD', positions: ['learning_rate', 'momentum', 'nesterov'] },
  rmsprop: { name: 'RMSprop', positions: ['learning_rate', 'rho', 'momentum', 'epsilon'] },
  adam: { name: 'Adam', positions: ['learning_rate', 'beta_1', 'beta_2', 'epsilon'] },
  adamw: { name: 'AdamW', positions: ['learning_rate', 'weight_decay'] },
  nadam: { name: 'Nadam', positions: ['learning_rate', 'beta_1', 'beta_2', 'epsilon'] },
  adamax: { name: 'Adamax', positions: ['learning_rate', 'beta_1', 'beta_2', 'epsilon'] },
  adagrad: { name: 'Adagrad', positions: ['learning_rate'] },
  adadelta: { name: 'Adadelta', positions: ['learning_rate', 'rho', 'epsilon'] },
  exponentialdecay: {
    name: 'ExponentialDecay',
    positions: ['initial_learning_rate', 'decay_steps', 'decay_rate', 'staircase'],
  },
  cosinedecay: { name: 'CosineDecay', positions: ['initial_learning_rate', 'decay_steps', 'alpha'] },
  piecewiseconstantdecay: { name: 'PiecewiseConstantDecay', positions: ['boundaries', 'values'] },
  polynomialdecay: {
    name: 'PolynomialDecay',
    positions: ['initial_learning_rate', 'decay_steps', 'end_learning_rate', 'power'],
  },
  inversetimedecay: {
    name: 'InverseTimeDecay',
    positions: ['initial_learning_rate', 'decay_steps', 'decay_rate', 'staircase'],
  },
};

/** Names of arguments here, with their names in other tools. */
const RENAMED: Readonly<Record<string, string>> = {
  units:
    'units neurons nodes n_units num_units nb_units hidden_units hidden_size output_dim out_features size',
  filters: 'n_filters num_filters nb_filter nb_filters channels out_channels features',
  kernel_size: 'kernel ksize kernel_shape filter_size window',
  strides: 'stride step',
  pool_size: 'pool kernel_size window_size',
  size: 'scale_factor factor scale',
  rate: 'p prob probability drop_rate drop dropout dropout_rate',
  stddev: 'std sigma noise noise_factor',
  negative_slope: 'alpha slope leak',
  target_shape: 'shape target output_shape dims',
  activation: 'act activation_fn activation_function nonlinearity function fn',
  use_bias: 'bias',
  dilation_rate: 'dilation',
  epsilon: 'eps',
  kernel_regularizer: 'regularizer weight_regularizer',
  kernel_initializer: 'init initializer kernel_init weight_init',
  padding: 'pad border_mode',
  cropping: 'crop',
  learning_rate: 'lr rate alpha eta step_size',
  initial_learning_rate: 'learning_rate lr',
  beta_1: 'beta1',
  beta_2: 'beta2',
  weight_decay: 'wd',
  clipnorm: 'clip_norm max_norm',
  clipvalue: 'clip_value',
  global_clipnorm: 'max_grad_norm grad_clip gradient_clip clip_grad_norm',
  momentum: 'mom',
  minval: 'low',
  maxval: 'high',
  groups: 'num_groups',
  codes: 'num_embeddings n_embeddings num_codes n_codes codebook_size n_e',
  commitment: 'beta commitment_cost commitment_weight',
};

/** Arguments of other tools that are not needed here, and why. */
const NEEDLESS: Readonly<Record<string, string>> = {
  in_features: 'a layer takes the size of its input from the layer before',
  in_channels: 'a layer takes the size of its input from the layer before',
  num_channels: 'a layer takes the size of its input from the layer before',
  num_features: 'a layer takes the size of its input from the layer before',
  input_shape: 'the model has `input_shape`, not its layers',
  input_dim: 'the model has `input_shape`, not its layers',
  batch_input_shape: 'the model has `input_shape`, not its layers',
  data_format: 'channels always come last',
  inplace: 'it has no meaning here',
  trainable: '`freeze` of the stage of type `train` names the layers that are not trained',
  embedding_dim: 'codes have the size of the last axis before the layer',
  dtype: 'weights are float32',
  noise_shape: 'each value is dropped independently',
  seed: 'random numbers derive from the seed of the pipeline',
  decay:
    'for a decaying rate use a schedule, `learning_rate: { ExponentialDecay: … }`, and for decaying weights `weight_decay`',
};

const DEFINITIONS: Readonly<Record<string, string>> = Object.fromEntries(
  ['layers', 'training'].flatMap((file) =>
    Object.keys(objectAt(readSchema(file), 'definitions'))
      .filter((name) => name.endsWith('Arguments'))
      .map((name) => [name.slice(0, -'Arguments'.length), file]),
  ),
);

/** The schema of the arguments of a layer, an optimizer or a schedule. */
export function argumentsOf(name: string): JsonObject {
  const file = Object.hasOwn(DEFINITIONS, name) ? DEFINITIONS[name] : undefined;
  if (file === undefined) return {};
  return resolveReference({ $ref: `#/definitions/${name}Arguments` }, readSchema(file))[0];
}

export function meaningOf(name: string): Meaning | undefined {
  const last = name.split('.').at(-1) ?? name;
  const letters = last.toLowerCase().replace(/[-_\s]/g, '');
  const key = [last, letters].find((each) => Object.hasOwn(MEANINGS, each));
  return key === undefined ? undefined : MEANINGS[key];
}

/** The argument of a layer that a name from another tool means, or why it is not needed, or undefined. */
export function argumentMeant(
  layer: string,
  name: string,
): { readonly name: string } | { readonly why: string } | undefined {
  const properties = Object.keys(objectAt(argumentsOf(layer), 'properties'));
  if (properties.includes(name)) return { name };
  const letters = name
    .replace(/([a-z])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll('-', '_');
  if (properties.includes(letters)) return { name: letters };
  const renamed = properties.find(
    (each) => Object.hasOwn(RENAMED, each) && RENAMED[each]?.split(' ').includes(letters) === true,
  );
  if (renamed !== undefined) return { name: renamed };
  const why = Object.hasOwn(NEEDLESS, letters) ? NEEDLESS[letters] : undefined;
  return why === undefined ? undefined : { why };
}

/**
 * The layer or other choice that was meant: written as a call, as a name from another tool, as a list of arguments, or as a
 * map with `name` or `type`. Undefined if uncertain.
 *
 * @param names the valid choices
 */
export function fixChoice(value: Json, names: readonly string[]): Json | undefined {
  if (typeof value === 'string') return fixText(value, names);
  if (isList(value)) return fixList(value, names);
  if (!isJsonObject(value)) return undefined;
  const entries = Object.entries(value);
  const label = LABELS.find((key) => typeof value[key] === 'string');
  if (label !== undefined && !entries.some(([key]) => names.includes(key))) {
    const { [label]: name, ...rest } = value;
    const inner = ARGUMENTS.flatMap((key) => (isJsonObject(rest[key]) ? Object.entries(rest[key]) : []));
    const beside = Object.entries(rest).filter(
      ([key, each]) => !ARGUMENTS.includes(key) || !isJsonObject(each),
    );
    return typeof name === 'string'
      ? choiceOf(name, [], Object.fromEntries([...inner, ...beside]), names)
      : undefined;
  }
  const [first, ...others] = entries;
  if (first === undefined) return undefined;
  // YAML reads `Dense(units: 64)` as a map.
  if (others.length === 0 && /[({]/.test(first[0])) return fixText(`${first[0]}: ${String(first[1])}`, names);
  const [name, given] = entries.find(([key]) => names.includes(key)) ?? first;
  const beside = Object.fromEntries(entries.filter(([key]) => key !== name));
  if (
    others.length > 0 &&
    Object.keys(beside).some((key) => meaningOf(key) !== undefined && key !== 'activation')
  )
    return undefined;
  if (given === null || isJsonObject(given)) return choiceOf(name, [], { ...given, ...beside }, names);
  const meaning = meaningOf(name);
  const whole = meaning?.positions.length === 1 && isList(given);
  const positional = isList(given) && !whole ? given : [given];
  const found = choiceOf(name, positional, beside, names);
  // `Dense: 64 relu`
  return found ?? (typeof given === 'string' ? fixText(`${name}: ${given}`, names) : undefined);
}

/** Keys that name a choice in a map of its arguments. */
const LABELS = ['name', 'type', 'class_name', 'layer', 'optimizer', '_target_', 'target', 'kind'];
/** Keys for the arguments of a choice whose name is beside them. */
const ARGUMENTS = ['config', 'args', 'params', 'kwargs', 'init_args', 'arguments', 'options'];

function fixText(text: string, names: readonly string[]): Json | undefined {
  const python = readPython(text);
  const found = python === undefined ? undefined : fixCall(python, names);
  const loose = found === undefined ? readChoice(text) : undefined;
  return found ?? (loose === undefined ? undefined : fixCall(loose, names));
}

/** `[Dense, 64, relu]`, or a single choice in a list. */
function fixList([first, ...more]: readonly Json[], names: readonly string[]): Json | undefined {
  if (first === undefined) return undefined;
  if (more.length === 0)
    return typeof first === 'string' && names.includes(first) ? first : fixChoice(first, names);
  return typeof first === 'string' ? choiceOf(first, more, {}, names) : undefined;
}

/** The same for a call or a name. */
export function fixCall(python: Python, names: readonly string[]): Json | undefined {
  if (python.kind === 'name') return choiceOf(python.name, [], {}, names);
  if (python.kind !== 'call') return undefined;
  const positional = python.positional.map((each) => argumentOf(each));
  const keywords = [...python.keywords].map(([key, each]) => [key, argumentOf(each)] as const);
  if (positional.includes(undefined) || keywords.some(([, each]) => each === undefined)) return undefined;
  return choiceOf(
    python.name,
    positional.filter((each) => each !== undefined),
    Object.fromEntries(keywords.flatMap(([key, each]) => (each === undefined ? [] : [[key, each]]))),
    names,
  );
}

/** An argument may itself be a call: a schedule, a regularizer or an initializer. */
function argumentOf(python: Python): Json | undefined {
  if (python.kind !== 'call') return valueOf(python);
  if (/^(?:l1|l2|l1_?l2)$/i.test(python.name)) return fixArgument('kernel_regularizer', callText(python));
  const meaning = meaningOf(python.name);
  if (meaning === undefined) return fixArgument('kernel_initializer', callText(python));
  return fixCall(python, [meaning.name]);
}

/** A call as text again. */
function callText(python: Extract<Python, { kind: 'call' }>): string {
  const parts = [
    ...python.positional.map((each) => JSON.stringify(valueOf(each) ?? null)),
    ...[...python.keywords].map(([key, each]) => `${key}=${JSON.stringify(valueOf(each) ?? null)}`),
  ];
  return `${python.name}(${parts.join(', ')})`;
}

function choiceOf(
  written: string,
  positional: readonly Json[],
  given: JsonObject,
  names: readonly string[],
): Json | undefined {
  if (absentReason(names.includes('Dense') ? 'layer' : 'optimizer', written) !== undefined) return undefined;
  const meaning =
    meaningOf(written) ?? activationLayer(written, names) ?? meaningOf(suggest(written, names) ?? '');
  if (meaning === undefined || !names.includes(meaning.name)) return undefined;
  const { name, positions, fixed = {} } = meaning;
  if (positional.length > Math.max(positions.length, name.endsWith('Normalization') ? 1 : 0))
    return undefined;
  const wanted: Record<string, Json> = { ...fixed };
  const all: readonly (readonly [string, Json])[] = [
    ...positional.flatMap((value, index) => {
      const key = positions[index];
      return key === undefined ? [] : [[key, value] as const];
    }),
    ...Object.entries(given),
  ];
  for (const [key, value] of all) {
    const { betas } = key === 'betas' ? { betas: value } : {};
    if (isList(betas)) {
      [wanted['beta_1'], wanted['beta_2']] = [betas[0] ?? 0.9, betas[1] ?? 0.999];
      continue;
    }
    if (key === 'affine' && typeof value === 'boolean' && name.endsWith('Normalization')) {
      for (const each of ['center', 'scale'])
        if (value) delete wanted[each];
        else wanted[each] = false;
      continue;
    }
    const meant = argumentMeant(name, key);
    if (meant === undefined) return undefined;
    if (!('name' in meant)) continue;
    const fix = fixArgument(meant.name, value);
    if (fix === undefined) return undefined;
    // No activation: nothing to write.
    if (!(meant.name === 'activation' && fix === 'linear' && name !== 'Activation')) wanted[meant.name] = fix;
  }
  const schema = argumentsOf(name);
  if ([...requiredOf(schema)].some((key) => !(key in wanted))) return undefined;
  return Object.keys(wanted).length === 0 ? bareName(name) : { [name]: wanted };
}

/** A function that is named like a layer. */
function activationLayer(written: string, names: readonly string[]): Meaning | undefined {
  const name = names.includes('Activation') ? fixActivation(written) : undefined;
  return name === undefined || name === 'linear' ? undefined : activation(name);
}

/** A bare optimizer name is in lower case. */
function bareName(name: string): string {
  return namesBeside('Adam').includes(name) ? name.toLowerCase() : name;
}

/** The schema of the choices that include this name. */
export function choiceSchema(name: string): JsonObject {
  const specs: readonly (readonly [file: string, name: string])[] = [
    ['layers', 'LayerSpec'],
    ['layers', 'InitializerSpec'],
    ['training', 'OptimizerSpec'],
    ['training', 'LossSpec'],
    ['training', 'LearningRateSchedule'],
  ];
  const all = specs.map(([file, each]) => objectAt(objectAt(readSchema(file), 'definitions'), each));
  return all.find((each) => Object.hasOwn(objectAt(each, 'properties'), name)) ?? {};
}

/** All names that can replace a name: layers for `Dense`, optimizers for `Adam`. */
export function namesBeside(name: string): readonly string[] {
  return Object.keys(objectAt(choiceSchema(name), 'properties'));
}
