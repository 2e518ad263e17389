/** Keys that users of Keras, PyTorch and other tools write in a pipeline, and what they are here. */
import { isJsonObject, type Json, type JsonObject } from '../../core/json.ts';
import { fixArgument } from './arguments.ts';
import { adviseCallbacks } from './callbacks.ts';
import { fixChoice } from './calls.ts';
import type { KeyAdvice } from './edits.ts';

/** @param owner the map that the key is in */
type Rule = string | ((value: Json, owner: JsonObject) => KeyAdvice);

const needless =
  (why: string): Rule =>
  () => ({ entries: {}, why });

const told =
  (hint: string): Rule =>
  () => ({ hint });

const OPTIMIZERS = ['SGD', 'RMSprop', 'Adam', 'AdamW', 'Nadam', 'Adamax', 'Adagrad'];

/** The learning rate belongs to the optimizer. */
const rate: Rule = (value, owner) => {
  const read = typeof value === 'string' ? fixArgument('learning_rate', value) : value;
  if (typeof read !== 'number')
    return { hint: 'write it inside the optimizer: `optimizer: { Adam: { learning_rate: 0.001 } }`' };
  const given = owner['optimizer'] ?? 'adam';
  const fixed = fixChoice(given, OPTIMIZERS) ?? given;
  const [name, args] = isJsonObject(fixed)
    ? (Object.entries(fixed)[0] ?? ['Adam', {}])
    : [OPTIMIZERS.find((each) => each.toLowerCase() === String(fixed).toLowerCase()) ?? 'Adam', {}];
  return {
    entries: { optimizer: { [name]: { ...(isJsonObject(args) ? args : {}), learning_rate: read } } },
    why: 'the learning rate is an argument of the optimizer',
  };
};

/** Settings that Keras has in `compile` and `fit`. */
const TRAIN_KEYS = new Set(['optimizer', 'loss', 'metrics', 'epochs', 'batch_size', 'shuffle']);

/** A map of settings that belong one level higher. */
const unwrap: Rule = (value, owner) => {
  if (!isJsonObject(value)) return undefined;
  const entries: Record<string, Json> = {};
  for (const [key, inner] of Object.entries(value)) {
    if (TRAIN_KEYS.has(key)) entries[key] = inner;
    else {
      const advice = keyAdvice('train', key, inner, owner);
      if (advice === undefined || !('entries' in advice)) return undefined;
      Object.assign(entries, advice.entries);
    }
  }
  return Object.keys(entries).some((key) => key in owner)
    ? undefined
    : { entries, why: 'these are settings of the stage' };
};

/** One option of `early_stopping` beside it. */
const stopping =
  (key: string): Rule =>
  (value, owner) =>
    'early_stopping' in owner
      ? { hint: `write it inside \`early_stopping\`: \`early_stopping: { ${key}: ${String(value)} }\`` }
      : { entries: { early_stopping: { [key]: value } } };

const share: Rule = (value) => {
  const read = typeof value === 'string' ? fixArgument('rate', value) : value;
  return typeof read === 'number' && read > 0 && read < 1 ? { entries: { validation: read } } : undefined;
};

const KEPT = 'the best model is always kept, beside the last one';
const NO_MEANING = 'it has no meaning here';

const TRAIN: Readonly<Record<string, Rule>> = {
  learning_rate: rate,
  lr: rate,
  callbacks: adviseCallbacks,
  callback: adviseCallbacks,
  verbose: needless('`--quiet` and `--verbose` of the command decide what is shown'),
  initial_epoch: needless('a run resumes by itself'),
  steps_per_epoch: needless('an epoch goes through all images'),
  validation_steps: needless('validation goes through all images'),
  validation_freq: needless('validation follows every epoch'),
  validation_batch_size: needless('`batch_size` holds for validation, too'),
  workers: needless(NO_MEANING),
  use_multiprocessing: needless(NO_MEANING),
  max_queue_size: needless(NO_MEANING),
  class_weight: needless(NO_MEANING),
  sample_weight: needless(NO_MEANING),
  save_best_only: needless(KEPT),
  save_weights_only: needless(KEPT),
  save_best: needless(KEPT),
  model_checkpoint: needless(KEPT),
  ModelCheckpoint: needless(KEPT),
  checkpoint_path: needless(KEPT),
  save_path: needless('models are kept in the outputs of the stage'),
  device: needless('training runs on the CPU'),
  jit_compile: needless('`compile: auto` chooses'),
  run_eagerly: needless('`compile: auto` chooses'),
  validation_data: () => ({ entries: { validation: 'test' }, why: 'the test images of `data` and `target`' }),
  validation_split: share,
  val_data: () => ({ entries: { validation: 'test' }, why: 'the test images of `data` and `target`' }),
  val_split: share,
  valid_split: share,
  early_stop: 'early_stopping',
  EarlyStopping: 'early_stopping',
  ReduceLROnPlateau: 'reduce_lr_on_plateau',
  reduce_lr: 'reduce_lr_on_plateau',
  lr_scheduler: told(
    'write the schedule inside the optimizer, as its `learning_rate`, or use `reduce_lr_on_plateau: {}`',
  ),
  patience: stopping('patience'),
  min_delta: stopping('min_delta'),
  restore_best_weights: stopping('restore_best_weights'),
  monitor: stopping('monitor'),
  network: 'model',
  net: 'model',
  autoencoder: 'model',
  weight_decay: told('write it inside the optimizer: `optimizer: { AdamW: { weight_decay: 0.004 } }`'),
  batch: 'batch_size',
  batchsize: 'batch_size',
  bs: 'batch_size',
  minibatch_size: 'batch_size',
  nb_epoch: 'epochs',
  nb_epochs: 'epochs',
  n_epochs: 'epochs',
  num_epochs: 'epochs',
  max_epochs: 'epochs',
  epoch: 'epochs',
  iterations: 'epochs',
  criterion: 'loss',
  loss_fn: 'loss',
  loss_function: 'loss',
  objective: 'loss',
  solver: 'optimizer',
  opt: 'optimizer',
  optimiser: 'optimizer',
  metric: 'metrics',
  fit: unwrap,
  compile: unwrap,
  fit_args: unwrap,
  compile_args: unwrap,
  seed: told('write `seed` at the top of the pipeline: one seed decides all random numbers'),
  dropout: told('write a layer in the encoder: `- Dropout: { rate: 0.2 }`'),
};

const DATA: Readonly<Record<string, Rule>> = {
  x: 'data',
  X: 'data',
  x_train: 'data',
  X_train: 'data',
  inputs: 'data',
  input: 'data',
  images: 'data',
  dataset: 'data',
  train_data: 'data',
  y: 'target',
  Y: 'target',
  y_train: 'target',
  targets: 'target',
  output: 'target',
  labels: 'target',
};

const NEEDS: Readonly<Record<string, Rule>> = {
  depends_on: needless('a stage needs those that its settings name'),
  needs: needless('a stage needs those that its settings name'),
  deps: needless('a stage needs those that its settings name'),
  outs: needless('results are in the outputs of the stage'),
  cmd: told('a stage has a `type` in place of a command'),
  name: needless('the key of the stage is its name'),
};

const minmax: Rule = (value) =>
  value === false ? { entries: { normalize: 'none' } } : { entries: { normalize: 'minmax' } };

const SPLIT_STAGE = 'add a stage: `{ type: split, data: …, test: 0.2 }`';

const DATASET: Readonly<Record<string, Rule>> = {
  name: (value) => (typeof value === 'string' ? { entries: { source: value } } : undefined),
  dataset: 'source',
  kind: 'source',
  normalise: minmax,
  normalized: minmax,
  scale: minmax,
  rescale: minmax,
  flatten: needless('the encoder begins with `Flatten`'),
  shuffle: needless('`train` shuffles the images before every epoch'),
  batch_size: needless('`batch_size` belongs to the stage of type `train`'),
  download: needless('what is missing is downloaded'),
  root: needless('downloads have a folder of their own'),
  num_samples: 'limit',
  n_samples: 'limit',
  max_images: 'limit',
  max_samples: 'limit',
  size_limit: 'limit',
  count: 'limit',
  num_images: 'limit',
  x_train: 'train_images',
  y_train: 'train_labels',
  x_test: 'test_images',
  y_test: 'test_labels',
  images: 'train_images',
  labels: 'train_labels',
  file: 'path',
  filename: 'path',
  dir: 'path',
  directory: 'path',
  folder: 'path',
  data_dir: 'path',
  test_dir: 'test_path',
  test_folder: 'test_path',
  image_size: 'size',
  target_size: 'size',
  img_size: 'size',
  grayscale: (value) => ({ entries: { color: value === false ? 'rgb' : 'gray' } }),
  greyscale: (value) => ({ entries: { color: value === false ? 'rgb' : 'gray' } }),
  color_mode: (value) => ({ entries: { color: value === 'rgb' ? 'rgb' : 'gray' } }),
  colour: 'color',
  channels: (value) => ({ entries: { color: value === 3 ? 'rgb' : 'gray' } }),
  validation_split: told(SPLIT_STAGE),
  test_size: told(SPLIT_STAGE),
  train_test_split: told(SPLIT_STAGE),
  split: told(SPLIT_STAGE),
};

const NOISE: Readonly<Record<string, Rule>> = {
  noise_factor: 'stddev',
  std: 'stddev',
  factor: 'stddev',
  scale: 'stddev',
  strength: 'stddev',
  level: 'stddev',
  noise_level: 'stddev',
  std_dev: 'stddev',
  sigma: 'stddev',
  loc: 'mean',
  noise: 'kind',
  noise_type: 'kind',
  distribution: 'kind',
  probability: 'amount',
  prob: 'amount',
  p: 'amount',
  clip_min: told('write both limits: `clip: [0, 1]`'),
  clip_max: told('write both limits: `clip: [0, 1]`'),
  seed: told('the seed of the pipeline decides, with the name of the stage: write `seed` at the top'),
};

const LATENT = 'the latent size is `units` of the last layer of the encoder: `- Dense: { units: 16 }`';

const MODEL: Readonly<Record<string, Rule>> = {
  latent_dim: told(LATENT),
  latent_size: told(LATENT),
  bottleneck: told(LATENT),
  encoding_dim: told(LATENT),
  code_size: told(LATENT),
  layers: told('write two lists, `encoder` and `decoder`'),
  input: 'input_shape',
  Input: 'input_shape',
  shape: 'input_shape',
  input_size: 'input_shape',
  input_dim: 'input_shape',
  input_shapes: 'input_shape',
  data_format: needless('channels always come last'),
  output_shape: needless('it is that of the input'),
  optimizer: told('`optimizer` belongs to the stage of type `train`'),
  loss: told('`loss` belongs to the stage of type `train`'),
  epochs: told('`epochs` belongs to the stage of type `train`'),
  metrics: told('`metrics` belongs to the stage of type `train`'),
  compile: told('`optimizer` and `loss` belong to the stage of type `train`'),
  activation: told('each layer has its own: `- Dense: { units: 32, activation: relu }`'),
  dropout: told('write a layer in the encoder: `- Dropout: { rate: 0.2 }`'),
  summary: needless('the summary is always in the outputs'),
};

const EVALUATE: Readonly<Record<string, Rule>> = {
  metric: 'metrics',
  x_test: 'data',
  y_test: 'target',
  verbose: needless('`--quiet` and `--verbose` of the command decide what is shown'),
};

const shareOf =
  (turn: (share: number) => number): Rule =>
  (value) =>
    typeof value === 'number' && value > 0 && value < 1
      ? { entries: { test: Number(turn(value).toPrecision(12)) } }
      : { hint: 'write the share of the test images: `test: 0.2`' };

const SPLIT: Readonly<Record<string, Rule>> = {
  test_size: shareOf((value) => value),
  test_split: shareOf((value) => value),
  test_share: shareOf((value) => value),
  train: shareOf((value) => 1 - value),
  train_size: shareOf((value) => 1 - value),
  random_state: 'seed',
  random_seed: 'seed',
  shuffle: needless('images are always divided at random'),
};

const FIGURE: Readonly<Record<string, Rule>> = {
  n: 'samples',
  count: 'samples',
  num_images: 'samples',
  cols: 'columns',
  ncols: 'columns',
  nrows: 'rows',
  figsize: needless('the size follows from rows and columns'),
  cmap: needless('gray images are drawn in gray'),
  metrics: 'quantities',
  curves: 'quantities',
  name: 'title',
  y: 'target',
};

const DOCUMENT: Readonly<Record<string, Rule>> = {
  random_seed: 'seed',
  random_state: 'seed',
  rng: 'seed',
  parameters: 'params',
  variables: 'params',
  vars: 'params',
  hyperparameters: 'params',
  hparams: 'params',
  config: 'params',
  steps: 'stages',
  pipeline: 'stages',
  tasks: 'stages',
  jobs: 'stages',
  nodes: 'stages',
  title: 'name',
  experiment: 'name',
  include: 'extends',
  base: 'extends',
  inherit: 'extends',
  version: needless('pipelines have no version'),
  num_threads: 'threads',
  callbacks: told('`callbacks` belong to a stage of type `train`'),
};

const BY_TYPE: Readonly<Record<string, readonly Readonly<Record<string, Rule>>[]>> = {
  train: [TRAIN, DATA, NEEDS],
  dataset: [DATASET, NEEDS],
  noise: [NOISE, DATA, NEEDS],
  model: [MODEL, NEEDS],
  evaluate: [EVALUATE, DATA, NEEDS],
  predict: [EVALUATE, DATA, NEEDS],
  split: [SPLIT, DATA, NEEDS],
  figure: [FIGURE, DATA, NEEDS],
  document: [DOCUMENT],
};

const INSIDE: Readonly<Record<string, Readonly<Record<string, Rule>>>> = {
  early_stopping: {
    mode: needless('a loss is always minimised'),
    verbose: needless(NO_MEANING),
    delta: 'min_delta',
  },
  reduce_lr_on_plateau: {
    mode: needless('a loss is always minimised'),
    verbose: needless(NO_MEANING),
    epsilon: 'min_delta',
    min_learning_rate: 'min_lr',
  },
};

/** What a key that a map does not take was meant to be. @param place the type of the stage, `document`, or the key of the map */
export function keyAdvice(place: string, key: string, value: Json, owner: JsonObject): KeyAdvice {
  const tables = Object.hasOwn(BY_TYPE, place)
    ? (BY_TYPE[place] ?? [])
    : Object.hasOwn(INSIDE, place)
      ? [INSIDE[place] ?? {}]
      : [DATA, NEEDS];
  const plain = key.replace(/^[“”"'‘’]|[“”"'‘’]$/g, '');
  const table = tables.find((each) => Object.hasOwn(each, plain));
  const rule = table?.[plain];
  if (rule === undefined) return undefined;
  if (typeof rule === 'function') return rule(value, owner);
  return rule in owner && rule !== key ? undefined : { entries: { [rule]: valueFor(rule, value) } };
}

/** The value of a key that only has another name here. */
function valueFor(key: string, value: Json): Json {
  if (key === 'early_stopping' || key === 'reduce_lr_on_plateau') return value === true ? {} : value;
  if (key === 'optimizer') return fixChoice(value, OPTIMIZERS) ?? value;
  if (['loss', 'metrics', 'input_shape'].includes(key)) return fixArgument(key, value) ?? value;
  if (key === 'epochs' || key === 'batch_size' || key === 'limit' || key === 'stddev')
    return typeof value === 'string' ? (fixArgument('units', value) ?? value) : value;
  if (key === 'size' && typeof value === 'string') return fixArgument('kernel_size', value) ?? value;
  return value;
}
